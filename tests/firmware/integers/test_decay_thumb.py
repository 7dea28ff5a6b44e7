"""The assembler kernel's machine code, run on an emulated Cortex-M, gives the plain kernel's bits.

tests/device does the same wherever an interpreter assembles it, and test_on_arm.py in an
interpreter that cannot; this needs neither.
"""

import re
from array import array

import pytest
from kernel_cases import Integers, check_step

from host_tools.bench.machine_code import machine_code
from host_tools.paths import FIRMWARE
from rivulet.integers import arithmetic, layout

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.core import Core  # noqa: E402

_KERNELS = FIRMWARE / "rivulet" / "integers"
_WORDS, _WEIGHTS, _INPUT_MAP = 0x20000000, 0x30000000, 0x40000000


class Kernel:
    """The step on a core with the instructions of a Cortex-M0 only."""

    def __init__(self) -> None:
        (code,) = machine_code(_KERNELS / "decay_thumb.py", "armv6m")
        self._core = Core(code, memory=(_WORDS, _WEIGHTS, _INPUT_MAP))

    def step(self, words: array, weights: bytearray, dt_us: int, input_map: array) -> None:
        memory = self._core.uc
        for at, data in ((_WORDS, words), (_WEIGHTS, weights), (_INPUT_MAP, input_map)):
            memory.mem_write(at, bytes(data))
        self._core.call(_WORDS, _WEIGHTS, dt_us, _INPUT_MAP)
        assert bytes(memory.mem_read(_WEIGHTS, len(weights))) == weights
        words[:] = array("i", bytes(memory.mem_read(_WORDS, 4 * len(words))))


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    return Kernel()


@pytest.mark.parametrize("seed", range(10))
def test_the_same_bits(kernel: Kernel, seed: int) -> None:
    check_step(kernel.step, Integers(100 + seed), 10, 10)


@pytest.mark.parametrize(
    ("name", "unit"), [("decay_thumb", 4), ("decay_rv32", 4), ("decay_viper", 1)]
)
def test_offsets_are_the_headers(name: str, unit: int) -> None:
    text = (_KERNELS / f"{name}.py").read_text()
    own = dict(re.findall(r"^_([A-Z_]+) = const\((\d+)\)", text, re.MULTILINE))
    inner = ("WEIGHTS", "INPUT_MAP", "DT", "RIGHT", "LEFT")
    for constant in ("HERE", "NEXT_WORD", "NEXT_WEIGHT", "FLAGS_WORD", "MEAN", "INPUT_FIRST"):
        own.pop(constant, None)  # other constants of decay_rv32.py
    assert len(own) > 12
    if name == "decay_viper":
        assert int(own.pop("US_SCALE")) == arithmetic.US_SCALE
    for constant, value in own.items():
        if constant not in inner:
            assert int(value) == unit * getattr(layout, constant), constant
    if name == "decay_thumb":
        # Its own words are in the header, after the last entry.
        places = sorted(int(own[constant]) // unit for constant in inner)
        assert places == list(range(layout.SPARSE_AT + 1, layout.HEADER))
