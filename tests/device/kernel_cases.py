"""Integer models with random and extreme contents, for the kernels' tests."""

from array import array

from fixtures import Numbers, settings

from rivulet.integers import decay, layout

SIZES = ((32, 4, 4), (1, 1, 1), (5, 3, 9), (7, 2, 1), (8, 8, 8))
INTERVALS_US = (0, 1, 2, 999, 32767, 32768, 65535, 65536, 10000, 100000, (1 << 30) - 1)
# 18 minutes to 12 days, in units of 1024 us.
LONG_INTERVALS = (-1, -(1 << 20), -(1 << 21), -(3 << 20), -(1 << 25), 1 - (1 << 30))
ORDINARY, LEAST, WILD = 0, 1, 2  # weights


class Integers(Numbers):
    def wide(self, limit):
        """Below `limit`, up to 2^31."""
        return (self.below(1 << 16) << 16 ^ self.below(1 << 16)) % limit

    def signed(self, limit):
        return self.wide(2 * limit - 1) - limit + 1

    def one_of(self, values):
        return values[self.below(len(values))]


def _put(words, entry, values):
    view = layout.view(words, entry, len(values))
    for i in range(len(values)):
        view[i] = values[i]


def decay_table():
    """round(65536 exp(-i/16)), the same on every width of float."""
    table = [65535]
    value = 65536 << 12
    for _ in range(192):
        value = value * 61565 >> 16
        table.append(value + 2048 >> 12)
    return table


def sparse_columns(numbers, groups, width):
    """(counts, columns) of random sparse gates: all, some or none in each eight rows."""
    counts, columns = [], []
    for _ in range(groups):
        share = numbers.below(5)
        kept = [c for c in range(width) if numbers.below(4) < share]
        counts.append(len(kept))
        columns += kept
    return counts, columns


