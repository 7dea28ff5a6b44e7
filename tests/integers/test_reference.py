"""The integer step against exact arithmetic, the float solution and the device's own integers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.build_model.prune import prune_connections
from host_tools.convert import convert
from host_tools.integers import reference
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import IntegerReference
from host_tools.integers.tables import tables_for
from rivulet import model as device_model
from rivulet.integers import arithmetic
from rivulet.integers import model as integer_model
from rivulet.integers import tensors as integer_tensors

_INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
_DAYS_US = 40 * 86400 * 1_000_000
_SETTINGS = {"alpha_min": 0.05, "alpha_max": 30.0, "drive": "relaxing"}
_DECAY = tables_for(_SETTINGS, 32.0, 1.0)["table.decay"].astype(np.int64)


def _model(
    seed: int,
    hidden: int,
    inputs: int = 3,
    spread: float = 1.0,
    pruned: float = 0.0,
    slowest: float = 0.1,
    **changes: Any,
) -> Any:
    """An int8 model of random weights, time constants from 0.03 to about 2 / slowest seconds."""
    random = np.random.default_rng(seed)
    weights = {
        "readout.weight": random.normal(size=(4, hidden)),
        "readout.bias": random.normal(size=4),
    }
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, spread / hidden**0.5, (hidden, hidden))
        weights[f"{gate}.input"] = random.normal(0, spread, (hidden, inputs))
        weights[f"{gate}.bias"] = random.normal(0, 0.3, hidden)
    weights["alpha.bias"] = np.log(np.expm1(np.geomspace(slowest, 30, hidden)))
    settings = {"readout": "mean", "readout_tau_s": 3.0, "channels": list("abcdefgh"[:inputs])}
    if pruned:
        weights = prune_connections(weights, settings | changes, pruned)
    return quantise(convert(weights, settings | changes))


class _Float:
    """The same model in float64: the integers' own weights, exact functions."""

    def __init__(self, model: Any) -> None:
        tensors, settings = model.tensors, model.settings
        hidden = len(tensors["gates.bias"]) // 2
        packed = tensors["gates.multiplier"].astype(np.int64)
        factor = (packed & 0xFFFF) * 0.5 ** (16 + (packed >> 16))
        # How many integers a sum of 1 is: tanh spans +-8, softplus what its table's end says.
        end = min(settings["alpha_max"], tensors["table.alpha"][-1] / (1 << 20))
        span = 2.0 ** np.ceil(np.log2(max(16.0, end - 0.5)))
        per_unit = np.repeat([16384 / span, 2048.0], hidden)
        self.scale = settings["state_scale"]
        self._weight = tensors["gates.weight"] * (factor * 4096 / per_unit)[:, None]
        self._bias = (tensors["gates.bias"] * factor - 0.5) / per_unit
        self._settings = settings
        self.state = np.zeros(hidden)
        self.mean = np.zeros(hidden)
        self.confidence = 0.0

    def step(self, dt_us: int, inputs: np.ndarray) -> None:
        hidden, h = len(self.state), dt_us * 1e-6
        factors = np.concatenate([self.state / self.scale, inputs / 4096])
        sums = self._weight @ factors + self._bias
        low, high = self._settings["alpha_min"], self._settings["alpha_max"]
        alpha = np.minimum(np.logaddexp(0, sums[:hidden]) + low, high)
        target = np.tanh(sums[hidden:])
        if self._settings["drive"] == "additive":
            target = target / alpha
        self.state = self.state - np.expm1(-h * alpha) * (target - self.state)
        share = -np.expm1(-h / self._settings["readout_tau_s"])
        self.confidence += share * (1 - self.confidence)
        self.mean = self.mean + share / self.confidence * (self.state - self.mean)


@given(_INT32, st.integers(1 << 14, (1 << 15) - 1), st.integers(0, 30))
def test_mul_shift_is_the_floor_of_the_exact_product(
    value: int, mantissa: int, shift: int
) -> None:
    result = reference.mul_shift(np.array([value]), np.array([mantissa]), np.array([shift]))
    assert int(result[0]) == (value * mantissa) >> (16 + shift)


@given(st.integers(1 << 10, (1 << 30) - 1), st.integers(1, _DAYS_US))
def test_the_exponent_is_rate_times_time_at_any_interval(alpha: int, dt_us: int) -> None:
    s = int(reference.exponent(np.array(alpha), *reference.interval(np.array(dt_us))))
    exact = min(alpha * dt_us * 64e-6, 12 * 2**26)
    # Floors of two 15-bit mantissas, of the product (2 of alpha / 2 at least), and of Q26.
    assert exact * (1 - 2**-13 - 4 / alpha) - 2 <= s <= exact * (1 + 2**-14) + 1


