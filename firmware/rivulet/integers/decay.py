"""The decay cell in integers: what the assembler, viper and host kernels compute, bit for bit.

Plain Python for any interpreter; decay_viper.py and decay_thumb.py do the same faster. All `>>`
round down.
No result leaves 32 bits, so that it does not matter how wide a kernel's integers are.

Numbers, n units, m inputs, k outputs:
    X      state, Q30 (x / state_scale in units of 2^-30), -2^30 to 2^30 - 1
    v      what the gates see, Q12: v_x = (X + 2^17) >> 18, v_u the normalised input, +-32767
    alpha  rate 1/tau in 1/s, Q20, below 1024/s
    q      where the state is drawn to, Q15
    mean   leaky mean of the state, Q30; feature Q12, as v_x
    y      outputs, in units of 2^-output_bits

A row of int8 weights W with its bias B and multiplier (M, b), M 15 bits, b 0 to 30:
    acc = B + sum(W v)
    mul_shift(acc, M, b) = acc M 2^-(16+b)          rounding stands in B
    z = mul_shift(...) clamped to -2^14 .. 2^14 - 1
Tables of 513 nodes, node i at z = 64 (i - 256), linear in between: alpha, drive, and for an
additive drive reciprocal, 1 / (alpha state_scale) in Q15. The gates are evaluated before the
state moves, then
    q = drive, or (drive reciprocal) >> 15
    s = alpha dt, Q26, at most 12                   exponent
    gain = 1 - exp(-s), Q30                         gain: a table in steps of 1/16, and a square
    X += gain (q - X)                               move
    w = gain of the mean's own rate; c += w (1 - c); mean += (w / c) (X - mean)
    y = mul_shift(Bo + sum(Wo feature), Mo, bo)

A model is two buffers. `words`, an array("i"), begins with the header named below; entries with
_AT are byte offsets into `words`. `weights`, a bytearray, holds w + 128 for eight rows at a time,
column by column: row r, column c stands at ((r >> 3) * columns + c) * 8 + (r & 7). Rows are
padded to eight, columns to two; what pads is zero.

Gates may be sparse: of each eight rows only some columns are kept, at least one. Their weights
follow one another, and at SPARSE_AT stands a word for each: the byte offset in words of the
column's v, doubled, plus 1 if it is the last one of its eight rows.

An inlet, an array("i"), brings values to inputs: count, then `count` raw integers, then for each
(v's byte offset in words, M, O, b): v = clamp((raw M + O) >> b), |raw M| and |O| below 2^30.
"""

from rivulet.compat import const

HIDDEN = const(0)
INPUTS = const(1)
OUTPUTS = const(2)
FLAGS = const(3)
COLUMNS = const(4)  # hidden + inputs, padded to two
ROWS = const(5)  # 2 hidden, padded to eight
FEATURES = const(6)  # hidden, padded to two
OUT_ROWS = const(7)  # outputs, padded to eight
CONFIDENCE_AT = const(8)
X_AT = const(9)
MEAN_AT = const(10)
ALPHA_AT = const(11)  # hidden, then the mean's rate
V_AT = const(12)
FEATURE_AT = const(13)
Y_AT = const(14)
ACC_AT = const(15)  # scratch, as long as the longer of the two products
GAIN_AT = const(16)  # scratch, hidden + 1, and no less than COLUMNS
BIAS_AT = const(17)
MULTIPLIER_AT = const(18)  # M | b << 16
OUT_BIAS_AT = const(19)
OUT_MULTIPLIER_AT = const(20)
ALPHA_TABLE_AT = const(21)
DRIVE_TABLE_AT = const(22)
RECIPROCAL_TABLE_AT = const(23)
DECAY_TABLE_AT = const(24)
OUT_WEIGHTS_AT = const(25)  # byte offset in `weights`
SPARSE_AT = const(26)  # 0 for a dense model
# The assembler keeps its arguments here, as short addresses reach no further, and kernels the
# interval.
MANTISSA = const(29)
RIGHT = const(30)
LEFT = const(31)
HEADER = const(32)

