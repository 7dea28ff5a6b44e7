"""The two buffers of an integer model: their header, and functions that build and read them.

`words`, an array("i"), begins with the header named below. Entries with _AT are byte offsets into
`words`. `weights`, a bytearray, holds each int8 weight plus 128, eight rows at a time, column by
column: row r, column c is at ((r >> 3) * columns + c) * 8 + (r & 7). Rows are padded to a multiple
of eight and columns to a multiple of two; the padding is zero. A bytearray begins at a multiple of
4 bytes, and so does every product's first weight: some kernels read whole words.

The gates of a decay cell may be sparse: each group of eight rows keeps only some of its columns,
at least one. The kept weights follow one another. At SPARSE_AT stands one word for each kept
column: the byte offset of its v in `words`, doubled, plus 1 if it is the last of its group.

An input map, an array("i"), carries one sensor's values to inputs: count; `count` raw integers;
then for each of them (byte offset of its v in `words`, M, O, b). It sets v = clamp((raw M + O) >>
b) to +-32767; |raw M| and |O| are below 2^30.
"""

from array import array

from rivulet.compat import addressof, const, micropython, ptr8, ptr32

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
GAIN_AT = const(16)  # scratch, hidden + 1, and at least COLUMNS
BIAS_AT = const(17)
MULTIPLIER_AT = const(18)  # M | b << 16
OUT_BIAS_AT = const(19)
OUT_MULTIPLIER_AT = const(20)
ALPHA_TABLE_AT = const(21)
DRIVE_TABLE_AT = const(22)
RECIPROCAL_TABLE_AT = const(23)
DECAY_TABLE_AT = const(24)
OUT_WEIGHTS_AT = const(25)  # byte offset in `weights`
SPARSE_AT = const(26)  # 0 for dense gates
# The Thumb step keeps its arguments in the three words before HEADER that follow SPARSE_AT: its
# load instructions reach no further. Every kernel keeps the interval here.
MANTISSA = const(29)
RIGHT = const(30)
LEFT = const(31)
HEADER = const(32)

# FLAGS
MEAN = const(1)
ADDITIVE = const(2)
INPUT_FIRST = const(4)
MIXED = const(32)  # an LSTM moves the state before the cell does

# Entries of a lookup table, and of the table of exp(-s).
NODES = const(513)
DECAY_NODES = const(193)
_GROUP = const(8)


def lay_out(sizes, flags, own, header=HEADER, beside=0):
    """Return the words of a cell of sizes (n, m, k), zero except for the header.

    own: (entry, length in words) of the cell's own parts. The first one is ACC_AT, so that all a
    model remembers lies together, from CONFIDENCE_AT on (see `memory`). beside: words behind the
    features, for inputs that the readout reads.
    """
    hidden, inputs, outputs = sizes
    columns = hidden + inputs + (hidden + inputs & 1)
    features = hidden + (hidden & 1)
    out_rows = padded(outputs)
    entries = (
        (OUT_BIAS_AT, out_rows),
        (OUT_MULTIPLIER_AT, out_rows),
        (CONFIDENCE_AT, 1),
        (X_AT, hidden),
        (MEAN_AT, hidden),
        (ALPHA_AT, hidden + 1),
        (V_AT, columns),
        (FEATURE_AT, features + beside),
        (Y_AT, out_rows),
    ) + own
    count = header + sum(size for _, size in entries)
    # Of a range, which takes no memory: bytes of this size would leave a hole of it in the heap.
    words = array("i", range(count))
    clear(words, 0, count)
    at = header
    for entry, size in entries:
        words[entry] = 4 * at
        at += size
    words[HIDDEN] = hidden
    words[INPUTS] = inputs
    words[OUTPUTS] = outputs
    words[FLAGS] = flags
    words[COLUMNS] = columns
    words[FEATURES] = features
    words[OUT_ROWS] = out_rows
    return words


def weights_for(words):
    """Return a bytearray of zero weights for these words."""
    size = words[OUT_WEIGHTS_AT] + words[OUT_ROWS] * words[FEATURES]
    weights = bytearray(size)
    lift(weights, 0, size)
    return weights


def view(words, entry, count):
    """Return `count` words, from the offset in the header's `entry` on, as a memoryview."""
    first = words[entry] >> 2
    return memoryview(words)[first : first + count]


def memory(words):
    """Return all that a step changes, without scratch, as one memoryview.

    It begins at CONFIDENCE_AT. A copy of it is the model's state.
    """
    first = words[CONFIDENCE_AT] >> 2
    return memoryview(words)[first : words[ACC_AT] >> 2]


@micropython.viper
def clear(words: ptr32, begin: int, count: int):
    """Set `count` words from index `begin` on to zero."""
    i = 0
    while i < count:
        # A sum: see `export`.
        words[begin + i] = 0
        i += 1


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
    """Add 128 to int8 weights that were read straight into their place."""
    while begin < end:
        weights[begin] = int(weights[begin]) ^ 0x80
        begin += 1


@micropython.viper
def copy(source: ptr32, begin: int, target: ptr32, at: int, count: int):
    """Copy words by index; a slice would be a heap object."""
    i = 0
    while i < count:
        target[at + i] = source[begin + i]
        i += 1


@micropython.viper
def export(words: ptr32, spans: ptr32, blocks: int, out: ptr8, at: int) -> int:
    """Write blocks of words into bytes, little-endian, without boxing one.

    spans: index of the first word and number of words of each block, for every bit of `blocks`.
    Returns the position after the last byte.
    """
    block = 0
    while blocks >> block:
        if (blocks >> block) & 1:
            begin = spans[block + block]
            count = spans[block + block + 1]
            i = 0
            while i < count:
                # A sum: MicroPython 1.26 and 1.27 on Thumb spoil an index that is a local in a
                # register.
                word = words[begin + i]
                out[at] = word & 0xFF
                out[at + 1] = (word >> 8) & 0xFF
                out[at + 2] = (word >> 16) & 0xFF
                out[at + 3] = (word >> 24) & 0xFF
                at += 4
                i += 1
        block += 1
    return at


def padded(rows):
    """Return the next multiple of eight: kernels compute that many rows at a time."""
    return (rows + _GROUP - 1) // _GROUP * _GROUP


def check_address(weights, address=addressof):
    """Raise ValueError if weights are not at a multiple of 4: some kernels read whole words."""
    if address(weights) & 3:
        raise ValueError("the weights are not at a multiple of 4 bytes")


def check_multipliers(words, entry, count):
    """Raise ValueError if a multiplier is negative or shifts by more than 30 bits."""
    multipliers = view(words, entry, count)
    if min(multipliers) < 0 or max(multipliers) >= 31 << 16:
        raise ValueError("a multiplier is out of range")
