"""Mixed memory in integers: the LSTM that updates the state [x; c] before the cell does.

cells/lstm.py has its equations, arithmetic.py the numbers and the functions named here. For n
units and the state's scale S = 2^SCALE_SHIFT:

    a            candidate, from the tanh table, Q15; i, f, o: arguments of the sigmoid table, of
                 the products over [x; u], which stand at SEEN_AT
    c            c sigmoid(f) + a sigmoid(i), Q30, saturated
    x            tanh(c) sigmoid(o), Q30
    alpha of c   -ln sigmoid(f) / dt, from a table of the logarithm in Q11; 1 to 2^30 - 1

The bias of f includes the 1 that the equations add. A CfC, which writes its state in units of its
own, leaves it to `fit` to bring it to those of S.
"""

from rivulet.compat import const
from rivulet.integers import arithmetic, layers, layout

# Of cfc.py, which an LTC with mixed memory does not import; a test compares them.
FIRST = const(46)
COUNT = const(47)
MEMORY_AT = const(52)  # the records of its products
SEEN_AT = const(53)  # [x; u]
Z_AT = const(54)  # a of all units, then i, f and o
TANH_AT = const(55)
SIGMOID_AT = const(56)
FORGET_TABLE_AT = const(57)
SCALE_SHIFT = const(58)  # at most 6
FIT = const(59)  # by how much a CfC's own state is shifted
RATE_BITS = const(60)
UNITS = const(61)
HEADER = const(62)

# 10^6 = 15625 * 2^6. The shift also has the 11 bits of the table, the 30 of the reciprocal, and
# the 15 by which their product is shifted at once.
_PER_US = const(15625)
_SHIFT_PER_US = const(30 + 11 - 15 - 6)
_LONGEST_SHIFT = const(31)


def see(words):
    """Copy x and the inputs to SEEN_AT."""
    n, m, units = words[layout.HIDDEN], words[layout.INPUTS], words[UNITS]
    v, seen = words[layout.V_AT] >> 2, words[SEEN_AT] >> 2
    layout.copy(words, v, words, seen, units)
    layout.copy(words, v + n, words, seen + units, m)


def per_interval(dt_us, bits):
    """Return (r, shift): 1 / dt in 1/s is r 15625 2^(shift - 15), in Q(bits - 11)."""
    shift = bits - _SHIFT_PER_US
    if dt_us < 0:
        dt_us = -dt_us
        shift -= 10
    while dt_us < 0x8000:
        dt_us <<= 1
        shift += 1
    while dt_us > 0xFFFF:
        dt_us >>= 1
        shift -= 1
    return arithmetic.ONE // dt_us, max(shift, -_LONGEST_SHIFT)


def remember(words, dt_us):
    """Update [x; c] and the rates of c after an interval that is not 0."""
    n, k = words[UNITS], words[SCALE_SHIFT]
    x_at, v_at, alpha_at = (words[at] >> 2 for at in (layout.X_AT, layout.V_AT, layout.ALPHA_AT))
    z = words[Z_AT] >> 2
    tanh, sigmoid, forget = (
        words[words[at] >> 2 : (words[at] >> 2) + layout.NODES]
        for at in (TANH_AT, SIGMOID_AT, FORGET_TABLE_AT)
    )
    per_dt, shift = per_interval(dt_us, words[RATE_BITS])
    for r in range(n):
        a, enter, leave = words[z + r], words[z + n + r], words[z + 3 * n + r]
        f = words[z + 2 * n + r]
        kept = arithmetic.lookup(sigmoid, f)
        c = words[x_at + n + r]
        c = (c >> 15) * kept + (((c & 0x7FFF) * kept) >> 15)
        c += (a * arithmetic.lookup(sigmoid, enter)) >> k
        c = min(max(c, 1 - arithmetic.ONE), arithmetic.ONE - 1)
        words[x_at + n + r] = c
        words[v_at + n + r] = (c + (1 << 17)) >> 18
        out = arithmetic.lookup(tanh, (c + (1 << (18 - k))) >> (19 - k))
        x = (out * arithmetic.lookup(sigmoid, leave)) >> k
        words[x_at + r] = x
        words[v_at + r] = (x + (1 << 17)) >> 18
        rate = ((arithmetic.lookup(forget, f) * per_dt) >> 15) * _PER_US
        if shift < 0:
            rate >>= -shift
        elif rate > (arithmetic.ONE - 1) >> shift:
            rate = arithmetic.ONE - 1
        else:
            rate <<= shift
        words[alpha_at + n + r] = max(rate, 1)


