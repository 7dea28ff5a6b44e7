"""The assembled matrix products in float32: the bits of one operation after the other."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from host_tools.bench.machine_code import machine_code
from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE
from rivulet.arrays import fpu
from tests.arm import run_with_a_unit

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.core import Core  # noqa: E402
from host_tools.bench.float_cycles import FloatCore  # noqa: E402

_KERNELS = FIRMWARE / "rivulet" / "arrays"
_MATRIX, _VECTOR, _OUT, _ARGUMENTS = 0x20000000, 0x20080000, 0x20090000, 0x200A0000
_SHAPES = [(64, 37), (4, 1), (5, 3), (6, 4), (7, 8), (63, 2), (128, 71), (9, 12)]
# Where the stand-in for an RP2040's ROM has its tables and functions.
_DATA_TABLE, _FUNCTION_TABLE, _ADD, _MULTIPLY = 0x100, 0x120, 0x200, 0x240


def one_by_one(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Sums over the columns in their order, every product and every sum rounded."""
    total = np.zeros(len(matrix), np.float32)
    for column, value in zip(matrix.T, vector, strict=True):
        total = total + column * value
    return total


def example(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(rows)
    sizes = 10.0 ** random.uniform(-6, 6, (rows, columns))
    matrix = random.normal(0, sizes).astype(np.float32)
    return matrix, random.normal(0, 3, columns).astype(np.float32)


def computed(core: Core, matrix: np.ndarray, vector: np.ndarray, given: list[int]) -> np.ndarray:
    rows = len(matrix)
    for at, data in ((_MATRIX, matrix), (_VECTOR, vector), (_OUT, np.ones(rows + 1, np.float32))):
        core.uc.mem_write(at, data.tobytes())
    core.uc.mem_write(_ARGUMENTS, np.array(given, np.uint32).tobytes())
    core.call(_MATRIX, _VECTOR, _OUT, _ARGUMENTS)
    out = np.frombuffer(core.uc.mem_read(_OUT, 4 * rows + 4), np.float32)
    assert out[-1] == 1.0, "it wrote behind the result"
    return out[:-1]


@pytest.mark.parametrize("cpu", ["M4", "M33", "M7"])
@pytest.mark.parametrize(("rows", "columns"), _SHAPES)
def test_with_a_floating_point_unit(rows: int, columns: int, cpu: str) -> None:
    matrix, vector = example(rows, columns)
    out = FloatCore(cpu).product(matrix, vector)
    assert out.tobytes() == one_by_one(matrix, vector).tobytes()


@pytest.mark.parametrize(
    ("arch", "platform", "registers", "found"),
    [
        (7, "rp2", {0xEF40: 2, 0xED88: 15}, True),
        (8, "stm32", {0xEF40: 2, 0xED88: 15}, True),
        (7, "rp2", {0xEF40: 0, 0xED88: 15}, False),  # no single precision
        (7, "rp2", {0xEF40: 2, 0xED88: 0}, False),  # switched off
        (6, "stm32", {}, False),  # a Cortex-M4 without the unit: no register is read
        (4, "rp2", {}, False),
        (7, "linux", {}, False),
    ],
)
def test_the_core_is_asked_for_its_unit(
    monkeypatch: pytest.MonkeyPatch,
    arch: int,
    platform: str,
    registers: dict[int, int],
    found: bool,
) -> None:
    implementation = SimpleNamespace(_mpy=arch << 10 | 0x306)
    monkeypatch.setattr(
        fpu, "sys", SimpleNamespace(implementation=implementation, platform=platform)
    )
    monkeypatch.setattr(fpu, "_bits", lambda address, first: registers[address])
    assert fpu.has_fpu() is found


@pytest.mark.parametrize("count", [1, 2, 33])
def test_the_mean_with_a_floating_point_unit(count: int) -> None:
    (mean, state), _ = example(2, count)
    for kept in np.array((0, 1, 0.3, 1e-30), np.float32):
        found = FloatCore().blend(mean, state, kept)
        assert found.tobytes() == ((mean - state) * kept + state).tobytes()


def rp2040(code: bytes) -> Core:
    """A core with a stand-in for the ROM, whose functions overwrite every register they may."""
    rom = {
        0x16: [_DATA_TABLE],
        _DATA_TABLE: [0x1234, 0x5678, ord("F") << 8 | ord("S"), _FUNCTION_TABLE, 0],
        _FUNCTION_TABLE: [_ADD | 1, 0, 0, 0, _MULTIPLY | 1, 0],
        # vmov s0, r0; vmov s1, r1; vadd s0, s0, s1; vmov r0, s0
        _ADD: [0xEE00, 0x0A10, 0xEE00, 0x1A90, 0xEE30, 0x0A20, 0xEE10, 0x0A10],
        # the same with vmul
        _MULTIPLY: [0xEE00, 0x0A10, 0xEE00, 0x1A90, 0xEE20, 0x0A20, 0xEE10, 0x0A10],
    }
    for function in (_ADD, _MULTIPLY):
        rom[function] += [0x21AA, 0x22AA, 0x23AA, 0x468C, 0x4770]  # r1 to r3, r12; bx lr
    core = Core(code, memory=(0, _MATRIX), cpu="M4")
    for at, halfwords in rom.items():
        core.uc.mem_write(at, np.array(halfwords, np.uint16).tobytes())
    return core


@pytest.mark.parametrize(("rows", "columns"), _SHAPES)
def test_with_the_rom_of_an_rp2040(rows: int, columns: int) -> None:
    find, dot = machine_code(_KERNELS / "rom_float_armv6m.py", "armv6m")
    core = rp2040(find)
    core.call(_ARGUMENTS)
    multiply, add = np.frombuffer(core.uc.mem_read(_ARGUMENTS, 8), np.uint32).tolist()
    assert (multiply, add) == (_MULTIPLY | 1, _ADD | 1)
    matrix, vector = example(rows, columns)
    out = computed(rp2040(dot), matrix, vector, [multiply, add, 4 * columns, 4 * rows])
    assert out.tobytes() == one_by_one(matrix, vector).tobytes()


def test_a_rom_without_floats_is_told() -> None:
    find, _ = machine_code(_KERNELS / "rom_float_armv6m.py", "armv6m")
    core = Core(find, memory=(0, _MATRIX))
    core.uc.mem_write(0x16, np.array([_DATA_TABLE], np.uint16).tobytes())
    core.uc.mem_write(_DATA_TABLE, np.array([0x1234, 0x5678, 0], np.uint16).tobytes())
    core.call(_ARGUMENTS)
    assert core.uc.mem_read(_ARGUMENTS, 8) == bytes(8)


def test_a_core_without_the_unit_refuses_it() -> None:
    with pytest.raises(RivuletError, match="vmov"):
        machine_code(_KERNELS / "dot_fpu.py", "armv7em")


_IN_AN_INTERPRETER = """
import random, sys
sys.path.insert(0, sys.argv[1])
from rivulet.arrays import fpu
from array import array
random.seed(4)
rounded = array("f", (0,))
def f(value):
    rounded[0] = value
    return rounded[0]
for rows, columns in SHAPES:
    matrix = array("f", [random.uniform(-9, 9) for _ in range(rows * columns)])
    vector = array("f", [random.uniform(-9, 9) for _ in range(columns)])
    out = array("f", bytes(4 * rows))
    fpu.product(matrix, vector, out)()
    for row in range(rows):
        total = 0.0
        for column in range(columns):
            total = f(total + f(matrix[row * columns + column] * vector[column]))
        assert out[row] == total, (rows, columns, row)
assert fpu.product(matrix, vector, array("f", bytes(12))) is None
print("done")
"""


def test_in_an_interpreter(tmp_path: Path) -> None:
    """fpu.py on a whole MicroPython for ARM, its assembler called as a C function."""
    said = run_with_a_unit(tmp_path, _IN_AN_INTERPRETER.replace("SHAPES", repr(_SHAPES)))
    assert said == "done\n"
