"""The CfC cell's equations, in plain floats."""

from math import exp, log, tanh

from fixtures import product

_FLOOR = 1e-9


def sigmoid(x):
    return 1.0 / (1.0 + exp(-x))


def companion(memory, state, u, seconds):
    """ncps' LSTM: ([x; c] after its step, the rates of c)."""
    inward, recurrent, bias = memory
    n = len(state) // 2
    x, c = state[:n], state[n:]
    z = [sum(parts) for parts in zip(product(inward, u), product(recurrent, x), bias)]
    forget = [sigmoid(value + 1.0) for value in z[2 * n : 3 * n]]
    c = [old * f + tanh(a) * sigmoid(i) for old, f, a, i in zip(c, forget, z[:n], z[n : 2 * n])]
    x = [tanh(value) * sigmoid(o) for value, o in zip(c, z[3 * n :])]
    return x + c, [-log(f) / seconds + _FLOOR for f in forget]


def closed_form(mode, heads, decay, elapsed, unit_s):
    """(state, rates) from the lists ff1, ff2, a, b, or ff1 alone in pure mode."""
    if mode == "pure":
        (w_tau, amplitude), f = decay, heads[0]
        rates = [abs(w) + abs(value) for w, value in zip(w_tau, f)]
        x = [a - a * exp(-elapsed * r) * v for a, r, v in zip(amplitude, rates, f)]
    else:
        g1, g2, a, b = heads
        g1, g2 = [tanh(value) for value in g1], [tanh(value) for value in g2]
        s = [sigmoid(p * elapsed + q) for p, q in zip(a, b)]
        rates = [abs(value) for value in a]
        if mode == "default":
            x = [p * (1.0 - r) + q * r for p, q, r in zip(g1, g2, s)]
        else:
            x = [p + q * r for p, q, r in zip(g1, g2, s)]
    return x, [rate / unit_s + _FLOOR for rate in rates]
