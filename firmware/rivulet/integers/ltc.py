"""The LTC cell in integers; cells/ltc.py has its equations, integers/decay.py and layers.py the
arithmetic that it shares. In plain Python; ltc_viper.py does the same faster.

    v      potentials and inputs, Q12 of v / state_scale and of the normalised input
    synapse j -> i      z = (v_j sigma + offset) >> shift     Q10, clamped as a table takes it
                        s = sigmoid(z)                        Q15, by a table over +-16
    D, N   conductance and current of a neuron: leak, and w s, pull s of every synapse into it.
           Each neuron has a unit of its own, of D and of N / state_scale, so that |N| <= D
    alpha  D / cm, 1/s in Q(20 - RATE_SHIFT), 1 to 2^30 - 1

An interval is UNFOLDS steps of h = dt / UNFOLDS, whose semi-implicit form is a move by a gain:
    q = N / D                  Q15
    k = s / (1 + s), s = alpha h                              Q30
    v += k (q - v)             arithmetic.move; k <= 1 keeps v within its bounds, whatever h is
Sums are all taken before a potential moves. Inputs do not change meanwhile: their synapses are
summed once.

A synapse is three words: v_j's byte offset in words | sigma << 16; offset; w | pull << 16. They
follow one another, neuron after neuron, as many as COUNTS say. What `sums` takes is five words:
byte offsets of synapses, of counts, of the sums to begin with and of those to write (D of all
neurons, then N), and shift.
"""

from rivulet.compat import const, micropython, ptr8, ptr16, ptr32
from rivulet.integers import arithmetic, layers, layout

HELD_AT = const(35)  # sums of leak and inputs
LEAK_AT = const(36)
SENSORY_AT = const(37)  # what `sums` takes for inputs
RECURRENT_AT = const(38)  # and for neurons
SIGMOID_TABLE_AT = const(39)
RATE_MULTIPLIER_AT = const(40)
UNFOLDS = const(41)
SCALE = const(42)  # of arithmetic.interval, for h
COUNTS_AT = const(43)  # of inputs' synapses, then of neurons'
SYNAPSES_AT = const(44)
HEADER = const(45)

SYNAPSE_WORDS = const(3)
_LONGEST_SHIFT = const(31)


def reciprocal(d):
    """(r, c) of a whole d > 0: 1 / d = r 2^-(30 + c), low by less than 2^-13 of it."""
    c = 0
    while d > 0xFFFF:
        d >>= 1
        c += 1
    while d < 0x8000:
        d <<= 1
        c -= 1
    return arithmetic.ONE // d, c


def quotient(numerator, d):
    """numerator / d in Q15, |numerator| <= d."""
    r, c = reciprocal(max(d, 1))
    numerator = numerator >> c if c > 0 else numerator << -c
    return min(max((numerator * r) >> 15, -32767), 32767)


def gain(p, shift):
    """s / (1 + s) in Q30 of s = p 2^(shift - 26), p below 2^31."""
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
    """The interval of a step into the header."""
    span = arithmetic.interval(dt_us, words[SCALE], words[layers.RATE_SHIFT] + 2)
    words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT] = span


def sums(words, at):
    """Conductances and currents, as the five words at the byte offset `at` say."""
    n = words[layout.HIDDEN]
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
    """Potentials and rates from their sums, after one step."""
    n = words[layout.HIDDEN]
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
    """The state over an interval, from a kernel's parts."""

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
    """Write `count` synapses from word `begin` on; sources are numbers in v."""
    i = 0
    while i < count:
        # Computed anew: some versions' Thumb code changes an index that is a local in a register.
        at = begin + 3 * i
        steep = ((int(sigma[i]) & 0xFFFF) ^ 0x8000) - 0x8000
        pull = ((int(current[i]) & 0xFFFF) ^ 0x8000) - 0x8000
        words[at] = steep * 65536 + v_at + 4 * int(source[i])
        words[at + 1] = offset[i]
        words[at + 2] = pull * 65536 + int(conductance[i])
        i += 1


step = layers.stepper(arithmetic.apply, layers.run, mover(begin, sums, settle), layers.average)
