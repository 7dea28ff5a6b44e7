"""The arithmetic that all integer cells share, in plain Python; layout.py has the buffers.

`>>` rounds down everywhere. No result leaves 32 bits, so the width of a kernel's integers does not
matter. The numbers, for n units, m inputs and k outputs:

    X      state, Q30 (x / state_scale in units of 2^-30), -2^30 to 2^30 - 1
    v      input of a product, Q12: v_x = (X + 2^17) >> 18; v_u the normalised input, +-32767
    alpha  rate 1/tau in 1/s, Q20, below 1024/s
    q      target of the state, Q15
    mean   leaky mean of the state, Q30; feature Q12, as v_x
    y      outputs, in units of 2^-output_bits

A row of int8 weights W with its bias B and multiplier (M, b), M of 15 bits, b from 0 to 30:
    acc = B + sum(W v)
    mul_shift(acc, M, b) = acc M 2^-(16+b)          B includes the half that rounds
A lookup table has 513 nodes, node i at z = 64 (i - 256), and is linear between them; z is clamped
to -2^14 .. 2^14 - 1.

After every step:
    w = gain of the mean's own rate; c += w (1 - c); mean += (w / c) (X - mean)
    y = mul_shift(Bo + sum(Wo feature), Mo, bo)
"""

from rivulet.compat import const
from rivulet.integers import layout

ONE = const(1 << 30)
LONGEST_US = const((1 << 30) - 1)
# 64 / 10^6 in Q28: makes microseconds times a rate in Q20 an exponent in Q26.
US_SCALE = const(17180)
_LARGEST_S = const(12 << 26)
# A confidence within this of 1 is set to 1.
_CONFIDENCE_TOLERANCE = const(1024)


def mul_shift(acc, multiplier):
    """Return acc * M * 2^-(16 + b), rounded down."""
    m = multiplier & 0xFFFF
    return ((acc >> 16) * m + (((acc & 0xFFFF) * m) >> 16)) >> (multiplier >> 16)


def lookup(table, z):
    """Return the table's value at z, interpolated between two of its 513 nodes."""
    if z < -16384:
        z = -16384
    elif z > 16383:
        z = 16383
    i = (z >> 6) + 256
    return table[i] + (((table[i + 1] - table[i]) * (z & 63)) >> 6)


def interval(dt_us, scale=US_SCALE, exponent=2):
    """Return (mantissa, right, left) of an interval, given as `step` takes it.

    scale, exponent: convert a rate times microseconds to an exponent in Q26; the defaults are for
    rates in Q20.
    """
    if dt_us < 0:
        dt_us = -dt_us
        exponent += 10
    while dt_us < 0x8000:
        dt_us <<= 1
        exponent -= 1
    while dt_us > 0xFFFF:
        dt_us >>= 1
        exponent += 1
    mantissa = (dt_us * scale) >> 15
    return (mantissa, -exponent, 0) if exponent < 0 else (mantissa, 0, exponent)


def exponent(alpha, mantissa, right, left):
    """Return s = alpha * dt in Q26, at most 12."""
    p = ((alpha >> 15) * mantissa + (((alpha & 0x7FFF) * mantissa) >> 15)) >> right
    return _LARGEST_S if p > _LARGEST_S >> left else p << left


def gain(s, decay):
    """Return 1 - exp(-s) in Q30, from a table in steps of 1/16 and a square between its nodes."""
    i = (s + (1 << 21)) >> 22
    r = s - (i << 22)
    t = r >> 6
    p = r - ((t * t) >> 15)
    if i == 0:
        return p << 4
    return ((65536 - decay[i]) << 14) + ((decay[i] * (p >> 6)) >> 6)


def move(x, q, k):
    """Return x + k (q - x)."""
    d = q - (x >> 15)
    return x + d * (k >> 15) + ((d * (k & 0x7FFF)) >> 15)


def grow(c, w):
    """Return (c, gain) of a leaky mean of confidence c after an interval of weight w."""
    if w == 0 or c == ONE:
        return c, w
    n = ONE - c
    c += (n >> 15) * (w >> 15)
    c += ((n & 0x7FFF) * (w >> 15)) >> 15
    c += ((n >> 15) * (w & 0x7FFF)) >> 15
    if c > ONE - _CONFIDENCE_TOLERANCE:
        c = ONE
    if w >= c:
        return c, ONE
    quotient = 0
    for _ in range(30):
        w <<= 1
        quotient <<= 1
        if w >= c:
            w -= c
            quotient += 1
    return c, quotient


def product(words, weights, begin, rows, columns, bias_at, vector_at, multiplier_at):
    """Return mul_shift(bias + W v) of each of `rows` rows, as a list."""
    out = []
    for row in range(rows):
        acc = words[(bias_at >> 2) + row]
        at = begin + (row >> 3) * columns * 8 + (row & 7)
        for column in range(columns):
            acc += (weights[at + column * 8] - 128) * words[(vector_at >> 2) + column]
        out.append(mul_shift(acc, words[(multiplier_at >> 2) + row]))
    return out


def apply(words, input_map):
    """Write an input map's raw values to the inputs."""
    count = input_map[0]
    for i in range(count):
        at = 1 + count + 4 * i
        v = (input_map[1 + i] * input_map[at + 1] + input_map[at + 2]) >> input_map[at + 3]
        words[input_map[at] >> 2] = min(max(v, -32767), 32767)


def average(words, span):
    """Take the new state into its mean; `span`: what `interval` returned."""
    n = words[layout.HIDDEN]
    x_at, mean_at = words[layout.X_AT] >> 2, words[layout.MEAN_AT] >> 2
    feature_at, c_at = words[layout.FEATURE_AT] >> 2, words[layout.CONFIDENCE_AT] >> 2
    decay = layout.view(words, layout.DECAY_TABLE_AT, layout.DECAY_NODES)
    w = gain(exponent(words[(words[layout.ALPHA_AT] >> 2) + n], *span), decay)
    words[c_at], w = grow(words[c_at], w)
    for r in range(n):
        mean = move(words[mean_at + r], words[x_at + r] >> 15, w)
        words[mean_at + r] = mean
        words[feature_at + r] = (mean + (1 << 17)) >> 18


def read_out(words, weights, vector_at):
    """Compute the outputs from the features at the byte offset `vector_at`."""
    y_at = words[layout.Y_AT] >> 2
    outputs = product(
        words,
        weights,
        words[layout.OUT_WEIGHTS_AT],
        words[layout.OUTPUTS],
        words[layout.FEATURES],
        words[layout.OUT_BIAS_AT],
        vector_at,
        words[layout.OUT_MULTIPLIER_AT],
    )
    for o in range(len(outputs)):
        words[y_at + o] = outputs[o]