# FLAGS
MEAN = const(1)
ADDITIVE = const(2)
INPUT_FIRST = const(4)

NODES = const(513)
DECAY_NODES = const(193)
ONE = const(1 << 30)
LONGEST_US = const((1 << 30) - 1)
_LARGEST_S = const(12 << 26)
# 6.4e-5, from microseconds times Q20 to Q26, in units of 2^-28.
_MICRO = const(17180)
# A confidence this near to 1 is 1.
_NEAR = const(1024)


def mul_shift(acc, multiplier):
    """acc * M * 2^-(16 + b), rounded down."""
    m = multiplier & 0xFFFF
    return ((acc >> 16) * m + (((acc & 0xFFFF) * m) >> 16)) >> (multiplier >> 16)


def lookup(table, z):
    """Between two of the 513 nodes."""
    if z < -16384:
        z = -16384
    elif z > 16383:
        z = 16383
    i = (z >> 6) + 256
    return table[i] + (((table[i + 1] - table[i]) * (z & 63)) >> 6)


def interval(dt_us, micro=_MICRO, exponent=2):
    """(H, right, left) of an interval as `step` takes it, for `exponent`.

    micro, exponent: what makes a rate times microseconds an exponent in Q26, of rates in Q20.
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
    mantissa = (dt_us * micro) >> 15
    return (mantissa, -exponent, 0) if exponent < 0 else (mantissa, 0, exponent)


def exponent(alpha, mantissa, right, left):
    """alpha * dt in Q26, at most 12."""
    p = ((alpha >> 15) * mantissa + (((alpha & 0x7FFF) * mantissa) >> 15)) >> right
    return _LARGEST_S if p > _LARGEST_S >> left else p << left


def gain(s, decay):
    """1 - exp(-s) in Q30."""
    i = (s + (1 << 21)) >> 22
    r = s - (i << 22)
    t = r >> 6
    p = r - ((t * t) >> 15)
    if i == 0:
        return p << 4
    return ((65536 - decay[i]) << 14) + ((decay[i] * (p >> 6)) >> 6)


def move(x, q, k):
    """x + k (q - x)."""
    d = q - (x >> 15)
    return x + d * (k >> 15) + ((d * (k & 0x7FFF)) >> 15)


def grow(c, w):
    """(c, gain) of a leaky mean's confidence c after an interval of weight w."""
    if w == 0 or c == ONE:
        return c, w
    n = ONE - c
    c += (n >> 15) * (w >> 15)
    c += ((n & 0x7FFF) * (w >> 15)) >> 15
    c += ((n >> 15) * (w & 0x7FFF)) >> 15
    if c > ONE - _NEAR:
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
    """mul_shift(bias + W v) of `rows` rows, as a list."""
    out = []
    for row in range(rows):
        acc = words[(bias_at >> 2) + row]
        at = begin + (row >> 3) * columns * 8 + (row & 7)
        for column in range(columns):
            acc += (weights[at + column * 8] - 128) * words[(vector_at >> 2) + column]
        out.append(mul_shift(acc, words[(multiplier_at >> 2) + row]))
    return out


def sparse_gates(words, weights):
    """`product` of sparse gates."""
    rows = 2 * words[HIDDEN]
    at = words[SPARSE_AT] >> 2
    begin = 0
    out = []
    for first in range(0, rows, 8):
        sums = [words[(words[BIAS_AT] >> 2) + row] for row in range(first, min(first + 8, rows))]
        last = 0
        while not last:
            v = words[words[at] >> 3]
            last = words[at] & 1
            for i in range(len(sums)):
                sums[i] += (weights[begin + i] - 128) * v
            at += 1
            begin += 8
        for i in range(len(sums)):
            out.append(mul_shift(sums[i], words[(words[MULTIPLIER_AT] >> 2) + first + i]))
    return out


