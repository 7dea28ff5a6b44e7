"""The parts of cascade.py in viper; decay_viper.py has notes on viper."""

import micropython
from micropython import const

from rivulet.integers.cascade import beside, stepper
from rivulet.integers.decay_viper import apply, average

# The headers of layout.py and cascade.py, in words; a test compares them.
_HIDDEN = const(0)
_INPUTS = const(1)
_OUTPUTS = const(2)
_X_AT = const(9)
_ALPHA_AT = const(11)
_V_AT = const(12)
_Y_AT = const(14)
_DECAY_TABLE_AT = const(24)
_MANTISSA = const(29)
_RIGHT = const(30)
_LEFT = const(31)
_READ_AT = const(34)
_HELD_AT = const(35)
# Of arithmetic.py; the same test compares it.
_US_SCALE = const(17180)


@micropython.viper
def changed(header: ptr32) -> int:
    words = int(header)
    u = ptr32(words + header[_V_AT] + 4 * header[_HIDDEN])
    held = ptr32(words + header[_HELD_AT])
    found = 0
    i = 0
    while i < header[_INPUTS]:
        if held[i] != u[i]:
            held[i] = u[i]
            found = 1
        i += 1
    return found


@micropython.viper
def sums(v: ptr32, w: ptr8, a: int):
    words = int(v)
    record = ptr32(words + a)
    rows = record[0]
    columns = record[1]
    block = int(w) + record[2]
    bias = ptr32(words + record[3])
    vector = words + record[5]
    out = ptr32(words + record[6])
    end = vector + 4 * columns
    fours = vector + ((end - vector) & -16)
    a = 0
    v = ptr32(vector)
    while int(v) < end:
        a -= v[0]
        v = ptr32(int(v) + 4)
    correction = a << 7
    row = 0
    while row < rows:
        if row & 7 == 0 and row:
            block += columns << 3
        w = ptr8(block + (row & 7))
        v = ptr32(vector)
        a = bias[row] + correction
        while int(v) < fours:
            a += w[0] * v[0] + w[8] * v[1] + w[16] * v[2] + w[24] * v[3]
            w = ptr8(int(w) + 32)
            v = ptr32(int(v) + 16)
        if int(v) < end:
            a += w[0] * v[0] + w[8] * v[1]
        out[row] = a
        row += 1


@micropython.viper
def look_up(header: ptr32, sums: int, multipliers: int, count: int, table: int, out: int):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    table += words
    z = ptr32(words + sums)
    factor = ptr32(words + multipliers)
    values = ptr32(words + out)
    i = 0
    while i < count:
        a = (z[i] << wide) >> wide
        m = factor[i] & 0xFFFF
        a = ((a >> 16) * m + (((a & 0xFFFF) * m) >> 16)) >> (factor[i] >> 16)
        if a < -16384:
            a = -16384
        elif a > 16383:
            a = 16383
        t = ptr32(table + ((a >> 6) + 256) * 4)
        m = (t[0] << wide) >> wide
        values[i] = m + (((((t[1] << wide) >> wide) - m) * (a & 63)) >> 6)
        i += 1


@micropython.viper
def span(header: ptr32, dt_us: int):
    left = 2
    if dt_us < 0:
        dt_us = -dt_us
        left = 12
    while dt_us < 0x8000:
        dt_us <<= 1
        left -= 1
    while dt_us > 0xFFFF:
        dt_us >>= 1
        left += 1
    header[_MANTISSA] = (dt_us * _US_SCALE) >> 15
    # Not -left: viper would negate a variable that is in a register in its place.
    header[_RIGHT] = 0 if left > 0 else 0 - left
    header[_LEFT] = left if left > 0 else 0


@micropython.viper
def move(header: ptr32, skip: int, count: int, rates: int, targets: int):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    mantissa = header[_MANTISSA]
    right = header[_RIGHT]
    left = header[_LEFT]
    limit = (12 << 26) >> left
    x = ptr32(words + header[_X_AT] + skip)
    short = ptr32(words + header[_V_AT] + skip)
    alpha = ptr32(words + header[_ALPHA_AT] + skip)
    rate = ptr32(words + rates)
    target = ptr32(words + targets)
    decay = ptr32(words + header[_DECAY_TABLE_AT])
    i = 0
    while i < count:
        a = rate[i]
        alpha[i] = a
        s = ((a >> 15) * mantissa + (((a & 0x7FFF) * mantissa) >> 15)) >> right
        s = 12 << 26 if s > limit else s << left
        k = (s + (1 << 21)) >> 22
        s -= k << 22
        a = s >> 6
        s -= (a * a) >> 15
        if k:
            a = decay[k]
            s = ((65536 - a) << 14) + ((a * (s >> 6)) >> 6)
        else:
            s <<= 4
        a = (x[i] << wide) >> wide
        q = ((target[i] << wide) >> wide) - (a >> 15)
        a += q * (s >> 15) + ((q * (s & 0x7FFF)) >> 15)
        x[i] = a
        short[i] = (a + (1 << 17)) >> 18
        i += 1


@micropython.viper
def scale(header: ptr32):
    """Turn the readout's sums into outputs."""
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    record = ptr32(words + header[_READ_AT])
    factor = ptr32(words + record[4])
    z = ptr32(words + record[6])
    y = ptr32(words + header[_Y_AT])
    i = 0
    while i < header[_OUTPUTS]:
        a = (z[i] << wide) >> wide
        m = factor[i] & 0xFFFF
        y[i] = ((a >> 16) * m + (((a & 0xFFFF) * m) >> 16)) >> (factor[i] >> 16)
        i += 1


def with_sums(sums):
    """Return the step whose products are computed by `sums`."""

    def read_out(words, weights):
        beside(words)
        sums(words, weights, words[_READ_AT])
        scale(words)

    return stepper(apply, changed, sums, look_up, span, move, average, read_out)


step = with_sums(sums)
