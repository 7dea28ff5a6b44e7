"""The step of decay.py in viper, for every chip whose MicroPython compiles to machine code.

Viper keeps a function's first three variables in registers, so the arguments are the variables of
the innermost loop. Its integers are as wide as the machine's words. On 64 bits a load through
ptr32 need not extend the sign; (x << wide) >> wide does it.
"""

import micropython
from micropython import const

# The header of layout.py, in words; a test compares them.
_HIDDEN = const(0)
_OUTPUTS = const(2)
_FLAGS = const(3)
_COLUMNS = const(4)
_FEATURES = const(6)
_CONFIDENCE_AT = const(8)
_X_AT = const(9)
_MEAN_AT = const(10)
_ALPHA_AT = const(11)
_V_AT = const(12)
_FEATURE_AT = const(13)
_Y_AT = const(14)
_ACC_AT = const(15)
_GAIN_AT = const(16)
_BIAS_AT = const(17)
_MULTIPLIER_AT = const(18)
_OUT_BIAS_AT = const(19)
_OUT_MULTIPLIER_AT = const(20)
_ALPHA_TABLE_AT = const(21)
_DRIVE_TABLE_AT = const(22)
_RECIPROCAL_TABLE_AT = const(23)
_DECAY_TABLE_AT = const(24)
_OUT_WEIGHTS_AT = const(25)
_SPARSE_AT = const(26)
_MANTISSA = const(29)
_RIGHT = const(30)
_LEFT = const(31)
# Of arithmetic.py; the same test compares it.
_US_SCALE = const(17180)


@micropython.viper
def apply(v: ptr32, input_map: ptr32):
    words = int(v)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    count = input_map[0]
    raw = ptr32(int(input_map) + 4)
    at = ptr32(int(input_map) + 4 + 4 * count)
    i = 0
    while i < count:
        value = (raw[i] << wide) >> wide
        value = (value * at[1] + at[2]) << wide >> wide >> at[3]
        if value > 32767:
            value = 32767
        elif value < -32767:
            value = -32767
        ptr32(words + at[0])[0] = value
        at = ptr32(int(at) + 16)
        i += 1


# Computes z of both gates into ACC_AT (a: 1), or the outputs (a: 0). For each eight rows of sparse
# gates, the v of the kept columns are first copied into the scratch at GAIN_AT.
@micropython.viper
def product(v: ptr32, w: ptr8, a: int, header: ptr32):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    weights = int(w)
    sparse = 0
    if a:
        vector = words + header[_V_AT]
        rows = 2 * header[_HIDDEN]
        columns = header[_COLUMNS]
        bias = ptr32(words + header[_BIAS_AT])
        multiplier = ptr32(words + header[_MULTIPLIER_AT])
        out = ptr32(words + header[_ACC_AT])
        if header[_SPARSE_AT]:
            sparse = words + header[_SPARSE_AT]
            vector = words + header[_GAIN_AT]
            columns = 0
    else:
        vector = words + header[_FEATURE_AT if header[_FLAGS] & 1 else _V_AT]
        rows = header[_OUTPUTS]
        columns = header[_FEATURES]
        weights += header[_OUT_WEIGHTS_AT]
        bias = ptr32(words + header[_OUT_BIAS_AT])
        multiplier = ptr32(words + header[_OUT_MULTIPLIER_AT])
        out = ptr32(words + header[_Y_AT])
    end = vector + 4 * columns
    row = 0
    while row < rows:
        if row & 7 == 0:
            if row:
                weights += columns << 3
            if sparse:
                end = vector
                a = 0
                while a & 1 == 0:
                    a = ptr32(sparse)[0]
                    sparse += 4
                    ptr32(end)[0] = ptr32(words + (a >> 1))[0]
                    end += 4
                columns = (end - vector) >> 2
                if columns & 1:
                    # The next block's weights are multiplied by this zero.
                    ptr32(end)[0] = 0
                    end += 4
            if sparse or row == 0:
                fours = vector + ((end - vector) & -16)
                a = 0
                v = ptr32(vector)
                while int(v) < end:
                    a -= v[0]
                    v = ptr32(int(v) + 4)
                correction = a << 7
        w = ptr8(weights + (row & 7))
        v = ptr32(vector)
        a = bias[row] + correction
        while int(v) < fours:
            a += w[0] * v[0] + w[8] * v[1] + w[16] * v[2] + w[24] * v[3]
            w = ptr8(int(w) + 32)
            v = ptr32(int(v) + 16)
        if int(v) < end:
            a += w[0] * v[0] + w[8] * v[1]
        a = (a << wide) >> wide
        m = multiplier[row] & 0xFFFF
        out[row] = ((a >> 16) * m + (((a & 0xFFFF) * m) >> 16)) >> (multiplier[row] >> 16)
        row += 1


