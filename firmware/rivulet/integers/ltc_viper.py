"""The LTC cell of ltc.py in viper; decay_viper.py has notes on viper."""

import micropython
from micropython import const

from rivulet.integers import ltc

# The headers of layout.py, layers.py and ltc.py, in words; a test compares them.
_X_AT = const(9)
_ALPHA_AT = const(11)
_V_AT = const(12)
_ACC_AT = const(15)
_MANTISSA = const(29)
_RIGHT = const(30)
_LEFT = const(31)
_RATE_SHIFT = const(34)
_SIGMOID_TABLE_AT = const(39)
_RATE_MULTIPLIER_AT = const(40)
_SCALE = const(42)
_NEURONS = const(45)


@micropython.viper
def begin(header: ptr32, dt_us: int):
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
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
    # Some processors shift by at most 31, and here 31 has the same effect as any larger shift.
    if left > 31:
        left = 31
    header[_MANTISSA] = (dt_us * header[_SCALE]) >> 15
    header[_RIGHT] = 0 if left > 0 else -left
    header[_LEFT] = left if left > 0 else 0


@micropython.viper
def sums(synapse: ptr32, conductance: int):
    words = int(synapse)
    header = synapse
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    current = 0
    record = ptr32(words + conductance)
    synapse = ptr32(words + record[0])
    count = ptr32(words + record[1])
    base = ptr32(words + record[2])
    out = ptr32(words + record[3])
    shift = record[4]
    middle = words + header[_SIGMOID_TABLE_AT] + 1024
    n = header[_NEURONS]
    i = 0
    while i < n:
        conductance = base[i]
        current = base[n + i]
        end = int(synapse) + 12 * count[i]
        while int(synapse) < end:
            a = (synapse[0] << wide) >> wide
            z = ptr32(words + (a & 0xFFFF))[0] * (a >> 16) + synapse[1]
            z = ((z << wide) >> wide) >> shift
            if z < -16384:
                z = -16384
            elif z > 16383:
                z = 16383
            t = ptr32(middle + ((z >> 6) << 2))
            z = t[0] + (((t[1] - t[0]) * (z & 63)) >> 6)
            a = (synapse[2] << wide) >> wide
            conductance += (a & 0xFFFF) * z
            current += (a >> 16) * z
            synapse = ptr32(int(synapse) + 12)
        out[i] = conductance
        out[n + i] = current
        i += 1


@micropython.viper
def settle(header: ptr32):
    words = int(header)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    unit = 1 << 29
    unit += unit
    n = header[_NEURONS]
    mantissa = header[_MANTISSA]
    # 1 in the units of alpha h, and the shift that makes room for the sum of both.
    one = 25 - header[_LEFT] + header[_RIGHT]
    right = one - 29 if one > 29 else 0
    one = 1 << (one - right) if one >= 0 else 0
    low = right if right < 31 else 31
    x = ptr32(words + header[_X_AT])
    v = ptr32(words + header[_V_AT])
    alpha = ptr32(words + header[_ALPHA_AT])
    acc = ptr32(words + header[_ACC_AT])
    multiplier = ptr32(words + header[_RATE_MULTIPLIER_AT])
    i = 0
    while i < n:
        d = (acc[i] << wide) >> wide
        m = multiplier[i] & 0xFFFF
        a = ((d >> 16) * m + (((d & 0xFFFF) * m) >> 16)) >> (multiplier[i] >> 16)
        if a < 1:
            a = 1
        elif a >= unit:
            a = unit - 1
        alpha[i] = a
        p = ((a >> 15) * mantissa + (((a & 0x7FFF) * mantissa) >> 15)) >> 1
        # q = N / D
        q = (acc[n + i] << wide) >> wide
        if d < 1:
            d = 1
        while d > 0xFFFFFF:
            d >>= 8
            q >>= 8
        while d > 0xFFFF:
            d >>= 1
            q >>= 1
        while d < 0x8000:
            d <<= 1
            q <<= 1
        q = (q * (unit // d)) >> 15
        if q > 32767:
            q = 32767
        elif q < -32767:
            q = -32767
        # k = p / (p + one)
        d = (p >> low) + one
        if d < 1:
            d = 1
        c = right - 15
        while d > 0xFFFFFF:
            d >>= 8
            c += 8
        while d > 0xFFFF:
            d >>= 1
            c += 1
        while d < 0x8000:
            d <<= 1
            c -= 1
        m = unit // d
        m = (p >> 15) * m + (((p & 0x7FFF) * m) >> 15)
        if c > 31:
            c = 31
        m = m >> c if c > 0 else m << (0 - c)
        if m > unit:
            m = unit
        a = (x[i] << wide) >> wide
        q -= a >> 15
        a += q * (m >> 15) + ((q * (m & 0x7FFF)) >> 15)
        x[i] = a
        v[i] = (a + (1 << 17)) >> 18
        i += 1


move = ltc.mover(begin, sums, settle)
