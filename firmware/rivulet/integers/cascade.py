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
READ_AT = const(34)  # the record of the readout
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
            (READ_AT, WORDS),
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
        READ_AT,
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


def changed(words):
    """Return whether the inputs differ from those that the kept values hold for, and hold them."""
    n, m = words[layout.HIDDEN], words[layout.INPUTS]
    held = layout.view(words, HELD_AT, m)
    u = layout.view(words, layout.V_AT, n + m)[n:]
    if all(held[i] == u[i] for i in range(m)):
        return False
    held[:] = u
    return True


def sums(words, weights, at):
    """Compute the sums of the record at byte offset `at`."""
    at >>= 2
    rows, columns, begin, bias_at, _, vector_at, out_at = words[at : at + WORDS - 1]
    for row in range(rows):
        acc = words[(bias_at >> 2) + row]
        first = begin + (row >> 3) * columns * 8 + (row & 7)
        for column in range(columns):
            acc += (weights[first + column * 8] - 128) * words[(vector_at >> 2) + column]
        words[(out_at >> 2) + row] = acc


def look_up(words, sums_at, multipliers_at, count, table_at, out_at):
    """Look `count` sums up in a table. All places are byte offsets; out_at may be sums_at."""
    table = words[table_at >> 2 : (table_at >> 2) + layout.NODES]
    for i in range(count):
        z = arithmetic.mul_shift(words[(sums_at >> 2) + i], words[(multipliers_at >> 2) + i])
        words[(out_at >> 2) + i] = arithmetic.lookup(table, z)


def span(words, dt_us):
    """Write the interval into the header."""
    found = arithmetic.interval(dt_us)
    words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT] = found


def move(words, skip, count, rates_at, targets_at):
    """Move `count` units from byte `skip` of the state on; byte offsets of their rates and q."""
    first = skip >> 2
    x_at, v_at, alpha_at = (
        (words[at] >> 2) + first for at in (layout.X_AT, layout.V_AT, layout.ALPHA_AT)
    )
    interval = words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT]
    decay = layout.view(words, layout.DECAY_TABLE_AT, layout.DECAY_NODES)
    for i in range(count):
        alpha = words[(rates_at >> 2) + i]
        words[alpha_at + i] = alpha
        gain = arithmetic.gain(arithmetic.exponent(alpha, *interval), decay)
        x = arithmetic.move(words[x_at + i], words[(targets_at >> 2) + i], gain)
        words[x_at + i] = x
        words[v_at + i] = (x + (1 << 17)) >> 18


def average(words):
    """Take the new state into its mean."""
    arithmetic.average(words, (words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT]))


def read_from(words):
    """Return the byte offset of the vector that the readout reads."""
    return words[(words[READ_AT] >> 2) + 5]


def read_out(words, weights):
    """Compute the outputs from the last layer or its mean, with READ_INPUTS from u too."""
    beside(words)
    arithmetic.read_out(words, weights, read_from(words))


def beside(words):
    """Put the inputs behind the mean of the last layer if the readout reads them there."""
    if words[layout.FLAGS] & READ_INPUTS and words[layout.FLAGS] & layout.MEAN:
        n = words[layout.HIDDEN]
        u, behind = (words[layout.V_AT] >> 2) + n, (words[layout.FEATURE_AT] >> 2) + n
        layout.copy(words, u, words, behind, words[layout.INPUTS])


def stepper(apply, changed, sums, look_up, span, move, average, read_out):
    """Return the step, with the arguments of decay.step, built from a kernel's parts.

    Inputs that are read beside the state change the outputs at once.
    """

    def keep(words):
        """Look up what depends on the inputs alone."""
        multipliers_at, sums_at = words[layout.MULTIPLIER_AT], words[SUMS_AT]
        at = words[LAYERS_AT] >> 2
        size = words[at + 7]
        look_up(
            words,
            sums_at + 4 * size,
            multipliers_at + 4 * size,
            size,
            words[layout.DRIVE_TABLE_AT],
            words[TARGETS_AT],
        )
        rates_at = words[RATES_AT]
        while size:
            look_up(words, sums_at, multipliers_at, size, words[layout.ALPHA_TABLE_AT], rates_at)
            if words[layout.FLAGS] & FROM_BELOW:
                return
            sums_at, multipliers_at = sums_at + 8 * size, multipliers_at + 8 * size
            rates_at += 4 * size
            at += WORDS
            size = words[at + 7]

    def layer(words, weights, at):
        rows, multipliers_at, size = words[at], words[at + 4], words[at + 7]
        skip = (multipliers_at - words[layout.MULTIPLIER_AT]) >> 1
        rates_at, targets_at = words[RATES_AT] + skip, words[TARGETS_AT]
        if rows:
            sums(words, weights, at << 2)
            sums_at = words[at + 6]
            targets_at = sums_at + 4 * (rows - size)
            table_at = words[layout.DRIVE_TABLE_AT]
            look_up(words, targets_at, multipliers_at + 4 * size, size, table_at, targets_at)
            if rows > size:
                rates_at = sums_at
                table_at = words[layout.ALPHA_TABLE_AT]
                look_up(words, sums_at, multipliers_at, size, table_at, rates_at)
        move(words, skip, size, rates_at, targets_at)

    def step(words, weights, dt_us, input_map):
        flags = words[layout.FLAGS]
        if flags & layout.INPUT_FIRST:
            apply(words, input_map)
        if dt_us:
            if changed(words):
                sums(words, weights, words[INWARD_AT])
                keep(words)
            span(words, dt_us)
            at = words[LAYERS_AT] >> 2
            while words[at + 7]:
                layer(words, weights, at)
                at += WORDS
            if flags & layout.MEAN:
                average(words)
        if not flags & layout.INPUT_FIRST:
            apply(words, input_map)
        if dt_us or flags & READ_INPUTS:
            read_out(words, weights)

    return step


step = stepper(arithmetic.apply, changed, sums, look_up, span, move, average, read_out)