@given(st.integers(1, _DAYS_US))
def test_kernels_take_an_interval_in_two_units(dt_us: int) -> None:
    given_as = dt_us if dt_us < 1 << 30 else integer_model._coarse(dt_us)
    assert -(1 << 30) < given_as < 1 << 30
    mantissa, shift = reference.interval(np.array(dt_us))
    wanted = int(mantissa), max(-int(shift), 0), max(int(shift), 0)
    assert arithmetic.interval(given_as) == wanted


def test_a_month_of_the_slowest_rate_gives_a_gain_of_one() -> None:
    slowest = np.array(1 << 10)  # that a model may have: conversion refuses slower ones
    for dt_us in (13000 * 1_000_000, reference.LONGEST_US, reference.LONGEST_US + 1, 1 << 50):
        s = reference.exponent(slowest, *reference.interval(np.array(dt_us)))
        assert reference.gain(s, _DECAY) == arithmetic.ONE


def test_the_gain_is_the_exponential_and_rises() -> None:
    far = 12 << 26
    node = np.arange(-(1 << 21), far, 1 << 22)
    around = np.concatenate([node + d for d in range(-70, 71)])
    s = np.unique(np.clip(np.concatenate([around, np.arange(0, far, 4099), [0, 1, far]]), 0, far))
    gain = reference.gain(s, _DECAY)
    assert gain[0] == 0 and gain[-1] == arithmetic.ONE
    assert np.abs(gain / arithmetic.ONE + np.expm1(-s / 2**26)).max() < 3e-5
    # Small gains are what makes slow units move at all: exact in proportion as well.
    small = (s > 1000) & (s < 1 << 21)
    assert np.abs(gain[small] / arithmetic.ONE / -np.expm1(-s[small] / 2**26) - 1).max() < 1e-3
    # Where the curves around two nodes meet it may step back by half of what Q15 resolves,
    # within one of them by a millionth.
    assert np.diff(gain).min() >= -(1 << 14)
    within = np.diff((s + (1 << 21)) >> 22) == 0
    assert np.diff(gain)[within].min() >= -1024


@given(st.integers(-(1 << 30), (1 << 30) - 1), st.integers(-32767, 32767), st.integers(0, 1 << 30))
def test_a_move_never_passes_its_target(value: int, target: int, gain: int) -> None:
    moved = int(reference.move(np.array(value), np.array(target), np.array(gain)))
    low, high = min(value, target << 15), max(value, (target << 15) + 32767)
    assert low - 1 <= moved <= high
    assert -(1 << 30) <= moved < 1 << 30


@pytest.mark.parametrize("slowest", [0.1, 0.001])
@pytest.mark.parametrize("seed", range(4))
def test_states_stay_with_the_float_solution_for_any_interval(seed: int, slowest: float) -> None:
    slow = {"alpha_min": 0.001, "readout_tau_s": 1000.0} if slowest < 0.01 else {}
    model = _model(seed, hidden=(5, 16, 32, 64)[seed], slowest=slowest, **slow)
    run, exact = IntegerReference(model.tensors, model.settings), _Float(model)
    random = np.random.default_rng(seed)
    inputs = np.zeros(3, np.int64)
    worst = worst_mean = 0.0
    for _ in range(600):
        dt_us = int(np.exp(random.uniform(0, np.log(_DAYS_US))))
        exact.step(dt_us, inputs)
        inputs = np.clip(random.normal(0, 6000, 3), -32767, 32767).astype(np.int64)
        run.event(dt_us, inputs)
        worst = max(worst, np.abs(run.states()[0] - exact.state).max())
        worst_mean = max(worst_mean, np.abs(run.mean[0] / arithmetic.ONE - exact.mean).max())
    assert worst < 0.003
    assert worst_mean < 0.003


def test_slow_units_follow_many_short_intervals() -> None:
    """5 s in steps of 1 ms: no dead zone and no drift, however small each step's change is."""
    model = _model(7, 8)
    run, exact = IntegerReference(model.tensors, model.settings), _Float(model)
    inputs = np.array([3000, -2000, 5000])
    run.event(0, inputs)
    for _ in range(5_000):
        run.step(1000)
        exact.step(1000, inputs)
    assert np.abs(run.states()[0] - exact.state).max() < 0.004


def test_an_additive_drive_stays_with_the_float_solution() -> None:
    model = _model(3, 16, drive="additive", alpha_min=0.5)
    run, exact = IntegerReference(model.tensors, model.settings), _Float(model)
    random = np.random.default_rng(3)
    inputs = np.zeros(3, np.int64)
    for _ in range(300):
        exact.step(100_000, inputs)
        inputs = np.clip(random.normal(0, 4000, 3), -32767, 32767).astype(np.int64)
        run.event(100_000, inputs)
        assert np.abs(run.states()[0] - exact.state).max() < 0.02


