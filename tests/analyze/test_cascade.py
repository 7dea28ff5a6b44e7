"""A cascade contracts whatever its weights: the proof, the Jacobians and the board's own steps."""

from pathlib import Path

import numpy as np
import pytest

from host_tools.analyze import analyze, contraction
from host_tools.analyze.dynamics import Dynamics
from host_tools.analyze.gates import Gates, read_gates
from host_tools.convert import convert
from tests.trained_weights import CASCADE, INPUTS, cascade

_LOWEST = 0.25


def made(folder: Path, rates: str, size: float, readout_inputs: bool = False) -> Path:
    """A model whose layers drive each other `size` times as strongly as usual."""
    weights = cascade((4, 3, 2), rates, readout_inputs)
    for name in weights:
        if name.endswith(".below"):
            weights[name] = weights[name] * size
    path = folder / "m.safetensors"
    convert(weights, CASCADE | {"alpha_min": _LOWEST}).save(path)
    return path


def gates_of(path: Path) -> tuple[Dynamics, Gates]:
    dynamics = Dynamics(path)
    gates = read_gates(path, dynamics)
    assert gates is not None
    return dynamics, gates


@pytest.mark.parametrize("rates", ["u", "v"])
@pytest.mark.parametrize("size", [0.0, 1.0, 1e3])
def test_the_bound_holds_for_any_weights(tmp_path: Path, rates: str, size: float) -> None:
    dynamics, gates = gates_of(made(tmp_path, rates, size))
    bound = contraction.bound(gates)
    assert bound.rate <= -0.99 * _LOWEST
    random = np.random.default_rng(2)
    for _ in range(40):
        x, u = random.uniform(-1, 1, 9), random.normal(0, 2, INPUTS)
        alpha, q = dynamics.targets(x, u)
        # The Jacobian by differences of the field, of its smooth parts.
        steps = 1e-6 * np.eye(9)
        columns = [
            (dynamics.field(x + step, u) - dynamics.field(x - step, u)) / 2e-6 for step in steps
        ]
        matrix = np.column_stack(columns)
        assert contraction.measure_max(matrix, bound.weights) <= bound.rate + 1e-3
        assert dynamics.field(x, u) == pytest.approx(alpha * (q - x), abs=1e-12)


@pytest.mark.parametrize("rates", ["u", "v"])
def test_the_boards_steps_contract_at_any_length(tmp_path: Path, rates: str) -> None:
    dynamics, gates = gates_of(made(tmp_path, rates, 30.0))
    bound = contraction.bound(gates)
    random = np.random.default_rng(3)
    for _ in range(200):
        above, below = random.uniform(-1, 1, (2, 9))
        u, seconds = random.normal(0, 2, INPUTS), float(10 ** random.uniform(-3, 2))
        before = np.abs((above - below) / bound.weights).max()
        moved = dynamics.step(above, u, seconds) - dynamics.step(below, u, seconds)
        after = np.abs(moved / bound.weights).max()
        assert after <= before * np.exp(bound.rate * seconds) * (1 + 1e-9) + 1e-15


def test_the_report_says_so(tmp_path: Path) -> None:
    lines = analyze(made(tmp_path, "v", 100.0)).lines
    (said,) = [line for line in lines if "whatever the weights" in line]
    assert said.startswith("  + proved for every input and whatever the weights")
    assert any("a cascade cell has its own update rule" in line for line in lines)


def test_inputs_that_the_readout_reads_count_in_the_static_gain(tmp_path: Path) -> None:
    path = made(tmp_path, "u", 1.0, readout_inputs=True)
    gain = analyze(path).findings.gain
    dynamics = Dynamics(path)

    def outputs(u: np.ndarray) -> np.ndarray:
        x = np.zeros(9)
        for _ in range(40):
            x = dynamics.step(x, u, 10.0)
        seen = np.concatenate([x[-2:], u])
        weights = cascade((4, 3, 2), "u", True)
        return np.asarray(weights["readout.weight"] @ seen + weights["readout.bias"])

    for i, step in enumerate(1e-4 * np.eye(INPUTS)):
        assert gain is not None
        assert gain[:, i] == pytest.approx((outputs(step) - outputs(-step)) / 2e-4, abs=1e-4)