@micropython.viper
def advance(header: ptr32, dt_us: int):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    n = header[_HIDDEN]
    flags = header[_FLAGS]
    # The interval as mantissa, right and left shift.
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
    mantissa = (dt_us * _US_SCALE) >> 15
    right = 0
    if left < 0:
        right = -left
        left = 0
    header[_MANTISSA] = mantissa
    header[_RIGHT] = right
    header[_LEFT] = left
    limit = (12 << 26) >> left
    z = ptr32(words + header[_ACC_AT])
    alpha = ptr32(words + header[_ALPHA_AT])
    gains = ptr32(words + header[_GAIN_AT])
    decay = ptr32(words + header[_DECAY_TABLE_AT])
    r = 0
    while r < n:
        a = (z[r] << wide) >> wide
        if a < -16384:
            a = -16384
        elif a > 16383:
            a = 16383
        z[r] = a
        t = ptr32(words + header[_ALPHA_TABLE_AT] + ((a >> 6) + 256) * 4)
        a = t[0] + (((t[1] - t[0]) * (a & 63)) >> 6)
        alpha[r] = a
        s = ((a >> 15) * mantissa + (((a & 0x7FFF) * mantissa) >> 15)) >> right
        s = 12 << 26 if s > limit else s << left
        i = (s + (1 << 21)) >> 22
        s -= i << 22
        a = s >> 6
        s -= (a * a) >> 15
        if i:
            a = decay[i]
            gains[r] = ((65536 - a) << 14) + ((a * (s >> 6)) >> 6)
        else:
            gains[r] = s << 4
        r += 1
    x = ptr32(words + header[_X_AT])
    short = ptr32(words + header[_V_AT])
    r = 0
    while r < n:
        a = (z[n + r] << wide) >> wide
        if a < -16384:
            a = -16384
        elif a > 16383:
            a = 16383
        t = ptr32(words + header[_DRIVE_TABLE_AT] + ((a >> 6) + 256) * 4)
        s = (t[0] << wide) >> wide
        q = s + (((((t[1] << wide) >> wide) - s) * (a & 63)) >> 6)
        if flags & 2:
            a = (z[r] << wide) >> wide
            t = ptr32(words + header[_RECIPROCAL_TABLE_AT] + ((a >> 6) + 256) * 4)
            q = (q * (t[0] + (((t[1] - t[0]) * (a & 63)) >> 6))) >> 15
        a = (x[r] << wide) >> wide
        q -= a >> 15
        s = gains[r]
        a += q * (s >> 15) + ((q * (s & 0x7FFF)) >> 15)
        x[r] = a
        short[r] = (a + (1 << 17)) >> 18
        r += 1


# Takes the new state into its mean, over the interval in the header.
@micropython.viper
def average(header: ptr32):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    n = header[_HIDDEN]
    mantissa = header[_MANTISSA]
    left = header[_LEFT]
    a = ptr32(words + header[_ALPHA_AT])[n]
    s = ((a >> 15) * mantissa + (((a & 0x7FFF) * mantissa) >> 15)) >> header[_RIGHT]
    s = 12 << 26 if s > (12 << 26) >> left else s << left
    i = (s + (1 << 21)) >> 22
    s -= i << 22
    a = s >> 6
    s -= (a * a) >> 15
    w = s << 4
    if i:
        a = ptr32(words + header[_DECAY_TABLE_AT])[i]
        w = ((65536 - a) << 14) + ((a * (s >> 6)) >> 6)
    c = ptr32(words + header[_CONFIDENCE_AT])
    one = 1 << 29
    one += one
    if w and c[0] != one:
        a = c[0]
        i = one - a
        a += (i >> 15) * (w >> 15)
        a += ((i & 0x7FFF) * (w >> 15)) >> 15
        a += ((i >> 15) * (w & 0x7FFF)) >> 15
        if a > one - 1024:
            a = one
        c[0] = a
        if w >= a:
            w = one
        else:
            s = 1
            i = 0
            while i < 30:
                w <<= 1
                s <<= 1
                if w >= a:
                    w -= a
                    s += 1
                i += 1
            w = s - one
    x = ptr32(words + header[_X_AT])
    mean = ptr32(words + header[_MEAN_AT])
    feature = ptr32(words + header[_FEATURE_AT])
    r = 0
    while r < n:
        a = (mean[r] << wide) >> wide
        q = (((x[r] << wide) >> wide) >> 15) - (a >> 15)
        a += q * (w >> 15) + ((q * (w & 0x7FFF)) >> 15)
        mean[r] = a
        feature[r] = (a + (1 << 17)) >> 18
        r += 1


def step(words, weights, dt_us, input_map):
    """Process one event; see decay.step."""
    first = words[_FLAGS] & 4
    if first:
        apply(words, input_map)
    if dt_us:
        product(words, weights, 1, words)
        advance(words, dt_us)
        if words[_FLAGS] & 1:
            average(words)
        product(words, weights, 0, words)
    if not first:
        apply(words, input_map)