@pytest.mark.parametrize("weight", [-128, 127])
@pytest.mark.parametrize("state", [-(1 << 30), (1 << 30) - 1])
def test_extremes_overflow_nothing(weight: int, state: int) -> None:
    model = _model(0, 64, 4)
    tensors = dict(model.tensors)
    tensors["gates.weight"] = np.full((128, 68), weight, np.int8)
    tensors["readout.weight"] = np.full((4, 64), weight, np.int8)
    tensors["gates.multiplier"] = np.full(128, 32767, np.int32)
    run = IntegerReference(tensors, model.settings)
    for sign in (-1, 1):
        for dt_us in (1, 1000, (1 << 30) - 1, 1 << 40):
            run.state[:], run.mean[:] = state, state
            run.event(0, np.full(4, sign * 32767))
            run.step(dt_us)
            run.outputs()
            assert run.state.min() >= -(1 << 30) and run.state.max() < 1 << 30
            assert run.alpha.min() >= 1 and run.alpha.max() <= 30 << 20


def test_a_sum_that_leaves_32_bits_is_noticed() -> None:
    model = _model(0, 8)
    tensors = dict(model.tensors)
    tensors["gates.bias"] = np.full(16, (1 << 31) - 1, np.int32)
    tensors["gates.weight"] = np.full((16, 11), 127, np.int8)
    run = IntegerReference(tensors, model.settings)
    run.event(0, np.full(3, 32767))
    with pytest.raises(OverflowError):
        run.step(1)


def test_an_interval_of_zero_changes_the_input_only() -> None:
    model = _model(1, 8)
    run = IntegerReference(model.tensors, model.settings)
    run.event(50_000, [100, 200, 300])
    before = run.state.copy(), run.mean.copy(), run.confidence.copy(), run.outputs()
    run.event(0, [-4000, 5000, 6000])
    after = run.state, run.mean, run.confidence, run.outputs()
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    assert run.inputs.tolist() == [[-4000, 5000, 6000]]


def test_conventions_differ_in_what_drives_the_interval() -> None:
    runs = []
    for convention in ("previous", "current"):
        model = _model(2, 8, convention=convention)
        run = IntegerReference(model.tensors, model.settings)
        if convention == "previous":
            run.event(0, [9000, -9000, 4000])
        run.event(200_000, [9000, -9000, 4000])
        runs.append(run.state)
    assert (runs[0] == runs[1]).all() and runs[0].any()


def test_the_first_mean_is_the_state_itself() -> None:
    model = _model(4, 8)
    run = IntegerReference(model.tensors, model.settings)
    run.event(700, [5000, 0, 0])
    # All but the last of 16 bits: the mean moves towards a state in Q15.
    assert np.abs(run.mean - run.state).max() < 1 << 16


def test_streams_computed_together_equal_single_streams() -> None:
    model = _model(5, 16)
    random = np.random.default_rng(5)
    gaps = random.integers(0, 300_000, (40, 3)) * random.integers(0, 2, (40, 3))
    inputs = random.integers(-32767, 32768, (40, 3, 3))
    together = IntegerReference(model.tensors, model.settings, streams=3)
    alone = [IntegerReference(model.tensors, model.settings) for _ in range(3)]
    for gap, values in zip(gaps, inputs, strict=True):
        together.event(gap, values)
        for i, run in enumerate(alone):
            run.event(gap[i], values[i])
    for i, run in enumerate(alone):
        assert (run.state[0] == together.state[i]).all()
        assert (run.outputs()[0] == together.outputs()[i]).all()


@pytest.mark.parametrize(
    "hidden, convention, pruned",
    [
        (5, "previous", 0.0),
        (12, "current", 0.0),
        (32, "previous", 0.0),
        (12, "current", 0.5),
        (32, "previous", 0.75),
    ],
)
@pytest.mark.parametrize("readout, drive", [("mean", "relaxing"), ("state", "additive")])
def test_the_device_computes_the_same_bits(
    tmp_path: Path, hidden: int, convention: str, pruned: float, readout: str, drive: str
) -> None:
    """The device's model, loaded from the file, against the reference, event by event."""
    changes = {"convention": convention, "readout": readout, "drive": drive}
    model = _model(hidden, hidden, pruned=pruned, **changes)
    assert ("gates.values" in model.tensors) == bool(pruned)
    path = tmp_path / "m.safetensors"
    model.save(path)
    with path.open("rb") as file:
        settings, tensors = device_model.read_header(file, path.stat().st_size)
        device = integer_tensors.load(file, settings, tensors)
    run = IntegerReference(model.tensors, model.settings)
    input_map = device.slots(settings["channels"])
    random = np.random.default_rng(hidden)
    for _ in range(60):
        dt_us = int(np.exp(random.uniform(0, np.log(_DAYS_US)))) * int(random.integers(0, 6) > 0)
        values = random.normal(0, 4, 3)
        run.measured(dt_us, values)
        device.event(dt_us, input_map, values.tolist())
        assert list(device._x) == run.state[0].tolist()
        assert list(device._alpha) == run.alpha[0].tolist()
        if run.state.any():
            assert list(device.outputs()) == run.outputs()[0].tolist()
