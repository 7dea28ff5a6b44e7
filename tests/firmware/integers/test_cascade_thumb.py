"""The cascade's assembler, run on an emulated Cortex-M, gives the plain kernel's bits."""

import re
from array import array
from collections.abc import Callable

import layer_cases as made
import pytest
from kernel_cases import Integers

from host_tools.bench.machine_code import machine_code
from host_tools.paths import FIRMWARE
from rivulet.integers import arithmetic, cascade, layers, layout

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.core import Core  # noqa: E402

_KERNELS = FIRMWARE / "rivulet" / "integers"
_WORDS, _WEIGHTS, _INPUT_MAP = 0x20000000, 0x30000000, 0x40000000
Step = Callable[[array, bytearray, int, array], None]


@pytest.fixture(scope="module")
def step() -> Step:
    """The step on a core with the instructions of a Cortex-M0 only."""
    (code,) = machine_code(_KERNELS / "cascade_thumb.py", "armv6m")
    core = Core(code, memory=(_WORDS, _WEIGHTS, _INPUT_MAP))

    def run(words: array, weights: bytearray, dt_us: int, input_map: array) -> None:
        for at, data in ((_WORDS, words), (_WEIGHTS, weights), (_INPUT_MAP, input_map)):
            core.uc.mem_write(at, bytes(data))
        core.call(_WORDS, _WEIGHTS, dt_us, _INPUT_MAP)
        assert bytes(core.uc.mem_read(_WEIGHTS, len(weights))) == weights
        words[:] = array("i", bytes(core.uc.mem_read(_WORDS, 4 * len(words))))

    return run


@pytest.mark.parametrize("seed", range(8))
def test_the_same_bits(step: Step, seed: int) -> None:
    numbers = Integers(300 + seed)
    for words, weights in made.cases(numbers, made.cascade, 10):
        other = array("i", words)
        first, last = words[layout.CONFIDENCE_AT] >> 2, words[cascade.HELD_AT] >> 2
        for dt_us, input_map in made.events(numbers, words, 8):
            layout.memory(other)[:] = layout.memory(words)
            cascade.step(words, weights, dt_us, input_map)
            step(other, weights, dt_us, input_map)
            assert list(layout.memory(words)) == list(layout.memory(other)), dt_us
            assert words[layout.HEADER : first] == other[layout.HEADER : first]
            constant = words[layout.BIAS_AT] >> 2
            assert words[constant:last] == other[constant:last]


@pytest.mark.parametrize(("name", "unit"), [("cascade_viper", 1), ("cascade_thumb", 4)])
def test_offsets_are_the_headers(name: str, unit: int) -> None:
    text = (_KERNELS / f"{name}.py").read_text()
    own = dict(re.findall(r"^_([A-Z_]+) = const\((\d+)\)", text, re.MULTILINE))
    known = {**vars(layers), **vars(layout), **vars(cascade)}
    found = [constant for constant in own if constant in known]
    assert len(found) >= 10
    if name == "cascade_viper":
        assert int(own["US_SCALE"]) == arithmetic.US_SCALE
    for constant in found:
        if constant not in ("LEFT", "RIGHT") or unit == 1:
            assert int(own[constant]) == unit * known[constant], constant
