"""The cascade in integers, in plain Python: the definition that every other kernel matches.

cascade_viper.py, cascade_thumb.py and cascade_rv32.py compute the same faster. cells/cascade.py
has the equations, arithmetic.py the numbers and the functions named here, layout.py the buffers.

A layer has two rows for each unit: all units' alpha, then all units' q. The sum of a row has two
parts, one from the inputs and, above layer 1, one from the layer below:
    z = mul_shift(B + sum(Wu u) + sum(Wx x))       x: the layer below after the interval, Q12
    alpha = table alpha at z, q = table drive at z
    X += gain (q - X)                              move; gain of alpha dt
With rates from u, the rows of alpha have no second part. B + sum(Wu u) of all rows, the rates that
depend on u alone and the q of layer 1 are kept while the inputs stay as they are.

A record of eight words describes a product: rows, columns (padded to two), byte offset of its rows
in `weights`, then byte offsets in words: biases, multipliers, the vector, the sums. The records of
the layers follow one another, and a record of zeros ends them. Their eighth word is the number of
units. Layer 1 has no product: its rows and columns are 0.
"""

from rivulet.compat import const
from rivulet.integers import arithmetic, layout

LAYERS_AT = const(32)
INWARD_AT = const(33)  # the record of the inputs' part, whose sums are kept
READOUT_AT = const(34)  # the record of the readout
HELD_AT = const(35)  # the inputs that all kept values hold for
RATES_AT = const(36)  # kept rates, a word for each unit
TARGETS_AT = const(37)  # kept q of layer 1
SUMS_AT = const(38)  # kept sums
HEADER = const(39)

WORDS = const(8)
# FLAGS, in addition to those of layout.py
FROM_BELOW = const(8)  # rates from v
READ_INPUTS = const(16)

# No input has this value: nothing is kept yet.
_NOTHING = const(1 << 30)


def words_for(sizes, layers, flags):
    """Return the words of a cascade of sizes (n, m, k), zero except for header and records.

    layers: the units of each layer.
    """
    n, m, k = sizes
    last, heads = layers[-1], 2 if flags & FROM_BELOW else 1
    rows = layout.padded(2 * n)
    most = max([layout.padded(heads * size) for size in layers] + [layout.padded(k)])
    words = layout.lay_out(
        sizes,
        flags,
        (
            (layout.ACC_AT, most),
            (layout.GAIN_AT, max(layers) + 1),
            (layout.BIAS_AT, rows),
            (layout.MULTIPLIER_AT, rows),
            (layout.ALPHA_TABLE_AT, layout.NODES),
            (layout.DRIVE_TABLE_AT, layout.NODES),
            (layout.DECAY_TABLE_AT, layout.DECAY_NODES),
            (LAYERS_AT, WORDS * (len(layers) + 1)),
            (INWARD_AT, WORDS),
            (READOUT_AT, WORDS),
            (HELD_AT, m),
            (RATES_AT, n),
            (TARGETS_AT, layers[0]),
            # A later layer's product is of padded rows: it reads behind the sums that it needs.
            (SUMS_AT, rows + 8),
        ),
        HEADER,
        m if flags & READ_INPUTS else 0,
    )
    words[words[HELD_AT] >> 2] = _NOTHING
    read = last + (m if flags & READ_INPUTS else 0)
    words[layout.FEATURES] = read + (read & 1)
    bias_at, multiplier_at, v_at = (
        words[at] for at in (layout.BIAS_AT, layout.MULTIPLIER_AT, layout.V_AT)
    )
    sums_at, acc_at = words[SUMS_AT], words[layout.ACC_AT]
    width = m + (m & 1)
    _record(words, INWARD_AT, 0, 2 * n, width, 0, bias_at, multiplier_at, v_at + 4 * n, sums_at)
    begin, first = rows * width, 0
    for i in range(len(layers)):
        size, below = layers[i], layers[i - 1] if i else 0
        width, height = below + (below & 1), heads * size if i else 0
        # Where rates do not depend on the layer below, only the rows of q are summed again.
        skip = 4 * (2 * first + 2 * size - height)
        _record(
            words,
            LAYERS_AT,
            WORDS * i,
            height,
            width,
            begin,
            sums_at + skip,
            multiplier_at + 8 * first,
            v_at + 4 * (first - below),
            acc_at,
            size,
        )
        begin += layout.padded(height) * width
        first += size
    words[layout.OUT_WEIGHTS_AT] = begin
    _record(
        words,
        READOUT_AT,
        0,
        k,
        words[layout.FEATURES],
        begin,
        words[layout.OUT_BIAS_AT],
        words[layout.OUT_MULTIPLIER_AT],
        words[layout.FEATURE_AT if flags & layout.MEAN else layout.V_AT] + 4 * (n - last),
        acc_at,
    )
    return words


