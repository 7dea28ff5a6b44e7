"""Dense layers in integers, which cells other than decay's are made of; in plain Python.

layers_viper.py does the same faster. A layer is eight words; layers follow one another, and a
word of zero ends them:

    rows, columns (padded to two), byte offset of its rows in `weights`, then byte offsets in
    words: biases, multipliers, the vector that it sees, where its results go, a table or 0

    z = mul_shift(B + sum(W v)) of every row; with a table, what the table has at z

Names, layouts and functions are those of decay.py. The header of such a cell goes on where
layout.HEADER ends, and these entries are the first.
"""

from rivulet.compat import const
from rivulet.integers import arithmetic, layout

LAYERS_AT = const(32)  # what runs before the state moves
READOUT_AT = const(33)  # what runs behind it: one layer
RATE_SHIFT = const(34)  # rates are Q20 shifted right by this, which may be negative
HEADER = const(35)
WORDS = const(8)


def build(sizes, flags, own, header, chain, scratch=0):
    """(words, weights, places) of a cell of sizes (n, m, k), as `cells` has them.

    own, header: the cell's own entries, as layout.lay_out takes them. chain: its layers, each
    (name, rows, columns, entry of the vector, entry of the results, offset there, entry of the
    table or 0). Three header entries for each layer follow `header`. scratch: words that the
    cell needs at ACC_AT.
    """
    made = [(LAYERS_AT, WORDS * len(chain) + 1), (READOUT_AT, WORDS + 1)]
    most = max(layout.padded(sizes[2]), scratch)
    for i, (_, rows, _, _, out, _, _) in enumerate(chain):
        rows = layout.padded(rows)
        most = max(most, rows)
        made += [(header + 3 * i + 1, rows), (header + 3 * i + 2, rows)]
        if not out:
            made.append((header + 3 * i, rows))
    # A sum for each row in turn, and a word for what a sensor gives and the model does not take.
    own = ((layout.ACC_AT, most), (layout.GAIN_AT, 1)) + own + tuple(made)
    words = layout.lay_out(sizes, flags, own, header + 3 * len(chain))
    begin = 0
    places = {}
    at = words[LAYERS_AT] >> 2
    for i, (name, rows, columns, vector, out, offset, table) in enumerate(chain):
        own_at = header + 3 * i
        columns += columns & 1
        words[at] = rows
        words[at + 1] = columns
        words[at + 2] = begin
        words[at + 3] = places[name + ".bias"] = words[own_at + 1]
        words[at + 4] = places[name + ".multiplier"] = words[own_at + 2]
        # Without an entry: the layer before.
        words[at + 5] = words[vector or own_at - 3]
        words[at + 6] = words[out or own_at] + offset
        words[at + 7] = words[table] if table else 0
        places[name + ".weight"] = begin, columns
        begin += layout.padded(rows) * columns
        at += WORDS
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


def verify(words):
    """Raise ValueError if a multiplier is one no kernel bears."""
    at = words[LAYERS_AT] >> 2
    while words[at]:
        layout.check_multipliers(words, at + 4, words[at])
        at += WORDS


def run(words, weights, at):
    """The layers from the byte offset `at` on."""
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
    """One event of a cell of layers, `decay.step`, from a kernel's parts.

    move(words, dt_us): the state from the layers' results, and the interval into the header.
    """

    def step(words, weights, dt_us, inlet):
        flags = words[layout.FLAGS]
        if flags & layout.INPUT_FIRST:
            apply(words, inlet)
        if dt_us:
            run(words, weights, words[LAYERS_AT])
            move(words, dt_us)
            if flags & layout.MEAN:
                average(words)
            run(words, weights, words[READOUT_AT])
        if not flags & layout.INPUT_FIRST:
            apply(words, inlet)

    return step


def average(words):
    """`arithmetic.average` over the interval in the header."""
    arithmetic.average(words, (words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT]))
