"""The cascade's RISC-V kernel gives the plain kernel's bits, its assembler on an emulated core.

The parts of cascade_viper.py are replaced by the plain kernel's here; other tests compare them.
"""

import sys
from array import array
from types import ModuleType
from typing import Any

import layer_cases as made
import pytest
from kernel_cases import Integers

from host_tools.paths import FIRMWARE
from rivulet.integers import arithmetic, cascade, layout

pytest.importorskip("unicorn", reason="the RISC-V emulator is not installed")
from tests.riscv import Core, machine_code  # noqa: E402

_SOURCE = FIRMWARE / "rivulet" / "integers" / "cascade_rv32.py"
_WORDS, _WEIGHTS = 0x20000000, 0x30000000


class Sums:
    """The assembler's function, on words and weights of this process."""

    def __init__(self) -> None:
        self._core = Core(machine_code(_SOURCE), (_WORDS, _WEIGHTS))

    def __call__(self, words: array, weights: bytearray, at: int) -> None:
        memory = self._core.uc
        memory.mem_write(_WORDS, bytes(words))
        memory.mem_write(_WEIGHTS, bytes(weights))
        self._core.call(_WORDS, _WEIGHTS, at)
        assert bytes(memory.mem_read(_WEIGHTS, len(weights))) == weights
        words[:] = array("i", bytes(memory.mem_read(_WORDS, 4 * len(words))))


def with_sums(sums: Any) -> Any:
    def read_out(words: array, weights: bytearray) -> None:
        cascade.beside(words)
        at = words[cascade.READ_AT]
        sums(words, weights, at)
        multipliers, out = (words[(at >> 2) + entry] >> 2 for entry in (4, 6))
        for i in range(words[layout.OUTPUTS]):
            y = arithmetic.mul_shift(words[out + i], words[multipliers + i])
            words[(words[layout.Y_AT] >> 2) + i] = y

    parts = (getattr(cascade, name) for name in ("look_up", "span", "move", "average"))
    return cascade.stepper(arithmetic.apply, cascade.changed, sums, *parts, read_out)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The step of cascade_rv32.py, with the emulated assembler."""
    micropython, viper = ModuleType("micropython"), ModuleType("viper")
    micropython.const = int
    micropython.asm_rv32 = lambda function: Sums()
    viper.with_sums = with_sums
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    monkeypatch.setitem(sys.modules, "rivulet.integers.cascade_viper", viper)
    names: dict[str, Any] = {}
    exec(compile(_SOURCE.read_text(), str(_SOURCE), "exec"), names)
    return names["step"]


@pytest.mark.parametrize("seed", range(6))
def test_the_same_bits(step: Any, seed: int) -> None:
    numbers = Integers(700 + seed)
    for words, weights in made.cases(numbers, made.cascade, 8):
        other = array("i", words)
        for dt_us, input_map in made.events(numbers, words, 5):
            layout.memory(other)[:] = layout.memory(words)
            cascade.step(words, weights, dt_us, input_map)
            step(other, weights, dt_us, input_map)
            assert list(layout.memory(words)) == list(layout.memory(other)), dt_us