def _record(words, entry, skip, *values):
    at = (words[entry] >> 2) + skip
    for i in range(len(values)):
        words[at + i] = values[i]


def _sums(words, weights, at):
    """Compute the sums of the record at index `at`."""
    rows, columns, begin, bias_at, _, vector_at, out_at = words[at : at + WORDS - 1]
    for row in range(rows):
        acc = words[(bias_at >> 2) + row]
        first = begin + (row >> 3) * columns * 8 + (row & 7)
        for column in range(columns):
            acc += (weights[first + column * 8] - 128) * words[(vector_at >> 2) + column]
        words[(out_at >> 2) + row] = acc


def _look_up(words, sums, multipliers, count, table):
    """Return the table's values of `count` sums; sums, multipliers: indices."""
    values = layout.view(words, table, layout.NODES)
    return [
        arithmetic.lookup(values, arithmetic.mul_shift(words[sums + i], words[multipliers + i]))
        for i in range(count)
    ]


def keep(words, weights):
    """Compute what depends on the inputs alone, unless it is kept for these inputs."""
    n, m = words[layout.HIDDEN], words[layout.INPUTS]
    held = layout.view(words, HELD_AT, m)
    u = layout.view(words, layout.V_AT, n + m)[n:]
    if all(held[i] == u[i] for i in range(m)):
        return
    held[:] = u
    _sums(words, weights, words[INWARD_AT] >> 2)
    sums, multipliers = words[SUMS_AT] >> 2, words[layout.MULTIPLIER_AT] >> 2
    rates, targets = words[RATES_AT] >> 2, words[TARGETS_AT] >> 2
    at = words[LAYERS_AT] >> 2
    first = 0
    while words[at + 7]:
        size = words[at + 7]
        if not first or not words[layout.FLAGS] & FROM_BELOW:
            found = _look_up(
                words, sums + 2 * first, multipliers + 2 * first, size, layout.ALPHA_TABLE_AT
            )
            for i in range(size):
                words[rates + first + i] = found[i]
        if not first:
            found = _look_up(words, sums + size, multipliers + size, size, layout.DRIVE_TABLE_AT)
            for i in range(size):
                words[targets + i] = found[i]
        first += size
        at += WORDS


def advance(words, weights, dt_us):
    """Compute rates, state and mean over an interval that is not 0."""
    flags = words[layout.FLAGS]
    x_at, v_at, alpha_at = (words[at] >> 2 for at in (layout.X_AT, layout.V_AT, layout.ALPHA_AT))
    decay = layout.view(words, layout.DECAY_TABLE_AT, layout.DECAY_NODES)
    keep(words, weights)
    span = arithmetic.interval(dt_us)
    at = words[LAYERS_AT] >> 2
    first = 0
    while words[at + 7]:
        size, rows, multipliers = words[at + 7], words[at], words[at + 4] >> 2
        rates = words[RATES_AT] >> 2
        alpha = words[rates + first : rates + first + size]
        if rows:
            _sums(words, weights, at)
            acc = words[at + 6] >> 2
            if rows > size:
                alpha = _look_up(words, acc, multipliers, size, layout.ALPHA_TABLE_AT)
            q = _look_up(words, acc + rows - size, multipliers + size, size, layout.DRIVE_TABLE_AT)
        else:
            q = layout.view(words, TARGETS_AT, size)
        for i in range(size):
            words[alpha_at + first + i] = alpha[i]
            gain = arithmetic.gain(arithmetic.exponent(alpha[i], *span), decay)
            x = arithmetic.move(words[x_at + first + i], q[i], gain)
            words[x_at + first + i] = x
            words[v_at + first + i] = (x + (1 << 17)) >> 18
        first += size
        at += WORDS
    if flags & layout.MEAN:
        arithmetic.average(words, span)


def read_out(words, weights):
    """Compute the outputs from the last layer or its mean, with READ_INPUTS from u too."""
    n, flags = words[layout.HIDDEN], words[layout.FLAGS]
    if flags & READ_INPUTS and flags & layout.MEAN:
        for i in range(words[layout.INPUTS]):
            words[(words[layout.FEATURE_AT] >> 2) + n + i] = words[
                (words[layout.V_AT] >> 2) + n + i
            ]
    arithmetic.read_out(words, weights, words[(words[READOUT_AT] >> 2) + 5])


def step(words, weights, dt_us, inlet):
    """Process one event; see decay.step. Inputs that are read change the outputs at once."""
    flags = words[layout.FLAGS]
    if flags & layout.INPUT_FIRST:
        arithmetic.apply(words, inlet)
    if dt_us:
        advance(words, weights, dt_us)
    if not flags & layout.INPUT_FIRST:
        arithmetic.apply(words, inlet)
    if dt_us or flags & READ_INPUTS:
        read_out(words, weights)
