"""Nothing happens for a while: from no time at all to thirty days between two events."""

import random
from dataclasses import dataclass

import numpy as np

from host_tools.convert import convert
from host_tools.faults import Given, Row
from host_tools.integers.quantise import quantise
from host_tools.interpreter.find import float_bytes
from rivulet.sensing.clock import PERIOD

_DAY_US = 24 * 3600 * 1_000_000
_TAU_S = 50.0
_HIDDEN = 8
# Powers of ten, what the counters can tell and what they cannot, and the whole month.
_GAPS = (
    *(0, 1, 10, 100, 1_000, 10_000, 100_000, 10**6, 10**7, 10**8, 10**9),
    *(wraps * (PERIOD // 2) + less for wraps in (1, 2, 3, 20, 1000) for less in (-1, 0, 1)),
    *(_DAY_US, 12 * _DAY_US + 5 * 3600 * 10**6, 30 * _DAY_US),
)


@dataclass(frozen=True)
class Solution:
    """dx/dt = alpha (g - x) where nothing feeds back: alpha and g stand still, x is known."""

    alpha: np.ndarray
    g: np.ndarray
    readout: np.ndarray

    def after(self, gaps: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """State and outputs after the gaps, from zero; the mean is that of the readout."""
        x, mean = np.zeros(_HIDDEN), np.zeros(_HIDDEN)
        confidence = 0.0
        for gap in gaps:
            if not gap:
                continue
            seconds = gap * 1e-6
            x = self.g + (x - self.g) * np.exp(-seconds * self.alpha)
            weight = -np.expm1(-seconds / _TAU_S)
            confidence += weight * (1 - confidence)
            mean = mean + weight / confidence * (x - mean)
        return x, self.readout @ np.append(mean, 1.0)


def _model(given: Given, integers: bool, slowest: float, value: list[float]) -> Solution:
    """Write a model whose rates span from the slowest to 20 a second."""
    draw = np.random.default_rng(given.seed)
    weights = {
        "alpha.recurrent": np.zeros((_HIDDEN, _HIDDEN)),
        "alpha.input": draw.normal(0, 0.1, (_HIDDEN, 3)),
        "alpha.bias": np.linspace(-20.0, 3.0, _HIDDEN),
        "drive.recurrent": np.zeros((_HIDDEN, _HIDDEN)),
        "drive.input": draw.normal(0, 1.0, (_HIDDEN, 3)),
        "drive.bias": draw.normal(0, 0.3, _HIDDEN),
        "readout.weight": draw.normal(0, 1, (2, _HIDDEN)),
        "readout.bias": draw.normal(0, 1, 2),
    }
    model = convert(
        weights,
        {
            "channels": ["a", "b", "c"],
            "alpha_min": slowest,
            "alpha_max": 20.0,
            "readout": "mean",
            "readout_tau_s": _TAU_S,
        },
    )
    if integers:
        model = quantise(model)
    model.save(given.folder / "model.safetensors")
    single = {name: tensor.astype(np.float32).astype(float) for name, tensor in weights.items()}
    sums = {
        gate: single[f"{gate}.input"] @ value + single[f"{gate}.bias"]
        for gate in ("alpha", "drive")
    }
    return Solution(
        np.minimum(slowest + np.logaddexp(0.0, sums["alpha"]), 20.0),
        np.tanh(sums["drive"]),
        np.column_stack((single["readout.weight"], single["readout.bias"])),
    )


def _row(given: Given, integers: bool) -> Row:
    draw = random.Random(given.seed)
    value = [0.5, -0.75, 1.0]
    # Rates come out of a logarithm of about 1: floats of 32 bits tell them apart by 1e-7 a second.
    double = not integers and float_bytes(given.interpreter) == 8
    solution = _model(given, integers, 1e-7 if double else 1e-3, value)
    gaps = [[first, 250_000] for first in _GAPS]
    for _ in range(given.times(full=1000, short=30)):
        gaps.append([int(10 ** draw.uniform(0, 12.41)) for _ in range(2)])
    report = given.on_device(
        "gaps", path="model.safetensors", gaps=gaps, value=value, seed=given.seed
    )
    worst = 0.0
    broken = []
    # Of a state within +-1: what 8-bit weights and a rate of 1,000 steps of its unit leave.
    tolerance = 0.01 if integers else 1e-5 if double else 1e-4
    for pair, (state, ahead, outputs) in zip(gaps, report["found"], strict=True):
        true_state, true_outputs = solution.after(pair)
        scale = 1 + np.abs(solution.readout).sum(axis=1)
        off = max(
            float(np.abs(state - true_state).max()),
            float((np.abs(outputs - true_outputs) / scale).max()),
            float((np.abs(ahead - true_outputs) / scale).max()),
        )
        worst = max(worst, off)
        if not off <= tolerance:
            broken.append(f"gaps of {pair} µs: {off:.2g} off")
    if report["late"]:
        broken.append(f"{report['late']} events late or dropped")
    kind = "int8" if integers else "float"
    return Row(
        f"gaps of 0 to 30 days between events, {kind} model, τ from 50 ms to "
        f"{1 / solution.alpha.min():,.0f} s",
        2 * len(gaps),
        f"state and outputs within {tolerance:g} of the solution, before and after the event",
        f"largest error {worst:.1e}",
        broken,
    )


def run(given: Given) -> list[Row]:
    return [_row(given, integers=False), _row(given, integers=True)]
