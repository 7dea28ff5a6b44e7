"""The CfC cell's step in numpy; rivulet.integers.cfc has the equations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from host_tools.integers.kernels import layers as dense
from host_tools.integers.kernels import mixed as memory
from host_tools.integers.kernels.parts import Gains, Ints, State, Table, Words, entry, view
from rivulet.integers import arithmetic, cfc, layers, layout, mixed
from rivulet.integers.arithmetic import ONE

_COARSER = 6  # from Q26 to Q20

Move = Callable[[Any, int], None]


def step_for(words: Any, weights: Any) -> Any:
    """Return the step of a CfC model."""
    move = move_of(words, 0, words[cfc.COUNT])
    if not words[layout.FLAGS] & layout.MIXED:
        return dense.step_for(words, weights, move)
    places = (words[layers.LAYERS_AT],)
    return memory.step_for(words, weights, places, move, mixed.after_seeing)


def move_of(words: Any, first: int, count: int) -> Move:
    """Return what moves `count` units, of which the first is at byte `first` of all arrays."""
    make = _pure if words[layout.FLAGS] & cfc.PURE else _gated
    return make(words, first, count)


def _part(words: Any, at: int, first: int, count: int) -> Words:
    return view(words, (words[at] + first) >> 2, count)


def _state(words: Any, first: int, count: int) -> State:
    return State(*(_part(words, at, first, count) for at in (layout.X_AT, layout.V_AT)))


def _span(words: Any, dt_us: int) -> tuple[int, int, int]:
    """Return the interval, and write it into the header."""
    span: tuple[int, int, int] = arithmetic.interval(dt_us, exponent=words[layers.RATE_SHIFT] + 2)
    words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT] = span
    return span


def _gated(words: Any, first: int, n: int) -> Move:
    flags, shift = words[layout.FLAGS], words[cfc.GATE_SHIFT]
    heads = entry(words, cfc.HEADS_AT, 4 * n)
    rates = _part(words, layout.ALPHA_AT, first, n)
    sigmoid = Table(entry(words, cfc.SIGMOID_TABLE_AT, layout.NODES))
    gains, state = Gains(words, n), _state(words, first, n)
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


def _pure(words: Any, first: int, n: int) -> Move:
    f_shift, p_shift = words[cfc.F_SHIFT], words[cfc.P_SHIFT]
    limit, half = words[cfc.F_LIMIT], (1 << f_shift) >> 1
    heads, rates = entry(words, cfc.HEADS_AT, n), _part(words, layout.ALPHA_AT, first, n)
    leak, rest, factor = (
        _part(words, at, first, n).astype(np.int64)
        for at in (cfc.LEAK_AT, cfc.REST_AT, cfc.FACTOR_AT)
    )
    gains, state = Gains(words, n), _state(words, first, n)

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