def model(numbers, size, flags, kind, sparse=False):
    """(words, weights) of a model; WILD ones use all that the kernels promise to bear."""
    n, m, k = size
    counts = ()
    if sparse:
        counts, columns = sparse_columns(numbers, (2 * n + 7) // 8, n + m)
    words = decay.words_for(n, m, k, flags, decay.kept(counts))
    weights = layout.weights_for(words)

    def row(count):
        return bytes(0x80 if kind == LEAST else numbers.below(256) for _ in range(count))

    if sparse:
        decay.place_columns(words, counts, columns)
        at = 0
        for count in counts:
            weights[at : at + 8 * count] = bytes(b ^ 0x80 for b in row(8 * count))
            at += 8 * max(count, 1)
    else:
        for r in range(2 * n):
            layout.place_row(weights, 0, words[layout.COLUMNS], r, row(n + m), n + m)
    for o in range(k):
        begin = words[layout.OUT_WEIGHTS_AT]
        layout.place_row(weights, begin, words[layout.FEATURES], o, row(n), n)
    bias = 1 << (30 if kind == WILD else 22)
    shifts = (0, 3, 9, 30) if kind == WILD else (7, 8, 9)
    for bias_at, multiplier_at, rows in (
        (layout.BIAS_AT, layout.MULTIPLIER_AT, 2 * n),
        (layout.OUT_BIAS_AT, layout.OUT_MULTIPLIER_AT, k),
    ):
        _put(words, bias_at, [numbers.signed(bias) for _ in range(rows)])
        multipliers = [
            16384 + numbers.below(16384) | numbers.one_of(shifts) << 16 for _ in range(rows)
        ]
        _put(words, multiplier_at, multipliers)
    alpha = [1000]
    for _ in range(layout.NODES - 1):
        step = numbers.signed(1 << 24) if kind == WILD else numbers.below(50000)
        alpha.append(min(max(alpha[-1] + step, 1), (1 << 30) - 1))
    _put(words, layout.ALPHA_TABLE_AT, alpha)
    drive = [(i - 256) * (100 + numbers.below(28)) for i in range(layout.NODES)]
    _put(words, layout.DRIVE_TABLE_AT, [min(max(g, -32767), 32767) for g in drive])
    if flags & layout.ADDITIVE:
        reciprocal = [numbers.below(32768) for _ in range(layout.NODES)]
        _put(words, layout.RECIPROCAL_TABLE_AT, reciprocal)
    _put(words, layout.DECAY_TABLE_AT, decay_table())
    layout.view(words, layout.ALPHA_AT, n + 1)[n] = numbers.one_of((1, 1 << 19, 1 << 24))
    return words, weights


def input_map(numbers, words):
    """An input map for some of the inputs, with values at the edges among them."""
    n = words[layout.HIDDEN]
    taken = [c for c in range(words[layout.INPUTS]) if numbers.below(3)]
    made = [len(taken)]
    made += [numbers.one_of((-32768, 32767, 0, numbers.signed(32768))) for _ in taken]
    for c in taken:
        made += [
            words[layout.V_AT] + 4 * (n + c),
            numbers.signed(32768),
            numbers.signed(1 << 30),
            numbers.one_of((0, 10, 14, 15, 30)),
        ]
    return array("i", made)


def saturate(numbers, words):
    """States at their ends and anywhere between."""
    for r in range(words[layout.HIDDEN]):
        x = numbers.one_of((-(1 << 30), (1 << 30) - 1, numbers.signed(1 << 30)))
        words[(words[layout.X_AT] >> 2) + r] = x
        words[(words[layout.V_AT] >> 2) + r] = x + (1 << 17) >> 18


def cases(numbers, count):
    """(words, weights, flags) of so many models of every kind."""
    for _ in range(count):
        flags = numbers.below(8)
        kind = numbers.one_of((ORDINARY, ORDINARY, LEAST, WILD))
        yield model(numbers, numbers.one_of(SIZES), flags, kind, numbers.below(2))


def dense_twin(words, weights):
    """(words, weights) of the dense model that is the same as a sparse one."""
    n, m, k = words[layout.HIDDEN], words[layout.INPUTS], words[layout.OUTPUTS]
    twin = decay.words_for(n, m, k, words[layout.FLAGS])
    # The header's own offsets apart, all but the list of columns.
    twin[layout.HEADER :] = words[layout.HEADER : len(twin)]
    made = layout.weights_for(twin)
    begin, end = words[layout.OUT_WEIGHTS_AT], twin[layout.OUT_WEIGHTS_AT]
    made[end:] = weights[begin:]
    at, group = 0, 0
    for entry in words[words[layout.SPARSE_AT] >> 2 :]:
        column = (entry >> 1) - words[layout.V_AT] >> 2
        to = 8 * (group * words[layout.COLUMNS] + column)
        made[to : to + 8] = weights[at : at + 8]
        at += 8
        group += entry & 1
    return twin, made


def events(numbers, words, count):
    """(dt_us, input_map) of so many events; now and then the state is put to its ends before."""
    for _ in range(count):
        if numbers.below(6) == 0:
            saturate(numbers, words)
        any_us = (numbers.wide(1 << 30), numbers.wide(1 << 30), -numbers.wide(1 << 30))
        dt_us = numbers.one_of(INTERVALS_US + LONG_INTERVALS + any_us)
        yield dt_us, input_map(numbers, words)


def check_step(step, numbers, models, count, arrange=None):
    """That a kernel computes the plain one's bits, and writes nothing behind the scratch words.

    arrange: brings the weights of dense gates into the kernel's own order; it has no sparse ones.
    """
    for words, weights in cases(numbers, models):
        if arrange and words[layout.SPARSE_AT]:
            continue
        # The plain kernel's state is put to its ends too: both see the same words.
        other, others = array("i", words), bytearray(weights)
        if arrange:
            arrange(other, others)
        for dt_us, values in events(numbers, words, count):
            layout.memory(other)[:] = layout.memory(words)
            decay.step(words, weights, dt_us, values)
            step(other, others, dt_us, values)
            assert list(layout.memory(words)) == list(layout.memory(other)), (
                list(words[:8]),
                dt_us,
            )
            first = words[layout.BIAS_AT] >> 2
            assert words[first:] == other[first:]


def integer_settings(**changes):
    """The metadata of a good integer model file, changed."""
    made = settings(arithmetic="int8", state_scale=1.0, output_bits=10, mean_rate=1 << 19)
    made.update(changes)
    return made
