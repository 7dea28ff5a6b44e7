"""The two buffers of an integer model, laid out as decay.py says."""

from array import array

from rivulet.compat import const, micropython, ptr8, ptr32
from rivulet.integers import decay

GROUP = const(8)


def words_for(hidden, inputs, outputs, flags, blocks=0):
    """The words of a decay cell, all but its header zero.

    blocks: of sparse gates, how many there are (see `kept`), for `place_columns`; 0: dense.
    """
    columns = hidden + inputs + (hidden + inputs & 1)
    rows = padded(2 * hidden)
    words = lay_out(
        (hidden, inputs, outputs),
        flags,
        (
            (decay.ACC_AT, max(rows, padded(outputs))),
            (decay.GAIN_AT, max(hidden + 1, columns)),
            (decay.BIAS_AT, rows),
            (decay.MULTIPLIER_AT, rows),
            (decay.ALPHA_TABLE_AT, decay.NODES),
            (decay.DRIVE_TABLE_AT, decay.NODES),
            (decay.RECIPROCAL_TABLE_AT, decay.NODES if flags & decay.ADDITIVE else 0),
            (decay.DECAY_TABLE_AT, decay.DECAY_NODES),
            (decay.SPARSE_AT, blocks),
        ),
    )
    words[decay.ROWS] = rows
    words[decay.OUT_WEIGHTS_AT] = rows * columns
    if blocks:
        words[decay.OUT_WEIGHTS_AT] = blocks * GROUP
    else:
        words[decay.SPARSE_AT] = 0
    return words


def lay_out(sizes, flags, own, header=decay.HEADER):
    """The words of any cell, of sizes (n, m, k), with what its header says filled in.

    own: (entry, words) of all that is the cell's, what a step writes first.
    What a model remembers lies together, from CONFIDENCE_AT on (see `memory`).
    """
    hidden, inputs, outputs = sizes
    columns = hidden + inputs + (hidden + inputs & 1)
    features = hidden + (hidden & 1)
    out_rows = padded(outputs)
    entries = (
        (decay.OUT_BIAS_AT, out_rows),
        (decay.OUT_MULTIPLIER_AT, out_rows),
        (decay.CONFIDENCE_AT, 1),
        (decay.X_AT, hidden),
        (decay.MEAN_AT, hidden),
        (decay.ALPHA_AT, hidden + 1),
        (decay.V_AT, columns),
        (decay.FEATURE_AT, features),
        (decay.Y_AT, out_rows),
    ) + own
    words = array("i", bytes(4 * (header + sum(size for _, size in entries))))
    at = header
    for entry, size in entries:
        words[entry] = 4 * at
        at += size
    words[decay.HIDDEN] = hidden
    words[decay.INPUTS] = inputs
    words[decay.OUTPUTS] = outputs
    words[decay.FLAGS] = flags
    words[decay.COLUMNS] = columns
    words[decay.FEATURES] = features
    words[decay.OUT_ROWS] = out_rows
    return words


def weights_for(words):
    """A bytearray of zero weights for these words."""
    size = words[decay.OUT_WEIGHTS_AT] + words[decay.OUT_ROWS] * words[decay.FEATURES]
    return bytearray(b"\x80" * size)


def kept(counts):
    """How many blocks the kernels see; counts: how many columns each eight rows keep."""
    return sum(max(count, 1) for count in counts)


def place_columns(words, counts, columns):
    """Say which columns the blocks of sparse gates are, those of each eight rows in turn.

    Eight rows without any get a block, whose weights are to stay zero.
    """
    at = words[decay.SPARSE_AT] >> 2
    i = 0
    for count in counts:
        for _ in range(count):
            words[at] = (words[decay.V_AT] + 4 * columns[i]) << 1
            i += 1
            at += 1
        if not count:
            words[at] = words[decay.V_AT] << 1
            at += 1
        words[at - 1] |= 1


def view(words, entry, count):
    """`count` words from the offset in the header's `entry` on, as a memoryview."""
    first = words[entry] >> 2
    return memoryview(words)[first : first + count]


def memory(words):
    """All that a step changes but scratch, as one memoryview: a copy of it is the model's state.

    It begins at CONFIDENCE_AT.
    """
    first = words[decay.CONFIDENCE_AT] >> 2
    return memoryview(words)[first : words[decay.ACC_AT] >> 2]


@micropython.viper
def place_row(weights: ptr8, begin: int, columns: int, row: int, data: ptr8, count: int):
    """Store int8 weights `data` as a row of the product whose weights begin at `begin`."""
    at = begin + (row >> 3) * columns * 8 + (row & 7)
    i = 0
    while i < count:
        weights[at] = int(data[i]) ^ 0x80
        at += 8
        i += 1


@micropython.viper
def lift(weights: ptr8, begin: int, end: int):
    """Make int8 weights that were read to their place what the kernels take."""
    while begin < end:
        weights[begin] = int(weights[begin]) ^ 0x80
        begin += 1


@micropython.viper
def copy(source: ptr32, begin: int, target: ptr32, at: int, count: int):
    """Copy words by index: a slice would be a heap object."""
    i = 0
    while i < count:
        target[at + i] = source[begin + i]
        i += 1


@micropython.viper
def export(words: ptr32, begin: int, count: int, out: ptr8, at: int) -> int:
    """Write `count` words from index `begin` on into bytes, little-endian, without boxing one.

    Returns the position after the last byte.
    """
    i = 0
    while i < count:
        # A sum: MicroPython 1.26 and 1.27 on Thumb spoil an index that lies in a register.
        word = words[begin + i]
        out[at] = word & 0xFF
        out[at + 1] = (word >> 8) & 0xFF
        out[at + 2] = (word >> 16) & 0xFF
        out[at + 3] = (word >> 24) & 0xFF
        at += 4
        i += 1
    return at


def padded(rows):
    return (rows + GROUP - 1) // GROUP * GROUP


def check_multipliers(words, entry, count):
    """Raise ValueError if one shifts by more than the kernels do."""
    multipliers = view(words, entry, count)
    if min(multipliers) < 0 or max(multipliers) >= 31 << 16:
        raise ValueError("a multiplier is out of range")