def fit(words):
    """Bring the units that a CfC has just moved to the units of the state."""
    right = words[FIT]
    first, count = words[FIRST] >> 2, words[COUNT]
    x_at, v_at = (words[layout.X_AT] >> 2) + first, (words[layout.V_AT] >> 2) + first
    for i in range(count):
        x = words[x_at + i] >> right
        words[x_at + i] = x
        words[v_at + i] = (x + (1 << 17)) >> 18


def chain(n, m, tanh_at):
    """Return the memory's products, as layers.build takes them. tanh_at: entry of that table."""
    return [
        ("memory.candidate", n, n + m, SEEN_AT, Z_AT, 0, tanh_at),
        ("memory.gates", 3 * n, n + m, SEEN_AT, Z_AT, 4 * n, 0),
    ]


def entries(n, m):
    """Return the header's entries, as layout.lay_out takes them."""
    seen = n + m
    return (
        (SEEN_AT, seen + (seen & 1)),
        (Z_AT, 4 * n),
        (FORGET_TABLE_AT, layout.NODES),
    )


def shapes(chain):
    """Return {name: shape} of the memory's tensors."""
    wanted = layers.shapes(chain)
    wanted["table.forget"] = (layout.NODES,)
    return wanted


def check(settings):
    """Check the settings. Raises ValueError."""
    for key, largest in (("memory_shift", 6), ("memory_fit", 6)):
        value = settings.get(key)
        if not isinstance(value, int) or not 0 <= value <= largest:
            raise ValueError(
                "'%s' of mixed memory must be a whole number from 0 to %d" % (key, largest)
            )


def place(settings, words, places, memory_at, tanh_at, sigmoid_at):
    """Write the settings into the header, and the place of the table.

    memory_at: byte offset of the records; tanh_at, sigmoid_at: entries of these tables.
    """
    words[MEMORY_AT] = memory_at
    words[TANH_AT], words[SIGMOID_AT] = words[tanh_at], words[sigmoid_at]
    words[SCALE_SHIFT], words[FIT] = settings["memory_shift"], settings["memory_fit"]
    words[RATE_BITS] = settings.get("rate_bits", 20)
    words[UNITS] = words[layout.HIDDEN] >> 1
    places["table.forget"] = words[FORGET_TABLE_AT]


def verify(words):
    layers.verify(words, words[MEMORY_AT])
    if min(layout.view(words, FORGET_TABLE_AT, layout.NODES)) < 0:
        raise ValueError("table.forget is out of range")


def after_seeing(run, move):
    """Return what moves a cell whose products are over [x; u]."""

    def advance(words, weights, dt_us):
        see(words)
        run(words, weights, words[layers.LAYERS_AT])
        move(words, dt_us)

    return advance


def without_products(run, move):
    """Return what moves a cell that has no products of layers."""

    def advance(words, weights, dt_us):
        move(words, dt_us)

    return advance


def stepper(apply, run, move, average, remember, fit, advancer):
    """Return the step, with the arguments of decay.step, built from a kernel's parts.

    advancer(run, move) returns the function that moves the cell, as layers.around takes it.
    """

    def moved(words, dt_us):
        move(words, dt_us)
        if words[FIT]:
            fit(words)

    advance = advancer(run, moved)

    def both(words, weights, dt_us):
        see(words)
        run(words, weights, words[MEMORY_AT])
        remember(words, dt_us)
        advance(words, weights, dt_us)

    return layers.around(apply, both, average, run)
