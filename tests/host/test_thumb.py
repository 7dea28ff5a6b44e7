"""The assembler kernel's machine code, run on an emulated Cortex-M, gives the plain kernel's bits.

tests/device does the same wherever an interpreter assembles it, and test_on_arm.py in an
interpreter that cannot; this needs neither.
"""

import re
from array import array

import pytest
from integers import Integers, cases, events

from host_tools.paths import FIRMWARE
from rivulet.kernels import block, fixed
from tests.arm import machine_code

unicorn = pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
arm = pytest.importorskip("unicorn.arm_const")

_KERNELS = FIRMWARE / "rivulet" / "kernels"
_CODE, _WORDS, _WEIGHTS, _INLET, _STACK = (0x10000000 * i for i in range(1, 6))
_SIZE = 0x100000
_RETURN = _CODE + 0x8000
_KEPT = [f"UC_ARM_REG_R{i}" for i in range(4, 12)] + ["UC_ARM_REG_SP"]


class Core:
    """The kernel on a core that has nothing but memory."""

    def __init__(self) -> None:
        (code,) = machine_code(_KERNELS / "thumb.py", "armv6m")
        self._core = unicorn.Uc(
            unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        )
        for at in (_CODE, _WORDS, _WEIGHTS, _INLET, _STACK):
            self._core.mem_map(at, _SIZE)
        self._core.mem_write(_CODE, code)

    def step(self, words: array, weights: bytearray, dt_us: int, inlet: array) -> None:
        core = self._core
        for at, data in ((_WORDS, words), (_WEIGHTS, weights), (_INLET, inlet)):
            core.mem_write(at, bytes(data))
        kept = {}
        for i, name in enumerate(_KEPT):
            register = getattr(arm, name)
            kept[register] = _STACK + _SIZE // 2 if name.endswith("SP") else 0x1234567 * i
            core.reg_write(register, kept[register])
        for i, value in enumerate((_WORDS, _WEIGHTS, dt_us, _INLET)):
            core.reg_write(arm.UC_ARM_REG_R0 + i, value)
        core.reg_write(arm.UC_ARM_REG_LR, _RETURN | 1)
        core.emu_start(_CODE | 1, _RETURN)
        # A caller relies on these; MicroPython makes an int of r0.
        for register, value in kept.items():
            assert core.reg_read(register) == value
        assert core.reg_read(arm.UC_ARM_REG_R0) == 0
        assert bytes(core.mem_read(_WEIGHTS, len(weights))) == weights
        words[:] = array("i", bytes(core.mem_read(_WORDS, 4 * len(words))))


@pytest.fixture(scope="module")
def core() -> Core:
    return Core()


@pytest.mark.parametrize("seed", range(10))
def test_the_same_bits(core: Core, seed: int) -> None:
    numbers = Integers(100 + seed)
    for words, weights in cases(numbers, 10):
        other = array("i", words)
        for dt_us, inlet in events(numbers, words, 10):
            block.memory(other)[:] = block.memory(words)
            fixed.step(words, weights, dt_us, inlet)
            core.step(other, weights, dt_us, inlet)
            assert list(block.memory(words)) == list(block.memory(other)), (words[:8], dt_us)
            # Nothing behind the scratch words is written.
            first = words[fixed.BIAS_AT] >> 2
            assert words[first:] == other[first:]


@pytest.mark.parametrize(("name", "unit"), [("thumb", 4), ("viper", 1)])
def test_offsets_are_the_headers(name: str, unit: int) -> None:
    text = (_KERNELS / f"{name}.py").read_text()
    own = dict(re.findall(r"^_([A-Z_]+) = const\((\d+)\)", text, re.MULTILINE))
    inner = ("WEIGHTS", "INLET", "DT", "RIGHT", "LEFT")
    assert len(own) > 20
    for constant, value in own.items():
        if constant not in inner:
            assert int(value) == unit * getattr(fixed, constant), constant
    if name == "thumb":
        # Its own places lie in the header, behind what stands there.
        places = sorted(int(own[constant]) // unit for constant in inner)
        assert places == list(range(fixed.SPARSE_AT + 1, fixed.HEADER))
