"""The layers of layers.py in viper; decay_viper.py has notes on viper."""

import micropython
from micropython import const

_WORDS = const(8)


@micropython.viper
def run(v: ptr32, w: ptr8, a: int):
    words = int(v)
    weights = int(w)
    layer = ptr32(words + a)
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    while layer[0]:
        rows = layer[0]
        columns = layer[1]
        block = weights + layer[2]
        bias = ptr32(words + layer[3])
        multiplier = ptr32(words + layer[4])
        vector = words + layer[5]
        out = ptr32(words + layer[6])
        table = layer[7]
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
            a = (a << wide) >> wide
            m = multiplier[row] & 0xFFFF
            a = ((a >> 16) * m + (((a & 0xFFFF) * m) >> 16)) >> (multiplier[row] >> 16)
            if table:
                if a < -16384:
                    a = -16384
                elif a > 16383:
                    a = 16383
                t = ptr32(words + table + ((a >> 6) + 256) * 4)
                m = (t[0] << wide) >> wide
                a = m + (((((t[1] << wide) >> wide) - m) * (a & 63)) >> 6)
            out[row] = a
            row += 1
        layer = ptr32(int(layer) + 4 * _WORDS)
