"""The LTC cell in integers, in plain Python; ltc_viper.py and ltc_thumb.py are faster.

cells/ltc.py has its equations. arithmetic.py and layers.py have the arithmetic that cells share.

    v      potentials and inputs, Q12 of v / state_scale and of the normalised input
    synapse j -> i      z = (v_j sigma + offset) >> shift     Q10, clamped as a table takes it;
                        the sum is below 2^31 - 2^14
                        s = sigmoid(z)                        Q15, from a table over +-16
    D, N   conductance and current of a neuron: the leak, plus w s and pull s of every synapse
           into it. Each neuron has its own unit for D and N / state_scale, so that |N| <= D
    alpha  D / cm, 1/s in Q(20 - RATE_SHIFT), 1 to 2^30 - 1

An interval is UNFOLDS steps of h = dt / UNFOLDS. A semi-implicit step is a move by a gain:
    q = N / D                  Q15
    k = s / (1 + s), s = alpha h                              Q30
    v += k (q - v)             arithmetic.move; k <= 1 keeps v within its bounds, whatever h is
All sums are computed before any potential moves. The inputs do not change during an interval, so
their synapses are summed once.

A synapse is three words: byte offset of v_j in words | sigma << 16; offset; w | pull << 16. The
synapses follow one another, neuron after neuron; COUNTS has the number of each neuron's. `sums`
reads a record of five words: the byte offsets of synapses, counts, initial sums and results (D of
all neurons, then N), and shift.
"""

from rivulet.compat import const, micropython, ptr8, ptr16, ptr32
from rivulet.integers import arithmetic, layers, layout

HELD_AT = const(35)  # sums of leak and input synapses
LEAK_AT = const(36)
SENSORY_AT = const(37)  # record of `sums` for the synapses of inputs
RECURRENT_AT = const(38)  # the same for those of neurons
SIGMOID_TABLE_AT = const(39)
RATE_MULTIPLIER_AT = const(40)
UNFOLDS = const(41)
SCALE = const(42)  # `scale` of arithmetic.interval, for h instead of dt
COUNTS_AT = const(43)  # each neuron's synapses from inputs, then those from neurons
SYNAPSES_AT = const(44)
NEURONS = const(45)
HEADER = const(46)

SYNAPSE_WORDS = const(3)
_LONGEST_SHIFT = const(31)


def reciprocal(d):
    """Return (r, c) with 1 / d = r 2^-(30 + c), for an integer d > 0.

    The relative error is above -2^-14 and below 2^-15, and 0 for powers of two.
    """
    c = 0
    while d > 0xFFFF:
        d >>= 1
        c += 1
    while d < 0x8000:
        d <<= 1
        c -= 1
    return arithmetic.ONE // d, c


def quotient(numerator, d):
    """Return numerator / d in Q15, for |numerator| <= d."""
    r, c = reciprocal(max(d, 1))
    numerator = numerator >> c if c > 0 else numerator << -c
    return min(max((numerator * r) >> 15, -32767), 32767)


def gain(p, shift):
    """Return s / (1 + s) in Q30, for s = p 2^(shift - 26), p below 2^31."""
    p >>= 1
    one = 25 - shift
    right = max(one - 29, 0)
    d = p >> min(right, _LONGEST_SHIFT)
    if one >= 0:
        d += 1 << (one - right)
    r, c = reciprocal(max(d, 1))
    k = (p >> 15) * r + (((p & 0x7FFF) * r) >> 15)
    c += right - 15
    return min(k >> min(c, _LONGEST_SHIFT) if c > 0 else k << -c, arithmetic.ONE)


def begin(words, dt_us):
    """Write the interval of one step into the header."""
    span = arithmetic.interval(dt_us, words[SCALE], words[layers.RATE_SHIFT] + 2)
    words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT] = span


def sums(words, at):
    """Sum conductances and currents; the record of five words is at the byte offset `at`."""
    n = words[NEURONS]
    synapse, count, base, out, shift = words[at >> 2 : (at >> 2) + 5]
    synapse >>= 2
    table = words[SIGMOID_TABLE_AT] >> 2
    table = words[table : table + layout.NODES]
    for i in range(n):
        conductance, current = words[(base >> 2) + i], words[(base >> 2) + n + i]
        for _ in range(words[(count >> 2) + i]):
            source, offset, pull = words[synapse : synapse + SYNAPSE_WORDS]
            z = (words[(source & 0xFFFF) >> 2] * (source >> 16) + offset) >> shift
            s = arithmetic.lookup(table, z)
            conductance += (pull & 0xFFFF) * s
            current += (pull >> 16) * s
            synapse += SYNAPSE_WORDS
        words[(out >> 2) + i] = conductance
        words[(out >> 2) + n + i] = current


def settle(words):
    """Compute potentials and rates after one step from the sums."""
    n = words[NEURONS]
    x_at, v_at, alpha_at = (words[at] >> 2 for at in (layout.X_AT, layout.V_AT, layout.ALPHA_AT))
    acc, multiplier = words[layout.ACC_AT] >> 2, words[RATE_MULTIPLIER_AT] >> 2
    mantissa = words[layout.MANTISSA]
    shift = words[layout.LEFT] - words[layout.RIGHT]
    for i in range(n):
        conductance = words[acc + i]
        alpha = arithmetic.mul_shift(conductance, words[multiplier + i])
        alpha = min(max(alpha, 1), arithmetic.ONE - 1)
        words[alpha_at + i] = alpha
        p = (alpha >> 15) * mantissa + (((alpha & 0x7FFF) * mantissa) >> 15)
        q = quotient(words[acc + n + i], conductance)
        x = arithmetic.move(words[x_at + i], q, gain(p, shift))
        words[x_at + i] = x
        words[v_at + i] = (x + (1 << 17)) >> 18


def mover(begin, sums, settle):
    """Return a function that moves the state over an interval, built from a kernel's parts."""

    def move(words, dt_us):
        begin(words, dt_us)
        sums(words, words[SENSORY_AT])
        recurrent = words[RECURRENT_AT]
        for _ in range(words[UNFOLDS]):
            sums(words, recurrent)
            settle(words)

    return move


@micropython.viper
def place(
    words: ptr32,
    begin: int,
    v_at: int,
    count: int,
    source: ptr8,
    sigma: ptr16,
    offset: ptr32,
    conductance: ptr16,
    current: ptr16,
):
    """Write `count` synapses from word `begin` on; `source` holds indices into v."""
    i = 0
    while i < count:
        # A sum: MicroPython 1.26 and 1.27 on Thumb spoil an index that is a local in a register.
        at = begin + 3 * i
        steep = ((int(sigma[i]) & 0xFFFF) ^ 0x8000) - 0x8000
        pull = ((int(current[i]) & 0xFFFF) ^ 0x8000) - 0x8000
        words[at] = steep * 65536 + v_at + 4 * int(source[i])
        words[at + 1] = offset[i]
        words[at + 2] = pull * 65536 + int(conductance[i])
        i += 1


move = mover(begin, sums, settle)
step = layers.stepper(arithmetic.apply, layers.run, move, layers.average)
