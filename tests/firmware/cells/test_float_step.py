"""The decay cell's step in assembler for a floating-point unit, against float64."""

from pathlib import Path

import numpy as np
import pytest

from host_tools.bench.machine_code import machine_code
from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE
from tests.arm import run_with_a_unit

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.float_cycles import FloatCore, Step  # noqa: E402

# The bound that float_step.py states.
_BOUND = 2.0**-22
_CPUS = ("M4", "M33", "M7")
_LOWEST, _HIGHEST = np.float32(0.05), np.float32(30.0)


def one_by_one(gates: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """The sums over the columns in their order, every product and every sum rounded."""
    total = np.zeros(len(gates), np.float32)
    with np.errstate(all="ignore"):
        for column, value in zip(gates.T, joint, strict=True):
            total = total + column * value
    return total


def check(
    made: Step, gates: np.ndarray, joint: np.ndarray, seconds: float, additive: bool
) -> None:
    """Compare with the definition in float64, from the sums in float32."""
    sums = one_by_one(gates, joint)
    assert made.sums.tobytes() == sums.tobytes()
    n = len(gates) // 2
    z, q = np.split(sums.astype(np.float64), 2)
    with np.errstate(all="ignore"):
        rates = np.minimum(_LOWEST + np.logaddexp(0.0, z), _HIGHEST)
        targets = np.tanh(q) / rates if additive else np.tanh(q)
        x = joint[:n].astype(np.float64)
        state = x - np.expm1(-seconds * rates) * (targets - x)
    for found, wanted, size in (
        (made.rates, rates, rates),
        # A division adds the rate's error to the target's.
        (made.targets, targets, np.abs(targets) * (2 if additive else 1)),
        (made.state, state, np.maximum(np.abs(x), np.abs(targets)) * 2),
    ):
        known = np.isfinite(wanted)
        assert np.array_equal(np.isnan(found), np.isnan(wanted))
        tiny = 1e-37  # below this float32 has fewer digits
        error = np.abs(found - wanted)[known]
        assert np.all(error <= _BOUND * size[known] + tiny), error.max()


@pytest.mark.parametrize("cpu", _CPUS)
def test_any_cell(cpu: str) -> None:
    """Sizes that the product rounds up to fours, weights from tiny to saturating, any gap."""
    random = np.random.default_rng(7)
    core = FloatCore(cpu)
    for case in range(60):
        n, m = int(random.integers(2, 40)), int(random.integers(0, 6))
        scale = 10.0 ** random.uniform(-6, 2)
        gates = random.normal(0, scale, (2 * n, n + m + 1)).astype(np.float32)
        joint = random.normal(0, 2, n + m + 1).astype(np.float32)
        seconds = float(np.float32(10.0 ** random.uniform(-7, 7)))
        additive = bool(case % 2)
        made = core.step(
            gates, joint, seconds, additive=additive, lowest=_LOWEST, highest=_HIGHEST
        )
        check(made, gates, joint, seconds, additive)


def cell_of(sums: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return gates and [x; 1] of a cell with these sums: all weights but the biases are 0."""
    gates = np.zeros((len(sums), len(state) + 1), np.float32)
    gates[:, -1] = sums
    return gates, np.append(state, np.float32(1.0))


@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("seconds", [0.0, 1e-30, 1e-6, 0.01, 1.0, 87.0, 1e5, 3e38])
def test_sums_of_every_size(seconds: float, additive: bool) -> None:
    sizes = np.concatenate([np.logspace(-44, 38, 83), np.linspace(0.3, 0.4, 9), [87, 88, 89, 104]])
    values = np.concatenate([sizes, -sizes, [0.0, -0.0, np.inf, -np.inf, 3e38]]).astype(np.float32)
    random = np.random.default_rng(3)
    for _ in range(3):
        sums = np.concatenate([random.permutation(values), random.permutation(values)])
        gates, joint = cell_of(sums, random.normal(0, 1, len(values)).astype(np.float32))
        seconds = float(np.float32(seconds))
        made = FloatCore().step(
            gates, joint, seconds, additive=additive, lowest=_LOWEST, highest=_HIGHEST
        )
        check(made, gates, joint, seconds, additive)


def test_no_time_changes_no_state_and_a_night_ends_at_the_target() -> None:
    state = np.array((0.3, -1.5, 0.0, 7.0), np.float32)
    gates, joint = cell_of(np.array((1, -9, 30, 0, 0.5, -0.5, 40, -40), np.float32), state)
    assert FloatCore().step(gates, joint, 0.0).state.tobytes() == state.tobytes()
    made = FloatCore().step(gates, joint, 36000.0)
    assert np.allclose(made.state, made.targets, rtol=0, atol=1e-6)


@pytest.mark.parametrize("where", ["state", "input", "weight of a rate", "weight of a target"])
def test_what_is_no_number_stays_none(where: str) -> None:
    """The guard looks for it in the state, and finds it."""
    random = np.random.default_rng(5)
    gates = random.normal(0, 1, (6, 5)).astype(np.float32)
    joint = random.normal(0, 1, 5).astype(np.float32)
    joint[4] = 1.0
    hit = {0, 1, 2}
    if where == "state":
        joint[1] = np.nan
    elif where == "input":
        joint[3] = np.nan
    else:
        gates[1 if "rate" in where else 4, 2] = np.nan
        hit = {1}
    made = FloatCore().step(gates, joint, 0.1)
    assert set(np.flatnonzero(np.isnan(made.state)).tolist()) == hit


def test_a_core_without_the_unit_refuses_it() -> None:
    for name in ("cells/decay_fpu.py", "arrays/dot_fpu.py", "arrays/blend_fpu.py"):
        with pytest.raises(RivuletError, match="SyntaxError|unsupported|vm"):
            machine_code(FIRMWARE / "rivulet" / name, "armv7em")


_IN_AN_INTERPRETER = """
import random, sys
sys.path.insert(0, sys.argv[1])
from array import array
from math import exp, log, tanh
from rivulet.cells import decay_fpu, float_step
from rivulet.cells.integrators import exponential

class Cell:
    pass

def floats(values):
    return memoryview(array("f", values))

random.seed(3)
for n, m, drive in ((2, 1, "relaxing"), (7, 3, "additive"), (16, 2, "relaxing")):
    width = n + m + 1
    gates = floats([random.uniform(-1, 1) for _ in range(2 * n * width)])
    joint = floats([random.uniform(-1, 1) for _ in range(n + m)] + [1.0])
    cell = Cell()
    cell.alpha_floats, cell.target_floats = floats([0] * n), floats([0] * n)
    cell.seconds_floats = floats([0])
    settings = {"alpha_min": 0.05, "alpha_max": 2.0, "drive": drive}
    integrate = float_step.integrator(cell, gates, joint, settings)
    assert integrate is not exponential
    x = list(joint[:n])
    for _ in range(100):
        joint[n] = random.uniform(-1, 1)
        h = random.choice((1e-4, 0.02, 1.5, 100.0))
        v = x + list(joint[n:])
        sums = [sum(gates[r * width + c] * v[c] for c in range(width)) for r in range(2 * n)]
        for i in range(n):
            rate = min(0.05 + log(1.0 + exp(sums[i])), 2.0)
            q = tanh(sums[n + i])
            if drive == "additive":
                q /= rate
            x[i] += (1.0 - exp(-h * rate)) * (q - x[i])
        integrate(cell, h)
        assert max(abs(a - b) for a, b in zip(x, joint)) < 1e-4
# A kernel that computes something else is not used.
def wrong(block, seconds):
    decay_fpu_step(block, seconds)
    seconds[0] = 0
    decay_fpu_step(block, seconds)
    at = block[4] | block[5] << 8 | block[6] << 16 | block[7] << 24
    import uctypes
    uctypes.bytearray_at(at, 4)[2] ^= 1
decay_fpu_step = decay_fpu.step
decay_fpu.step = wrong
assert float_step.integrator(cell, gates, joint, settings) is exponential
print("done")
"""


def test_in_an_interpreter(tmp_path: Path) -> None:
    """float_step.py on a whole MicroPython for ARM, its assembler called as a C function."""
    assert run_with_a_unit(tmp_path, _IN_AN_INTERPRETER) == "done\n"
