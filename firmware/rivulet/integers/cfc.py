"""The CfC cell in integers, in plain Python; cfc_viper.py and cfc_thumb.py are faster.

cells/cfc.py has its equations. arithmetic.py and layers.py have the arithmetic that cells share.

    v      the state and the inputs, Q12 of x / state_scale and of the normalised input
    z      the layers' results for a moving unit. With gates: g1 and g2, from the tanh table, Q15;
           a, the rate of its gate, 1/s in Q(20 - RATE_SHIFT); b in Q(20 - GATE_SHIFT). Pure: f,
           a rate
    alpha  |a|, or |w| + |f|: Q(20 - RATE_SHIFT), 1 to 2^30 - 1

With gates, state_scale 1, for no_gate 2:
    t = b +- |a| dt            Q20, the product at most 768
    s = sigmoid(t)             Q15, from a table over +-16
    x = g1 + s (g2 - g1), or (g1 + s g2) / 2
Pure, everything in units of state_scale:
    e = exp(-alpha dt)                                     Q30, as 1 - gain
    p = (f >> F_SHIFT, rounded, +-F_LIMIT) C >> P_SHIFT    A f in Q30
    x = A - p e                                            Q30, saturated
"""

from rivulet.compat import const
from rivulet.integers import arithmetic, layers, layout

HEADS_AT = const(35)  # z: all units' g1, then g2, a and b; or f
SIGMOID_TABLE_AT = const(36)
GATE_SHIFT = const(37)
LEAK_AT = const(38)  # |w|
REST_AT = const(39)  # A, Q30
FACTOR_AT = const(40)  # C
F_SHIFT = const(41)
P_SHIFT = const(42)
F_LIMIT = const(43)
TANH_TABLE_AT = const(44)
ACTIVATION_TABLE_AT = const(45)
# The units that move: byte offset of the first one in an array of all units, and their number.
FIRST = const(46)
COUNT = const(47)
HEADER = const(48)

# FLAGS, in addition to those of layout.py
PURE = const(8)
NO_GATE = const(16)

# From Q26 to Q20.
_COARSER = const(6)


def move(words, dt_us):
    """Compute the state from `z` after an interval that is not 0."""
    shift = words[layers.RATE_SHIFT] + 2
    span = arithmetic.interval(dt_us, exponent=shift)
    words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT] = span
    if words[layout.FLAGS] & PURE:
        _move_pure(words, span)
    else:
        _move_gated(words, arithmetic.interval(dt_us, exponent=shift - _COARSER))


def _arrays(words, *entries):
    """Return the indices in `words` of the first moving unit in each array."""
    return [(words[at] + words[FIRST]) >> 2 for at in entries]


def _move_gated(words, span):
    n = words[COUNT]
    x_at, v_at, alpha_at = _arrays(words, layout.X_AT, layout.V_AT, layout.ALPHA_AT)
    heads = words[HEADS_AT] >> 2
    sigmoid = words[SIGMOID_TABLE_AT] >> 2
    sigmoid = words[sigmoid : sigmoid + layout.NODES]
    for i in range(n):
        g1, g2, a, b = (words[heads + i + part * n] for part in range(4))
        size = min(abs(a), arithmetic.ONE - 1)
        words[alpha_at + i] = max(size, 1)
        s = arithmetic.exponent(size, *span)
        t = (b << words[GATE_SHIFT]) + (s if a > 0 else -s)
        share = arithmetic.lookup(sigmoid, (t + 512) >> 10)
        if words[layout.FLAGS] & NO_GATE:
            x = (g1 << 14) + ((g2 * share) >> 1)
        else:
            x = (g1 << 15) + (g2 - g1) * share
        words[x_at + i] = x
        words[v_at + i] = (x + (1 << 17)) >> 18


def _move_pure(words, span):
    n, heads = words[COUNT], words[HEADS_AT] >> 2
    x_at, v_at, alpha_at = _arrays(words, layout.X_AT, layout.V_AT, layout.ALPHA_AT)
    leak_at, rest_at, factor_at = _arrays(words, LEAK_AT, REST_AT, FACTOR_AT)
    decay = words[layout.DECAY_TABLE_AT] >> 2
    decay = words[decay : decay + layout.DECAY_NODES]
    shift, limit = words[F_SHIFT], words[F_LIMIT]
    half = (1 << shift) >> 1
    for i in range(n):
        f = words[heads + i]
        alpha = min(max(abs(f) + words[leak_at + i], 1), arithmetic.ONE - 1)
        words[alpha_at + i] = alpha
        e = arithmetic.ONE - arithmetic.gain(arithmetic.exponent(alpha, *span), decay)
        f = min(max((f + half) >> shift, -limit), limit)
        p = (f * words[factor_at + i]) >> words[P_SHIFT]
        x = words[rest_at + i] - (p >> 15) * (e >> 15)
        x -= (((p & 0x7FFF) * (e >> 15)) >> 15) + (((p >> 15) * (e & 0x7FFF)) >> 15)
        x = min(max(x, 1 - arithmetic.ONE), arithmetic.ONE - 1)
        words[x_at + i] = x
        words[v_at + i] = (x + (1 << 17)) >> 18


step = layers.stepper(arithmetic.apply, layers.run, move, layers.average)
