"""The RISC-V kernel gives the plain kernel's bits, its assembler run on an emulated core.

The functions of decay_viper.py are replaced by the plain kernel's here; other tests compare them.
"""

import sys
from array import array
from types import ModuleType
from typing import Any

import pytest
from kernel_cases import Integers, check_step

from host_tools.paths import FIRMWARE
from rivulet.integers import arithmetic, decay, layout

pytest.importorskip("unicorn", reason="the RISC-V emulator is not installed")
from tests.riscv import Core, machine_code  # noqa: E402

_SOURCE = FIRMWARE / "rivulet" / "integers" / "decay_rv32.py"
_WORDS, _WEIGHTS = 0x20000000, 0x30000000


class Product:
    """The assembler's function, on words and weights of this process."""

    def __init__(self) -> None:
        self._core = Core(machine_code(_SOURCE), (_WORDS, _WEIGHTS))

    def __call__(self, words: array, weights: bytearray, gates: int) -> None:
        memory = self._core.uc
        memory.mem_write(_WORDS, bytes(words))
        memory.mem_write(_WEIGHTS, bytes(weights))
        self._core.call(_WORDS, _WEIGHTS, gates)
        assert bytes(memory.mem_read(_WEIGHTS, len(weights))) == weights
        words[:] = array("i", bytes(memory.mem_read(_WORDS, 4 * len(words))))


class Rest:
    """The step of decay.py without its products, split into the functions of decay_viper.py."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._span: Any = None

    def advance(self, words: array, dt_us: int) -> None:
        at = words[layout.ACC_AT] >> 2
        z = list(words[at : at + 2 * words[layout.HIDDEN]])
        with self._patch.context() as patch:
            patch.setattr(arithmetic, "product", lambda *_: z)
            patch.setattr(decay, "sparse_gates", lambda *_: z)
            patch.setattr(arithmetic, "average", self._keep)
            patch.setattr(arithmetic, "read_out", lambda *_: None)
            decay.advance(words, bytearray(), dt_us)

    def _keep(self, words: array, span: Any) -> None:
        self._span = span

    def average(self, words: array) -> None:
        arithmetic.average(words, self._span)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The step of decay_rv32.py, with the emulated assembler."""
    micropython, viper = ModuleType("micropython"), ModuleType("viper")
    rest = Rest(monkeypatch)
    micropython.const = int
    micropython.asm_rv32 = lambda function: Product()
    viper.apply = arithmetic.apply
    viper.advance = rest.advance
    viper.average = rest.average
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    monkeypatch.setitem(sys.modules, "rivulet.integers.decay_viper", viper)
    names: dict[str, Any] = {}
    exec(compile(_SOURCE.read_text(), str(_SOURCE), "exec"), names)
    return names["step"]


@pytest.mark.parametrize("seed", range(10))
def test_the_same_bits(step: Any, seed: int) -> None:
    check_step(step, Integers(500 + seed), 10, 5)
