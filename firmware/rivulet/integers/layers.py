"""Dense layers in integers, for cells other than decay, in plain Python.

layers_viper.py and layers_thumb.py compute the same faster. A layer is a record of eight words.
The records follow one another, and a word of zero ends them:

    rows, columns (padded to two), byte offset of its rows in `weights`, then byte offsets in
    words: biases, multipliers, the input vector, the results, a table or 0

    z = mul_shift(B + sum(W v)) of every row; with a table, the table's value at z

layout.py has the buffers, arithmetic.py the numbers. The header of such a cell continues at
layout.HEADER, and these entries are the first.
"""

from rivulet.compat import const
from rivulet.integers import arithmetic, layout

LAYERS_AT = const(32)  # the layers that run before the state moves
READOUT_AT = const(33)  # the one layer that runs after it
RATE_SHIFT = const(34)  # rates are in Q(20 - RATE_SHIFT); it may be negative
HEADER = const(35)
WORDS = const(8)


def build(sizes, flags, own, header, chains, scratch=0):
    """Return (words, weights, places) of a cell of sizes (n, m, k), as `cells` describes them.

    own, header: the cell's own entries, as layout.lay_out takes them. chains: lists of layers,
    each (name, rows, columns, entry of the vector, entry of the results, offset there, entry of
    the table or 0). The lists follow one another at LAYERS_AT. Three header entries for each layer
    follow `header`. scratch: words that the cell needs at ACC_AT.
    """
    every = [layer for chain in chains for layer in chain]
    made = [(LAYERS_AT, WORDS * len(every) + len(chains)), (READOUT_AT, WORDS + 1)]
    most = max(layout.padded(sizes[2]), scratch)
    widest = 2
    for i, (_, rows, columns, _, out, _, _) in enumerate(every):
        rows = layout.padded(rows)
        widest = max(widest, columns + (columns & 1))
        most = max(most, rows)
        made += [(header + 3 * i + 1, rows), (header + 3 * i + 2, rows)]
        if not out:
            made.append((header + 3 * i, rows))
    # A sum for each row. Then half a word for each column, where kernels with DSP pack a vector.
    # Sensor values that the model does not take go there, too.
    own = ((layout.ACC_AT, most), (layout.GAIN_AT, widest // 2)) + own + tuple(made)
    words = layout.lay_out(sizes, flags, own, header + 3 * len(every))
    begin = 0
    places = {}
    at = words[LAYERS_AT] >> 2
    own_at = header
    for chain in chains:
        for name, rows, columns, vector, out, offset, table in chain:
            columns += columns & 1
            words[at] = rows
            words[at + 1] = columns
            words[at + 2] = begin
            words[at + 3] = places[name + ".bias"] = words[own_at + 1]
            words[at + 4] = places[name + ".multiplier"] = words[own_at + 2]
            # Without an entry of its own, the layer's input is the result of the layer before.
            words[at + 5] = words[vector or own_at - 3]
            words[at + 6] = words[out or own_at] + offset
            words[at + 7] = words[table] if table else 0
            places[name + ".weight"] = begin, columns
            begin += layout.padded(rows) * columns
            at += WORDS
            own_at += 3
        at += 1
    words[layout.OUT_WEIGHTS_AT] = begin
    at = words[READOUT_AT] >> 2
    words[at] = sizes[2]
    words[at + 1] = words[layout.FEATURES]
    words[at + 2] = begin
    words[at + 3] = words[layout.OUT_BIAS_AT]
    words[at + 4] = words[layout.OUT_MULTIPLIER_AT]
    words[at + 5] = words[layout.FEATURE_AT if flags & layout.MEAN else layout.V_AT]
    words[at + 6] = words[layout.Y_AT]
    return words, layout.weights_for(words), places


def shapes(chain):
    """Return {name: shape} of the tensors of a list of layers."""
    wanted = {}
    for name, rows, columns, _, _, _, _ in chain:
        wanted[name + ".weight"] = rows, columns
        wanted[name + ".bias"] = wanted[name + ".multiplier"] = (rows,)
    return wanted


def lists(words, count):
    """Return the byte offsets of the first `count` lists of layers."""
    found = []
    at = words[LAYERS_AT] >> 2
    for _ in range(count):
        found.append(4 * at)
        while words[at]:
            at += WORDS
        at += 1
    return found


def verify(words, at):
    """Raise ValueError if a multiplier of the layers at byte offset `at` is out of range."""
    at >>= 2
    while words[at]:
        layout.check_multipliers(words, at + 4, words[at])
        at += WORDS


def run(words, weights, at):
    """Compute the layers whose records begin at the byte offset `at`."""
    at >>= 2
    while words[at]:
        rows, columns, begin, bias_at, multiplier_at, vector_at, out_at, table_at = words[
            at : at + WORDS
        ]
        z = arithmetic.product(
            words, weights, begin, rows, columns, bias_at, vector_at, multiplier_at
        )
        table = words[table_at >> 2 : (table_at >> 2) + layout.NODES]
        for r in range(rows):
            words[(out_at >> 2) + r] = arithmetic.lookup(table, z[r]) if table_at else z[r]
        at += WORDS


def stepper(apply, run, move, average):
    """Return a cell's step, with the arguments of decay.step, built from a kernel's parts.

    move(words, dt_us): compute the state from the layers' results, and write the interval into the
    header.
    """

    def step(words, weights, dt_us, input_map):
        flags = words[layout.FLAGS]
        if flags & layout.INPUT_FIRST:
            apply(words, input_map)
        if dt_us:
            run(words, weights, words[LAYERS_AT])
            move(words, dt_us)
            if flags & layout.MEAN:
                average(words)
            run(words, weights, words[READOUT_AT])
        if not flags & layout.INPUT_FIRST:
            apply(words, input_map)

    return step


def around(apply, advance, average, run):
    """Return a cell's step as `stepper` does.

    advance(words, weights, dt_us): compute the state, and write the interval into the header.
    """

    def step(words, weights, dt_us, input_map):
        flags = words[layout.FLAGS]
        if flags & layout.INPUT_FIRST:
            apply(words, input_map)
        if dt_us:
            advance(words, weights, dt_us)
            if flags & layout.MEAN:
                average(words)
            run(words, weights, words[READOUT_AT])
        if not flags & layout.INPUT_FIRST:
            apply(words, input_map)

    return step


def average(words):
    """`arithmetic.average` over the interval in the header."""
    arithmetic.average(words, (words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT]))
