"""The decay cell in integers: the definition that every other kernel matches bit for bit.

Plain Python for any interpreter; decay_viper.py, decay_thumb.py and decay_rv32.py compute the same
faster. layout.py describes the buffers, arithmetic.py the numbers and the functions named here.

The gates have 2n rows: row i gives z of unit i's alpha, row n + i z of its drive. Tables: alpha,
drive, and for an additive drive reciprocal, 1 / (alpha state_scale) in Q15. The gates are
evaluated before the state moves:
    z = mul_shift(B + sum(W v))
    alpha = table alpha at z
    q = drive, or (drive reciprocal) >> 15
    s = alpha dt, Q26, at most 12                   exponent
    gain = 1 - exp(-s), Q30                         gain
    X += gain (q - X)                               move
"""

from rivulet.integers import arithmetic, layout


def words_for(hidden, inputs, outputs, flags, blocks=0):
    """Return the words of a decay cell, zero except for the header.

    blocks: number of blocks of sparse gates (see `kept`); `place_columns` then names their
    columns. 0: dense gates.
    """
    columns = hidden + inputs + (hidden + inputs & 1)
    rows = layout.padded(2 * hidden)
    words = layout.lay_out(
        (hidden, inputs, outputs),
        flags,
        (
            (layout.ACC_AT, max(rows, layout.padded(outputs))),
            (layout.GAIN_AT, max(hidden + 1, columns)),
            (layout.BIAS_AT, rows),
            (layout.MULTIPLIER_AT, rows),
            (layout.ALPHA_TABLE_AT, layout.NODES),
            (layout.DRIVE_TABLE_AT, layout.NODES),
            (layout.RECIPROCAL_TABLE_AT, layout.NODES if flags & layout.ADDITIVE else 0),
            (layout.DECAY_TABLE_AT, layout.DECAY_NODES),
            (layout.SPARSE_AT, blocks),
        ),
    )
    words[layout.ROWS] = rows
    words[layout.OUT_WEIGHTS_AT] = 8 * blocks if blocks else rows * columns
    if not blocks:
        words[layout.SPARSE_AT] = 0
    return words


def kept(counts):
    """Return the number of blocks that the kernels see.

    counts: columns that each group of eight rows keeps. A group without any gets one block.
    """
    return sum(max(count, 1) for count in counts)


def place_columns(words, counts, columns):
    """Write the columns of sparse gates, one group of eight rows after the other.

    The weights of the block of a group without columns must stay zero.
    """
    at = words[layout.SPARSE_AT] >> 2
    i = 0
    for count in counts:
        for _ in range(count):
            words[at] = (words[layout.V_AT] + 4 * columns[i]) << 1
            i += 1
            at += 1
        if not count:
            words[at] = words[layout.V_AT] << 1
            at += 1
        words[at - 1] |= 1


def sparse_gates(words, weights):
    """Return `product` of sparse gates."""
    rows = 2 * words[layout.HIDDEN]
    at = words[layout.SPARSE_AT] >> 2
    bias, multiplier = words[layout.BIAS_AT] >> 2, words[layout.MULTIPLIER_AT] >> 2
    begin = 0
    out = []
    for first in range(0, rows, 8):
        sums = [words[bias + row] for row in range(first, min(first + 8, rows))]
        last = 0
        while not last:
            v = words[words[at] >> 3]
            last = words[at] & 1
            for i in range(len(sums)):
                sums[i] += (weights[begin + i] - 128) * v
            at += 1
            begin += 8
        for i in range(len(sums)):
            out.append(arithmetic.mul_shift(sums[i], words[multiplier + first + i]))
    return out


def advance(words, weights, dt_us):
    """Compute gates, state, mean and outputs over an interval that is not 0."""
    n, flags = words[layout.HIDDEN], words[layout.FLAGS]
    additive = flags & layout.ADDITIVE
    alpha_at, x_at, v_at = (words[at] >> 2 for at in (layout.ALPHA_AT, layout.X_AT, layout.V_AT))
    rates = layout.view(words, layout.ALPHA_TABLE_AT, layout.NODES)
    drives = layout.view(words, layout.DRIVE_TABLE_AT, layout.NODES)
    reciprocals = layout.view(words, layout.RECIPROCAL_TABLE_AT, layout.NODES)
    decay = layout.view(words, layout.DECAY_TABLE_AT, layout.DECAY_NODES)
    if words[layout.SPARSE_AT]:
        z = sparse_gates(words, weights)
    else:
        at = words[layout.BIAS_AT], words[layout.V_AT], words[layout.MULTIPLIER_AT]
        z = arithmetic.product(words, weights, 0, 2 * n, words[layout.COLUMNS], *at)
    span = arithmetic.interval(dt_us)
    for r in range(n):
        alpha = arithmetic.lookup(rates, z[r])
        q = arithmetic.lookup(drives, z[n + r])
        if additive:
            q = (q * arithmetic.lookup(reciprocals, z[r])) >> 15
        words[alpha_at + r] = alpha
        x = arithmetic.move(
            words[x_at + r], q, arithmetic.gain(arithmetic.exponent(alpha, *span), decay)
        )
        words[x_at + r] = x
        words[v_at + r] = (x + (1 << 17)) >> 18
    readable_at = words[layout.V_AT]
    if flags & layout.MEAN:
        readable_at = words[layout.FEATURE_AT]
        arithmetic.average(words, span)
    arithmetic.read_out(words, weights, readable_at)


def step(words, weights, dt_us, input_map):
    """Process one event: `dt_us` pass and the input map's values are applied, in the order that
    FLAGS give.

    dt_us: 0 to LONGEST_US; 0 moves nothing. A longer interval is minus its length in units of
    1024 us, 1 to LONGEST_US of them.
    """
    if words[layout.FLAGS] & layout.INPUT_FIRST:
        arithmetic.apply(words, input_map)
    if dt_us:
        advance(words, weights, dt_us)
    if not words[layout.FLAGS] & layout.INPUT_FIRST:
        arithmetic.apply(words, input_map)
