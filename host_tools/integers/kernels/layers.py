"""Dense layers in numpy; rivulet.integers.layers has the equations and the records."""

from collections.abc import Callable, Iterable
from typing import Any

from host_tools.integers.kernels.parts import Mean, Rows, Table, Words, apply, rows_of, view
from rivulet.integers import layers, layout

Run = Callable[[], None]


def step_for(words: Any, weights: Any, move: Callable[[Any, int], None]) -> Any:
    """Return the step of a cell of layers; move: as layers.stepper takes it."""
    run = runner(words, weights, (words[layers.LAYERS_AT], words[layers.READOUT_AT]))
    return layers.stepper(apply, run, move, averager(words))


def runner(words: Any, weights: Any, places: Iterable[int]) -> Callable[[Any, Any, int], None]:
    """Return what does layers.run for the lists of layers at these byte offsets."""
    chains: dict[int, list[Run]] = {}
    tables: dict[int, Table] = {}
    for place in places:
        at = place >> 2
        chain = chains[place] = []
        while words[at]:
            chain.append(_layer(words, weights, words[at : at + layers.WORDS].tolist(), tables))
            at += layers.WORDS

    def run(words: Any, weights: Any, at: int) -> None:
        for layer in chains[at]:
            layer()

    return run


def averager(words: Any) -> Callable[[Any], None]:
    """Return what does layers.average."""
    averaged = Mean(words)

    def average(words: Any) -> None:
        averaged(words, (words[layout.MANTISSA], words[layout.RIGHT], words[layout.LEFT]))

    return average


def _layer(words: Any, weights: Any, record: list[int], tables: dict[int, Table]) -> Run:
    rows, columns, begin, bias_at, multiplier_at, vector_at, out_at, table_at = record
    product = Rows(
        rows_of(weights, begin, rows, columns),
        view(words, bias_at >> 2, rows),
        view(words, multiplier_at >> 2, rows),
    )
    vector, out = view(words, vector_at >> 2, columns), view(words, out_at >> 2, rows)
    if not table_at:

        def plain() -> None:
            out[:] = product(vector)

        return plain
    if table_at not in tables:
        tables[table_at] = Table(view(words, table_at >> 2, layout.NODES))
    return _looked_up(product, tables[table_at], vector, out)


def _looked_up(product: Rows, table: Table, vector: Words, out: Words) -> Run:
    def run() -> None:
        out[:] = table(product(vector))

    return run
