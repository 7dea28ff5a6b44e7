"""The cascade's step in numpy; rivulet.integers.cascade has the equations and the records."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from host_tools.integers.kernels.parts import (
    Gains,
    Mean,
    Rows,
    State,
    Sums,
    Table,
    apply,
    entry,
    rows_of,
    view,
)
from rivulet.integers import cascade, layout

Run = Callable[[], None]


def step_for(words: Any, weights: Any) -> Any:
    """Return the step of a cascade."""
    # What the firmware's step asks for is told by offsets, the same ones at every event: each
    # is prepared when it is first asked for.
    sums = cache(lambda at: _sums(words, weights, at))
    look_up = cache(lambda *places: _look_up(words, tables, *places))
    tables = cache(lambda at: Table(view(words, at >> 2, layout.NODES)))
    move = cache(lambda *places: _move(words, *places))
    averaged = Mean(words)
    outputs = _read_out(words, weights)

    def average(words: Any) -> None:
        averaged(words, _span(words))

    def read_out(words: Any, weights: Any) -> None:
        cascade.beside(words)
        outputs()

    return cascade.stepper(
        apply,
        cascade.changed,
        lambda words, weights, at: sums(at)(),
        lambda words, *places: look_up(*places)(),
        cascade.span,
        lambda words, *places: move(*places)(),
        average,
        read_out,
    )


def _span(words: Any) -> tuple[int, int, int]:
    return words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT]


def _sums(words: Any, weights: Any, at: int) -> Run:
    rows, columns, begin, bias_at, _, vector_at, out_at = words[at >> 2 : (at >> 2) + 7]
    weight = rows_of(weights, begin, rows, columns)
    bias, out = view(words, bias_at >> 2, rows), view(words, out_at >> 2, rows)
    vector = view(words, vector_at >> 2, columns)
    # The biases of a later layer are the sums of the inputs' part, which change.
    product = Sums(weight, np.zeros(rows))

    def run() -> None:
        out[:] = bias + product(vector)

    return run


def _look_up(
    words: Any,
    tables: Any,
    sums_at: int,
    multipliers_at: int,
    count: int,
    table_at: int,
    out_at: int,
) -> Run:
    sums, out = view(words, sums_at >> 2, count), view(words, out_at >> 2, count)
    packed = view(words, multipliers_at >> 2, count).astype(np.int64)
    multiplier, shift, table = packed & 0xFFFF, 16 + (packed >> 16), tables(table_at)

    def run() -> None:
        out[:] = table(sums * multiplier >> shift)

    return run


def _move(words: Any, skip: int, count: int, rates_at: int, targets_at: int) -> Run:
    first = skip >> 2
    values, shorts, kept = (
        view(words, (words[at] >> 2) + first, count)
        for at in (layout.X_AT, layout.V_AT, layout.ALPHA_AT)
    )
    rates, targets = (view(words, at >> 2, count) for at in (rates_at, targets_at))
    gains, state = Gains(words, count), State(values, shorts)
    alpha = np.empty(count, np.int64)

    def run() -> None:
        alpha[:] = rates
        kept[:] = alpha
        state.move(targets, gains(alpha, _span(words)))

    return run


def _read_out(words: Any, weights: Any) -> Run:
    at = words[cascade.READ_AT] >> 2
    rows, columns, begin, bias_at, multiplier_at, vector_at = words[at : at + 6]
    product = Rows(
        rows_of(weights, begin, rows, columns),
        view(words, bias_at >> 2, rows),
        view(words, multiplier_at >> 2, rows),
    )
    vector, outputs = view(words, vector_at >> 2, columns), entry(words, layout.Y_AT, rows)

    def run() -> None:
        outputs[:] = product(vector)

    return run
