"""The step of cells with mixed memory in numpy; rivulet.integers.mixed has the equations."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from host_tools.integers.kernels import layers as dense
from host_tools.integers.kernels.parts import State, Table, apply, entry, view
from rivulet.integers import layers, layout, mixed
from rivulet.integers.arithmetic import ONE

_PER_US = 15625


def step_for(
    words: Any,
    weights: Any,
    places: Iterable[int],
    move: Callable[[Any, int], None],
    advancer: Callable[[Any, Any], Any],
) -> Any:
    """Return the step. places: byte offsets of the cell's lists of layers; the rest: as
    mixed.stepper takes it."""
    memory = words[mixed.MEMORY_AT], words[layers.READOUT_AT]
    run = dense.runner(words, weights, (*places, *memory))
    average = dense.averager(words)
    return mixed.stepper(apply, run, move, average, _remember(words), _fit(words), advancer)


def _remember(words: Any) -> Callable[[Any, int], None]:
    n, k = words[mixed.UNITS], words[mixed.SCALE_SHIFT]
    z = entry(words, mixed.Z_AT, 4 * n)
    tanh, sigmoid, forget = (
        Table(entry(words, at, layout.NODES))
        for at in (mixed.TANH_AT, mixed.SIGMOID_AT, mixed.FORGET_TABLE_AT)
    )
    values, shorts, rates = (
        entry(words, at, 2 * n) for at in (layout.X_AT, layout.V_AT, layout.ALPHA_AT)
    )
    x, memory = State(values[:n], shorts[:n]), State(values[n:], shorts[n:])

    def remember(words: Any, dt_us: int) -> None:
        a, enter, kept, leave = z.astype(np.int64).reshape(4, n)
        c = values[n:].astype(np.int64) * sigmoid(kept) >> 15
        c += a * sigmoid(enter) >> k
        c = np.clip(c, 1 - ONE, ONE - 1)
        memory.set(c)
        x.set(tanh((c + (1 << (18 - k))) >> (19 - k)) * sigmoid(leave) >> k)
        per_dt, shift = mixed.per_interval(dt_us, words[mixed.RATE_BITS])
        rate = (forget(kept) * per_dt >> 15) * _PER_US
        rate = rate >> -shift if shift < 0 else rate << shift
        rates[n:] = np.clip(rate, 1, ONE - 1)

    return remember


def _fit(words: Any) -> Callable[[Any], None]:
    def fit(words: Any) -> None:
        first, count = words[mixed.FIRST] >> 2, words[mixed.COUNT]
        x, v = (view(words, (words[at] >> 2) + first, count) for at in (layout.X_AT, layout.V_AT))
        State(x, v).set(x.astype(np.int64) >> words[mixed.FIT])

    return fit
