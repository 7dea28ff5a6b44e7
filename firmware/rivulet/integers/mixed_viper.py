"""The mixed memory of mixed.py in viper; decay_viper.py has notes on viper."""

import micropython
from micropython import const

# The headers of layout.py, cfc.py and mixed.py, in words; a test compares them.
_X_AT = const(9)
_ALPHA_AT = const(11)
_V_AT = const(12)
_FIRST = const(46)
_COUNT = const(47)
_Z_AT = const(54)
_TANH_AT = const(55)
_SIGMOID_AT = const(56)
_FORGET_TABLE_AT = const(57)
_SCALE_SHIFT = const(58)
_FIT = const(59)
_RATE_BITS = const(60)
_UNITS = const(61)


@micropython.viper
def remember(header: ptr32, dt_us: int):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    one = 1 << 29
    one += one
    n = header[_UNITS]
    k = header[_SCALE_SHIFT]
    shift = header[_RATE_BITS] - 20
    if dt_us < 0:
        dt_us = -dt_us
        shift -= 10
    while dt_us < 0x8000:
        dt_us <<= 1
        shift += 1
    while dt_us > 0xFFFF:
        dt_us >>= 1
        shift -= 1
    if shift < -31:
        shift = -31
    per_dt = one // dt_us
    x = ptr32(words + header[_X_AT])
    v = ptr32(words + header[_V_AT])
    alpha = ptr32(words + header[_ALPHA_AT])
    z = ptr32(words + header[_Z_AT])
    tanh = words + header[_TANH_AT] + 1024
    sigmoid = words + header[_SIGMOID_AT] + 1024
    forget = words + header[_FORGET_TABLE_AT] + 1024
    r = 0
    while r < n:
        # How much of the memory stays, and the logarithm of that.
        a = (z[2 * n + r] << wide) >> wide
        if a < -16384:
            a = -16384
        elif a > 16383:
            a = 16383
        t = ptr32(sigmoid + ((a >> 6) << 2))
        s = t[0] + (((t[1] - t[0]) * (a & 63)) >> 6)
        t = ptr32(forget + ((a >> 6) << 2))
        rate = t[0] + (((t[1] - t[0]) * (a & 63)) >> 6)
        rate = ((rate * per_dt) >> 15) * 15625
        if shift < 0:
            rate >>= 0 - shift
        elif rate > (one - 1) >> shift:
            rate = one - 1
        else:
            rate <<= shift
        alpha[n + r] = rate if rate else 1
        c = (x[n + r] << wide) >> wide
        c = (c >> 15) * s + (((c & 0x7FFF) * s) >> 15)
        # What enters it.
        a = (z[n + r] << wide) >> wide
        if a < -16384:
            a = -16384
        elif a > 16383:
            a = 16383
        t = ptr32(sigmoid + ((a >> 6) << 2))
        s = t[0] + (((t[1] - t[0]) * (a & 63)) >> 6)
        c += (((z[r] << wide) >> wide) * s) >> k
        if c >= one:
            c = one - 1
        elif c <= 0 - one:
            c = 1 - one
        x[n + r] = c
        v[n + r] = (c + (1 << 17)) >> 18
        # What leaves it.
        c = (c + (1 << (18 - k))) >> (19 - k)
        if c < -16384:
            c = -16384
        elif c > 16383:
            c = 16383
        t = ptr32(tanh + ((c >> 6) << 2))
        a = (t[0] << wide) >> wide
        c = a + (((((t[1] << wide) >> wide) - a) * (c & 63)) >> 6)
        a = (z[3 * n + r] << wide) >> wide
        if a < -16384:
            a = -16384
        elif a > 16383:
            a = 16383
        t = ptr32(sigmoid + ((a >> 6) << 2))
        s = t[0] + (((t[1] - t[0]) * (a & 63)) >> 6)
        c = (c * s) >> k
        x[r] = c
        v[r] = (c + (1 << 17)) >> 18
        r += 1


@micropython.viper
def fit(header: ptr32):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    first = words + header[_FIRST]
    x = ptr32(first + header[_X_AT])
    v = ptr32(first + header[_V_AT])
    n = header[_COUNT]
    right = header[_FIT]
    i = 0
    while i < n:
        a = ((x[i] << wide) >> wide) >> right
        x[i] = a
        v[i] = (a + (1 << 17)) >> 18
        i += 1
