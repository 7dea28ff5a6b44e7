"""The CfC cell's step in numpy; rivulet.integers.cfc has the equations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from host_tools.integers.kernels import layers as dense
from host_tools.integers.kernels.parts import Gains, Ints, Table, entry, state_of
from rivulet.integers import arithmetic, cfc, layers, layout
from rivulet.integers.arithmetic import ONE

_COARSER = 6  # from Q26 to Q20

Move = Callable[[Any, int], None]


def step_for(words: Any, weights: Any) -> Any:
    """Return the step of a CfC model."""
    pure = words[layout.FLAGS] & cfc.PURE
    return dense.step_for(words, weights, _pure(words) if pure else _gated(words))


def _span(words: Any, dt_us: int) -> tuple[int, int, int]:
    """Return the interval, and write it into the header."""
    span: tuple[int, int, int] = arithmetic.interval(dt_us, exponent=words[layers.RATE_SHIFT] + 2)
    words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT] = span
    return span


def _gated(words: Any) -> Move:
    n, flags, shift = words[layout.HIDDEN], words[layout.FLAGS], words[cfc.GATE_SHIFT]
    heads = entry(words, cfc.HEADS_AT, 4 * n)
    rates = entry(words, layout.ALPHA_AT, n)
    sigmoid = Table(entry(words, cfc.SIGMOID_TABLE_AT, layout.NODES))
    gains, state = Gains(words, n), state_of(words)
    coarser = words[layers.RATE_SHIFT] + 2 - _COARSER

    def move(words: Any, dt_us: int) -> None:
        _span(words, dt_us)
        g1, g2, a, b = heads.astype(np.int64).reshape(4, n)
        size = np.minimum(np.abs(a), ONE - 1)
        rates[:] = np.maximum(size, 1)
        elapsed = gains.exponent(size, arithmetic.interval(dt_us, exponent=coarser))
        t = (b << shift) + np.where(a > 0, elapsed, -elapsed)
        share = sigmoid((t + 512) >> 10)
        if flags & cfc.NO_GATE:
            state.set((g1 << 14) + (g2 * share >> 1))
        else:
            state.set((g1 << 15) + (g2 - g1) * share)

    return move


def _pure(words: Any) -> Move:
    n, f_shift, p_shift = (words[at] for at in (layout.HIDDEN, cfc.F_SHIFT, cfc.P_SHIFT))
    limit, half = words[cfc.F_LIMIT], (1 << f_shift) >> 1
    heads, rates = entry(words, cfc.HEADS_AT, n), entry(words, layout.ALPHA_AT, n)
    leak, rest, factor = (
        entry(words, at, n).astype(np.int64) for at in (cfc.LEAK_AT, cfc.REST_AT, cfc.FACTOR_AT)
    )
    gains, state = Gains(words, n), state_of(words)

    def move(words: Any, dt_us: int) -> None:
        f: Ints = heads.astype(np.int64)
        alpha = np.clip(np.abs(f) + leak, 1, ONE - 1)
        rates[:] = alpha
        e = ONE - gains(alpha, _span(words, dt_us))
        p = np.clip((f + half) >> f_shift, -limit, limit) * factor >> p_shift
        x = rest - (p >> 15) * (e >> 15)
        x -= ((p & 0x7FFF) * (e >> 15) >> 15) + ((p >> 15) * (e & 0x7FFF) >> 15)
        state.set(np.clip(x, 1 - ONE, ONE - 1))

    return move
