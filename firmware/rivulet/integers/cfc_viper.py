"""The CfC cell of cfc.py in viper; decay_viper.py has notes on viper."""

import micropython
from micropython import const

# The headers of layout.py, layers.py and cfc.py, in words; a test compares them.
_FLAGS = const(3)
_X_AT = const(9)
_ALPHA_AT = const(11)
_V_AT = const(12)
_DECAY_TABLE_AT = const(24)
_MANTISSA = const(29)
_RIGHT = const(30)
_LEFT = const(31)
_RATE_SHIFT = const(34)
_HEADS_AT = const(35)
_SIGMOID_TABLE_AT = const(36)
_GATE_SHIFT = const(37)
_LEAK_AT = const(38)
_REST_AT = const(39)
_FACTOR_AT = const(40)
_F_SHIFT = const(41)
_P_SHIFT = const(42)
_F_LIMIT = const(43)
_FIRST = const(46)
_COUNT = const(47)
# Of arithmetic.py; the same test compares it.
_US_SCALE = const(17180)


@micropython.viper
def move(header: ptr32, dt_us: int):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    one = 1 << 29
    one += one
    n = header[_COUNT]
    first = words + header[_FIRST]
    flags = header[_FLAGS]
    # The interval as mantissa, right and left shift.
    left = ((header[_RATE_SHIFT] << wide) >> wide) + 2
    if dt_us < 0:
        dt_us = -dt_us
        left += 10
    while dt_us < 0x8000:
        dt_us <<= 1
        left -= 1
    while dt_us > 0xFFFF:
        dt_us >>= 1
        left += 1
    coarse = left - 6
    # Some processors shift by at most 31, and here 31 has the same effect as any larger shift.
    if left > 31:
        left = 31
    mantissa = (dt_us * _US_SCALE) >> 15
    header[_MANTISSA] = mantissa
    header[_RIGHT] = 0 if left > 0 else -left
    header[_LEFT] = left if left > 0 else 0
    if not flags & 8:
        left = coarse
    right = 0
    if left < 0:
        right = -left
        left = 0
    limit = (12 << 26) >> left
    x = ptr32(first + header[_X_AT])
    v = ptr32(first + header[_V_AT])
    alpha = ptr32(first + header[_ALPHA_AT])
    z = ptr32(words + header[_HEADS_AT])
    i = 0
    if flags & 8:
        leak = ptr32(first + header[_LEAK_AT])
        rest = ptr32(first + header[_REST_AT])
        factor = ptr32(first + header[_FACTOR_AT])
        decay = ptr32(words + header[_DECAY_TABLE_AT])
        half = (1 << header[_F_SHIFT]) >> 1
        while i < n:
            f = (z[i] << wide) >> wide
            a = leak[i] + (f if f > 0 else -f)
            if a < 1:
                a = 1
            elif a >= one:
                a = one - 1
            alpha[i] = a
            s = ((a >> 15) * mantissa + (((a & 0x7FFF) * mantissa) >> 15)) >> right
            s = 12 << 26 if s > limit else s << left
            a = (s + (1 << 21)) >> 22
            s -= a << 22
            e = s >> 6
            s -= (e * e) >> 15
            if a:
                a = decay[a]
                e = one - (((65536 - a) << 14) + ((a * (s >> 6)) >> 6))
            else:
                e = one - (s << 4)
            f = (f + half) >> header[_F_SHIFT]
            if f > header[_F_LIMIT]:
                f = header[_F_LIMIT]
            elif f < 0 - header[_F_LIMIT]:
                f = 0 - header[_F_LIMIT]
            p = (f * ((factor[i] << wide) >> wide)) >> header[_P_SHIFT]
            a = ((rest[i] << wide) >> wide) - (p >> 15) * (e >> 15)
            a -= (((p & 0x7FFF) * (e >> 15)) >> 15) + (((p >> 15) * (e & 0x7FFF)) >> 15)
            if a >= one:
                a = one - 1
            elif a <= 0 - one:
                a = 1 - one
            x[i] = a
            v[i] = (a + (1 << 17)) >> 18
            i += 1
        return
    sigmoid = words + header[_SIGMOID_TABLE_AT]
    shift = header[_GATE_SHIFT]
    while i < n:
        f = (z[2 * n + i] << wide) >> wide
        a = f if f > 0 else -f
        if a >= one:
            a = one - 1
        alpha[i] = a if a else 1
        s = ((a >> 15) * mantissa + (((a & 0x7FFF) * mantissa) >> 15)) >> right
        s = 12 << 26 if s > limit else s << left
        a = ((z[3 * n + i] << wide) >> wide) << shift
        a += s if f > 0 else -s
        a = (a + 512) >> 10
        if a < -16384:
            a = -16384
        elif a > 16383:
            a = 16383
        t = ptr32(sigmoid + ((a >> 6) + 256) * 4)
        s = t[0] + (((t[1] - t[0]) * (a & 63)) >> 6)
        f = (z[i] << wide) >> wide
        a = (z[n + i] << wide) >> wide
        a = (f << 14) + ((a * s) >> 1) if flags & 16 else (f << 15) + (a - f) * s
        x[i] = a
        v[i] = (a + (1 << 17)) >> 18
        i += 1
