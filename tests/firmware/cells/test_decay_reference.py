"""The decay cell against its equations in numpy and against scipy's solver, in float64."""

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

_INTEGRATORS = ("exponential", "semi_implicit", "euler")
_DRIVES = ("relaxing", "additive")
_LOWEST, _HIGHEST = 0.2, 15.0


class Equations:
    """v = [x; u; 1], alpha = min(alpha_min + softplus(A v), alpha_max), dx/dt = alpha (q - x)."""

    def __init__(self, seed: int, hidden: int, inputs: int, drive: str, recurrent: float = 1.0):
        random = np.random.default_rng(seed)
        self.drive = drive
        # As float32 holds them, because that is what a model file stores.
        self.a, self.g = (
            np.hstack(
                [
                    recurrent * random.normal(0, 1 / math.sqrt(hidden), (hidden, hidden)),
                    random.normal(0, 1, (hidden, inputs)),
                    random.normal(1, 1, (hidden, 1)),
                ]
            )
            .astype(np.float32)
            .astype(np.float64)
            for _ in range(2)
        )
        self.hidden, self.inputs = hidden, inputs
        self.w = random.normal(0, 1, (3, hidden + 1)).astype(np.float32).astype(np.float64)

    def gates(self, x: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        v = np.concatenate([x, u, [1.0]])
        alpha = np.minimum(_LOWEST + np.logaddexp(0.0, self.a @ v), _HIGHEST)
        g = np.tanh(self.g @ v)
        return alpha, g if self.drive == "relaxing" else g / alpha

    def slope(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        alpha, q = self.gates(x, u)
        return alpha * (q - x)

    def step(self, x: np.ndarray, u: np.ndarray, h: float, integrator: str) -> np.ndarray:
        if integrator == "euler":
            count = math.floor(h * _HIGHEST) + 1
            for _ in range(count):
                x = x + h / count * self.slope(x, u)
            return x
        alpha, q = self.gates(x, u)
        if integrator == "semi_implicit":
            return (x + h * alpha * q) / (1 + h * alpha)
        return q + np.exp(-h * alpha) * (x - q)

    def solve(self, x: np.ndarray, u: np.ndarray, seconds: float) -> np.ndarray:
        found = solve_ivp(
            lambda _, y: self.slope(y, u), (0, seconds), x, "Radau", rtol=1e-12, atol=1e-13
        )
        assert found.success
        return np.asarray(found.y[:, -1])

    def on_the_device(self, integrator: str, **changes: Any) -> device_model.Model:
        n, m = self.hidden, self.inputs
        weights = {"readout.weight": self.w[:, :n], "readout.bias": self.w[:, n]}
        for name, gate in (("alpha", self.a), ("drive", self.g)):
            weights[f"{name}.recurrent"] = gate[:, :n]
            weights[f"{name}.input"] = gate[:, n : n + m]
            weights[f"{name}.bias"] = gate[:, n + m]
        metadata = {"alpha_min": _LOWEST, "alpha_max": _HIGHEST, "drive": self.drive}
        made = convert(weights, metadata | {"integrator": integrator} | changes)
        text = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in made.settings.items()
        }
        data = save(made.tensors, metadata=text)
        return device_model.load(BytesIO(data), len(data))


def state(model: device_model.Model) -> np.ndarray:
    return np.array(model.cell.state_floats)


@pytest.mark.parametrize("convention", ["previous", "current"])
@pytest.mark.parametrize("drive", _DRIVES)
@pytest.mark.parametrize("integrator", _INTEGRATORS)
def test_against_the_equations(integrator: str, drive: str, convention: str) -> None:
    for seed, hidden, inputs in ((1, 1, 1), (2, 5, 3), (3, 32, 6), (4, 70, 2)):
        reference = Equations(seed, hidden, inputs, drive)
        model = reference.on_the_device(
            integrator, convention=convention, readout="mean", readout_tau_s=0.7
        )
        random = np.random.default_rng(seed)
        slots = tuple(range(inputs))
        x, u = np.zeros(hidden), np.zeros(inputs)
        mean, confidence = np.zeros(hidden), 0.0
        for _ in range(100):
            dt_us = int(10 ** random.uniform(0, 6.3)) if random.random() > 0.1 else 0
            new = random.normal(0, 1, inputs)
            model.event(dt_us, slots, list(new))
            h = dt_us * 1e-6
            if dt_us:
                x = reference.step(x, new if convention == "current" else u, h, integrator)
                w = -math.expm1(-h / 0.7)
                confidence += w * (1 - confidence)
                mean = mean + w / confidence * (x - mean)
            u = new
            np.testing.assert_allclose(state(model), x, rtol=0, atol=1e-12)
            outputs = reference.w @ np.append(mean, 1.0)
            # The bias correction ends at 0.999999.
            np.testing.assert_allclose(model.outputs(), outputs, rtol=0, atol=2e-5)


@pytest.mark.parametrize("drive", _DRIVES)
@pytest.mark.parametrize("integrator", _INTEGRATORS)
def test_order_of_convergence(integrator: str, drive: str) -> None:
    """Halving the step halves the error of the state at a given time: first order."""
    reference = Equations(7, 8, 2, drive)
    u = np.array([0.7, -0.4])
    start = np.random.default_rng(7).uniform(-0.5, 0.5, 8)
    seconds = 0.512
    truth = reference.solve(start, u, seconds)
    counts = np.array([64, 128, 256, 512, 1024])
    errors = []
    for count in counts:
        model = reference.on_the_device(integrator)
        model.cell.state_floats[:] = memoryview(start)
        model.event(0, (0, 1), list(u))
        for _ in range(count):
            model.event(round(seconds * 1e6 / count), (0, 1), list(u))
        errors.append(np.abs(state(model) - truth).max())
    slope = np.polyfit(np.log(seconds / counts), np.log(errors), 1)[0]
    assert 0.95 < slope < 1.05, errors
    assert errors[-1] < 2e-3


@pytest.mark.parametrize("drive", _DRIVES)
def test_exponential_is_exact_where_nothing_feeds_back(drive: str) -> None:
    """Rates and target do not depend on the state, so a step of any length is exact."""
    reference = Equations(9, 6, 2, drive, recurrent=0.0)
    model = reference.on_the_device("exponential")
    u = np.array([0.7, -0.4])
    alpha, q = reference.gates(np.zeros(6), u)
    model.event(0, (0, 1), list(u))
    now = 0.0
    for dt_us in (1, 999, 70_000, 2_000_000, 3_600_000_000):
        model.event(dt_us, (0, 1), list(u))
        now += dt_us * 1e-6
        np.testing.assert_allclose(state(model), q * -np.expm1(-alpha * now), rtol=0, atol=1e-12)
    short = reference.on_the_device("exponential")
    for dt_us in (0, 250_000):
        short.event(dt_us, (0, 1), list(u))
    np.testing.assert_allclose(
        state(short), reference.solve(np.zeros(6), u, 0.25), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("integrator", _INTEGRATORS)
def test_a_night_ends_at_the_equilibrium(integrator: str) -> None:
    """Hours in one call stay stable; where nothing feeds back they end where the solver does."""
    for drive in _DRIVES:
        reference = Equations(11, 6, 2, drive, recurrent=0.0)
        u = np.array([0.7, -0.4])
        model = reference.on_the_device(integrator)
        for dt_us in (0, 8 * 3600 * 1_000_000):
            model.event(dt_us, (0, 1), list(u))
        truth = reference.solve(np.zeros(6), u, 300.0)
        np.testing.assert_allclose(state(model), truth, rtol=0, atol=1e-3)
