"""The wired CfC's step in numpy; rivulet.integers.wired_cfc has the equations."""

from typing import Any

from host_tools.integers.kernels import cfc as closed_form
from host_tools.integers.kernels import layers as dense
from host_tools.integers.kernels import mixed as memory
from host_tools.integers.kernels.parts import apply
from rivulet.integers import cfc, layers, layout, wired_cfc


def step_for(words: Any, weights: Any) -> Any:
    """Return the step of a wired CfC model."""
    moves = {}
    places = []
    at = words[wired_cfc.PARTS_AT] >> 2
    while words[at]:
        place, first, count = words[at : at + wired_cfc.WORDS]
        places.append(place)
        moves[first] = closed_form.move_of(words, first, count)
        at += wired_cfc.WORDS

    def move(words: Any, dt_us: int) -> None:
        moves[words[cfc.FIRST]](words, dt_us)

    if words[layout.FLAGS] & layout.MIXED:
        return memory.step_for(words, weights, places, move, wired_cfc.advancer)
    run = dense.runner(words, weights, (*places, words[layers.READOUT_AT]))
    return wired_cfc.stepper(apply, run, move, dense.averager(words))
