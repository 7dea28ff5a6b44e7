"""Order of convergence of RK4 and implicit Euler, and stiff cells, against scipy's solvers."""

import json
import math
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save
from scipy.integrate import solve_ivp

from host_tools.convert import convert
from rivulet import model as device_model

_HIDDEN, _INPUTS = 8, 3
_U = np.array([0.5, -1.0, 0.25])


def cell(integrator: str, drive: str = "relaxing", kind: str = "decay", **changes: Any) -> Any:
    """A running cell with random weights; `recurrent` scales what the state feeds back."""
    random = np.random.default_rng(6)
    recurrent = changes.pop("recurrent", 1.0) / math.sqrt(_HIDDEN)
    bias = changes.pop("alpha_bias", 1.0)
    weights = {
        "readout.weight": np.ones((1, _HIDDEN)),
        "readout.bias": np.zeros(1),
        "tau_s": np.geomspace(*changes.pop("tau_s", (0.2, 2.0)), _HIDDEN),
    }
    for gate, middle in (("alpha", bias), ("drive", 0.0)):
        weights[f"{gate}.recurrent"] = recurrent * random.normal(0, 1, (_HIDDEN, _HIDDEN))
        weights[f"{gate}.input"] = random.normal(0, 0.5, (_HIDDEN, _INPUTS))
        weights[f"{gate}.bias"] = random.normal(middle, 0.5, _HIDDEN)
    wanted = ("readout", "alpha", "drive") if kind == "decay" else ("readout", "drive", "tau_s")
    weights = {name: value for name, value in weights.items() if name.startswith(wanted)}
    metadata = {"cell": kind, "integrator": integrator, "drive": drive} | changes
    made = convert(weights, metadata)
    settings = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in made.settings.items()
    }
    data = save(made.tensors, metadata=settings)
    model = device_model.load(BytesIO(data), len(data))
    model.cell.input_floats[:] = memoryview(_U)
    return model.cell


def slope(one: Any, x: np.ndarray) -> np.ndarray:
    one.state[:] = x
    one.evaluate()
    return np.array(one.alpha * (one.target - x))


def solved(one: Any, start: np.ndarray, seconds: float, method: str) -> np.ndarray:
    found = solve_ivp(
        lambda _, x: slope(one, x), (0, seconds), start, method, rtol=1e-11, atol=1e-12
    )
    assert found.success
    return np.array(found.y[:, -1])


def stepped(one: Any, start: np.ndarray, seconds: float, count: int) -> np.ndarray:
    one.state[:] = start
    for _ in range(count):
        one.advance(seconds / count)
    return np.array(one.state)


@pytest.mark.parametrize("drive", ["relaxing", "additive"])
@pytest.mark.parametrize(("integrator", "order"), [("rk4", 4), ("implicit_euler", 1)])
def test_the_order_of_convergence(integrator: str, order: int, drive: str) -> None:
    one = cell(integrator, drive, alpha_min=0.2, alpha_max=12.0)
    start = np.linspace(-0.8, 0.8, _HIDDEN)
    exact = solved(one, start, 1.0, "DOP853")
    errors = [np.abs(stepped(one, start, 1.0, n) - exact).max() for n in (16, 32, 64)]
    orders = [math.log2(a / b) for a, b in zip(errors, errors[1:], strict=False)]
    assert orders == pytest.approx([order] * 2, abs=0.15)


def test_a_long_step_of_rk4_is_cut_for_stability() -> None:
    one = cell("rk4", alpha_min=0.2, alpha_max=12.0)
    start = np.linspace(-0.8, 0.8, _HIDDEN)
    exact = solved(one, start, 2.0, "DOP853")
    assert stepped(one, start, 2.0, 1) == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("kind", ["decay", "ctrnn"])
def test_stiff_cells_against_radau(kind: str) -> None:
    """Rates over five decades, steps a thousand times the shortest time constant."""
    if kind == "decay":
        # Some rates near a thousand, the others around one.
        bias = np.where(np.arange(_HIDDEN) < _HIDDEN // 2, 601.0, 1.0)
        one = cell("implicit_euler", alpha_min=0.05, alpha_max=5000.0, alpha_bias=bias)
    else:
        one = cell("implicit_euler", kind="ctrnn", tau_s=(5e-4, 5.0))
    start = np.linspace(-0.8, 0.8, _HIDDEN)
    exact = solved(one, start, 4.0, "Radau")
    errors = [np.abs(stepped(one, start, 4.0, n) - exact).max() for n in (8, 16, 32)]
    assert errors[0] < 0.1 and errors[-1] < 0.02
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize(
    ("recurrent", "step_s"), [(1.0, 0.05), (4.0, 0.05), (-4.0, 1.0), (-15.0, 0.05)]
)
def test_an_implicit_step_solves_its_equation_in_bounded_work(
    recurrent: float, step_s: float
) -> None:
    one = cell("implicit_euler", recurrent=recurrent, alpha_min=0.2, alpha_max=500.0, alpha_bias=9)
    evaluations = 0
    evaluate = one.evaluate

    def counted() -> None:
        nonlocal evaluations
        evaluations += 1
        evaluate()

    start = np.linspace(-0.8, 0.8, _HIDDEN)
    one.state[:] = start
    one.evaluate = counted
    one.advance(step_s)
    one.evaluate = evaluate
    assert evaluations <= 40
    end = np.array(one.state)
    assert end == pytest.approx(start + step_s * slope(one, end), abs=1e-5)
