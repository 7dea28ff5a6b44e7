"""The decay cell's step in numpy; rivulet.integers.decay has the equations."""

from typing import Any

import numpy as np

from host_tools.integers.kernels.parts import (
    Floats,
    Gains,
    Mean,
    Rows,
    Table,
    apply,
    entry,
    read_out,
    rows_of,
    state_of,
)
from rivulet.integers import arithmetic, layout

_FIFTEEN = np.array(15)


def step_for(words: Any, weights: Any) -> Any:
    """Return the step of a decay model."""
    n, columns, flags = words[layout.HIDDEN], words[layout.COLUMNS], words[layout.FLAGS]
    weight = (
        _sparse(words, weights) if words[layout.SPARSE_AT] else rows_of(weights, 0, 2 * n, columns)
    )
    gates = Rows(
        weight,
        entry(words, layout.BIAS_AT, 2 * n),
        entry(words, layout.MULTIPLIER_AT, 2 * n),
    )
    rates, drives = (
        Table(entry(words, at, layout.NODES))
        for at in (layout.ALPHA_TABLE_AT, layout.DRIVE_TABLE_AT)
    )
    additive = flags & layout.ADDITIVE
    reciprocals = (
        Table(entry(words, layout.RECIPROCAL_TABLE_AT, layout.NODES)) if additive else None
    )
    seen = entry(words, layout.V_AT, columns)
    kept_rates = entry(words, layout.ALPHA_AT, n)
    gains, averaged = Gains(words, n), Mean(words) if flags & layout.MEAN else None
    state, outputs = state_of(words), read_out(words, weights)
    alpha, target, inverse = np.empty((3, n), np.int64)

    def advance(dt_us: int) -> None:
        z = gates(seen)
        rates(z[:n], alpha)
        drives(z[n:], target)
        if reciprocals:
            np.multiply(target, reciprocals(z[:n], inverse), out=target)
            np.right_shift(target, _FIFTEEN, out=target)
        kept_rates[:] = alpha
        span = arithmetic.interval(dt_us)
        state.move(target, gains(alpha, span))
        if averaged:
            averaged(words, span)
        outputs()

    def step(words: Any, weights: Any, dt_us: int, input_map: Any) -> None:
        if flags & layout.INPUT_FIRST:
            apply(words, input_map)
        if dt_us:
            advance(dt_us)
        if not flags & layout.INPUT_FIRST:
            apply(words, input_map)

    return step


def _sparse(words: Any, weights: Any) -> Floats:
    """Return the weights of sparse gates as a matrix; rivulet.integers.layout describes them."""
    n, columns = words[layout.HIDDEN], words[layout.COLUMNS]
    dense = np.zeros((layout.padded(2 * n), columns))
    at, begin = words[layout.SPARSE_AT] >> 2, 0
    for first in range(0, 2 * n, 8):
        last = 0
        while not last:
            column = (words[at] >> 3) - (words[layout.V_AT] >> 2)
            last = words[at] & 1
            block = np.frombuffer(weights, np.uint8)[begin : begin + 8]
            dense[first : first + 8, column] += block.astype(np.float64) - 128
            at += 1
            begin += 8
    return dense[: 2 * n]
