"""The steps in numpy give the bits of the plain kernels, on random and extreme contents."""

from array import array
from collections.abc import Callable, Iterator
from typing import Any

import kernel_cases
import layer_cases
import pytest
from kernel_cases import Integers

from host_tools.integers.kernels import stepper
from rivulet.integers import cascade, cfc, decay, layout, ltc, mixed, mixed_choice, wired_cfc

Model = tuple[array, bytearray]
Events = Callable[[Integers, array, int], Iterator[tuple[int, array]]]
_SEEDS = range(4)


def check(
    cell: str, plain: Any, numbers: Integers, models: Iterator[Model], events: Events
) -> None:
    for words, weights in models:
        other = array("i", words)
        step = stepper(cell)(other, weights)
        for dt_us, input_map in events(numbers, words, 12):
            layout.memory(other)[:] = layout.memory(words)
            plain(words, weights, dt_us, input_map)
            step(other, weights, dt_us, input_map)
            assert list(layout.memory(words)) == list(layout.memory(other)), dt_us
            # Constants in front of the memory are not written.
            first = words[layout.CONFIDENCE_AT] >> 2
            assert words[layout.HEADER : first] == other[layout.HEADER : first]


@pytest.mark.parametrize("seed", _SEEDS)
def test_decay(seed: int) -> None:
    numbers = Integers(100 + seed)
    check("decay", decay.step, numbers, kernel_cases.cases(numbers, 16), kernel_cases.events)


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize(
    ("cell", "plain", "advancer"),
    [
        ("cfc", cfc, mixed.after_seeing),
        ("wired_cfc", wired_cfc, wired_cfc.advancer),
        ("ltc", ltc, mixed.without_products),
    ],
)
def test_mixed_memory(cell: str, plain: Any, advancer: Any, seed: int) -> None:
    numbers = Integers(300 + seed)
    made = layer_cases.cases(numbers, getattr(layer_cases, f"{cell}_mixed"), 16)
    step = mixed_choice.plain_stepper(plain, advancer)
    check(cell, step, numbers, made, layer_cases.events)


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize(
    ("cell", "plain"),
    [("cfc", cfc), ("wired_cfc", wired_cfc), ("ltc", ltc), ("cascade", cascade)],
)
def test_cells_of_layers(cell: str, plain: Any, seed: int) -> None:
    numbers = Integers(200 + seed)
    made = layer_cases.cases(numbers, getattr(layer_cases, cell), 16)
    check(cell, plain.step, numbers, made, layer_cases.events)
