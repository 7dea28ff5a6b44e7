"""The cascade against scipy's solver, in float64: exact in layer 1, of first order above it."""

import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save
from scipy.integrate import solve_ivp

from host_tools.convert import convert
from rivulet import model as device_model

_SIZES, _INPUTS, _SECONDS = (8, 8), 3, 1.024
_LOWEST, _HIGHEST = 0.2, 15.0
_U = np.array([0.7, -0.4, 0.2])
_START = np.random.default_rng(5).uniform(-0.5, 0.5, sum(_SIZES))


class Equations:
    """dx/dt = alpha (q - x) in each layer, the layer below being present all the time."""

    def __init__(self, rates: str, seed: int = 3) -> None:
        random = np.random.default_rng(seed)
        self.weights = {"readout.weight": np.ones((1, _SIZES[1])), "readout.bias": np.zeros(1)}
        for k, size in enumerate(_SIZES, start=1):
            for gate in ("alpha", "drive"):
                self.weights[f"layer{k}.{gate}.input"] = random.normal(0, 1, (size, _INPUTS))
                self.weights[f"layer{k}.{gate}.bias"] = random.normal(0, 1, size)
                if k > 1 and (gate == "drive" or rates == "v"):
                    below = random.normal(0, 1, (size, _SIZES[k - 2]))
                    self.weights[f"layer{k}.{gate}.below"] = below
        # As float32 holds them, because that is what a model file stores.
        for name, value in self.weights.items():
            self.weights[name] = value.astype(np.float32).astype(np.float64)

    def sums(self, k: int, gate: str, below: np.ndarray) -> np.ndarray:
        found = self.weights[f"layer{k}.{gate}.input"] @ _U + self.weights[f"layer{k}.{gate}.bias"]
        if f"layer{k}.{gate}.below" in self.weights:
            found = found + self.weights[f"layer{k}.{gate}.below"] @ below
        return np.asarray(found)

    def slope(self, _: float, x: np.ndarray) -> np.ndarray:
        parts = np.split(x, [_SIZES[0]])
        slopes = []
        for k, own in enumerate(parts, start=1):
            below = parts[k - 2]
            alpha = np.logaddexp(0.0, self.sums(k, "alpha", below)) + _LOWEST
            q = np.tanh(self.sums(k, "drive", below))
            slopes.append(np.minimum(alpha, _HIGHEST) * (q - own))
        return np.concatenate(slopes)

    def solve(self, seconds: float) -> np.ndarray:
        found = solve_ivp(self.slope, (0, seconds), _START, "DOP853", rtol=1e-13, atol=1e-15)
        assert found.success
        return np.asarray(found.y[:, -1])

    def on_the_device(self) -> Any:
        metadata = {"cell": "cascade", "alpha_min": _LOWEST, "alpha_max": _HIGHEST}
        made = convert(self.weights, metadata)
        text = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in made.settings.items()
        }
        data = save(made.tensors, metadata=text)
        return device_model.load(BytesIO(data), len(data))

    def reached(self, pieces: int, seconds: float = _SECONDS) -> np.ndarray:
        """The device's state after equal intervals."""
        model = self.on_the_device()
        model.cell.state_floats[:] = memoryview(_START)
        model.event(0, (0, 1, 2), list(_U))
        for _ in range(pieces):
            model.event(round(seconds * 1e6 / pieces), (0, 1, 2), list(_U))
        return np.array(model.cell.state_floats)


@pytest.mark.parametrize("rates", ["u", "v"])
def test_layer_1_is_exact_over_any_interval(rates: str) -> None:
    equations = Equations(rates)
    for seconds in (1e-3, 0.1, 1.0, 20.0):
        error = np.abs(equations.reached(1, seconds) - equations.solve(seconds))[: _SIZES[0]]
        assert error.max() < 1e-12


@pytest.mark.parametrize("rates", ["u", "v"])
def test_layer_2_converges_at_first_order(rates: str) -> None:
    """Halving the interval halves the error. One interval of a second is far off."""
    equations = Equations(rates)
    truth = equations.solve(_SECONDS)
    counts = np.array([64, 128, 256, 512, 1024])
    errors = [np.abs(equations.reached(n) - truth)[_SIZES[0] :].max() for n in counts]
    slope = np.polyfit(np.log(_SECONDS / counts), np.log(errors), 1)[0]
    assert 0.97 < slope < 1.03, errors
    once = np.abs(equations.reached(1) - truth)[_SIZES[0] :]
    assert 0.05 < once.max() < 0.4


@pytest.mark.parametrize("rates", ["u", "v"])
def test_a_day_ends_at_the_equilibrium(rates: str) -> None:
    equations = Equations(rates)
    day = equations.reached(1, 86400.0)
    np.testing.assert_allclose(equations.slope(0.0, day), 0.0, atol=1e-12)