def apply(words, inlet):
    """Bring an inlet's raw values to the inputs."""
    count = inlet[0]
    for i in range(count):
        at = 1 + count + 4 * i
        v = (inlet[1 + i] * inlet[at + 1] + inlet[at + 2]) >> inlet[at + 3]
        words[inlet[at] >> 2] = min(max(v, -32767), 32767)


def advance(words, weights, dt_us):
    """Gates, state, mean and outputs over an interval that is not 0."""
    n, flags = words[HIDDEN], words[FLAGS]
    alpha_at, x_at, v_at = words[ALPHA_AT] >> 2, words[X_AT] >> 2, words[V_AT] >> 2
    tables = [
        words[words[at] >> 2 : (words[at] >> 2) + count]
        for at, count in (
            (ALPHA_TABLE_AT, NODES),
            (DRIVE_TABLE_AT, NODES),
            (RECIPROCAL_TABLE_AT, NODES if flags & ADDITIVE else 0),
            (DECAY_TABLE_AT, DECAY_NODES),
        )
    ]
    if words[SPARSE_AT]:
        z = sparse_gates(words, weights)
    else:
        at = words[BIAS_AT], words[V_AT], words[MULTIPLIER_AT]
        z = product(words, weights, 0, 2 * n, words[COLUMNS], *at)
    span = interval(dt_us)
    for r in range(n):
        alpha = lookup(tables[0], z[r])
        q = lookup(tables[1], z[n + r])
        if flags & ADDITIVE:
            q = (q * lookup(tables[2], z[r])) >> 15
        words[alpha_at + r] = alpha
        x = move(words[x_at + r], q, gain(exponent(alpha, *span), tables[3]))
        words[x_at + r] = x
        words[v_at + r] = (x + (1 << 17)) >> 18
    readable_at = words[V_AT]
    if flags & MEAN:
        readable_at = words[FEATURE_AT]
        average(words, span)
    read_out(words, weights, readable_at)


def average(words, span):
    """Bring the new state into its mean; `span` is the interval."""
    n = words[HIDDEN]
    x_at, mean_at, feature_at = words[X_AT] >> 2, words[MEAN_AT] >> 2, words[FEATURE_AT] >> 2
    decay_at, c_at = words[DECAY_TABLE_AT] >> 2, words[CONFIDENCE_AT] >> 2
    decay = words[decay_at : decay_at + DECAY_NODES]
    w = gain(exponent(words[(words[ALPHA_AT] >> 2) + n], *span), decay)
    words[c_at], w = grow(words[c_at], w)
    for r in range(n):
        mean = move(words[mean_at + r], words[x_at + r] >> 15, w)
        words[mean_at + r] = mean
        words[feature_at + r] = (mean + (1 << 17)) >> 18


def read_out(words, weights, vector_at):
    """The outputs of the features at `vector_at`."""
    y_at = words[Y_AT] >> 2
    outputs = product(
        words,
        weights,
        words[OUT_WEIGHTS_AT],
        words[OUTPUTS],
        words[FEATURES],
        words[OUT_BIAS_AT],
        vector_at,
        words[OUT_MULTIPLIER_AT],
    )
    for o in range(len(outputs)):
        words[y_at + o] = outputs[o]


def step(words, weights, dt_us, inlet):
    """One event: `dt_us` (0 to LONGEST_US) go by, and the inlet's values are applied, in the
    order that FLAGS say. An interval of 0 moves nothing; a longer one is given as minus so many
    units of 1024 us, 1 to LONGEST_US of them."""
    if words[FLAGS] & INPUT_FIRST:
        apply(words, inlet)
    if dt_us:
        advance(words, weights, dt_us)
    if not words[FLAGS] & INPUT_FIRST:
        apply(words, inlet)
