"""int8 models: their weights and tables, refusals, and their errors against the float models."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from host_tools.build_model.build import Options, build
from host_tools.choices import Dtype
from host_tools.convert import ModelFile, convert, read_weights
from host_tools.data import recordings
from host_tools.data.event_table import EventTable, read_table
from host_tools.errors import RivuletError
from host_tools.integers.cells import Inputs
from host_tools.integers.cells.decay import unfolded
from host_tools.integers.compare import compare
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import IntegerReference, mul_shift
from host_tools.integers.row_scales import prove
from host_tools.paths import MODELS
from rivulet import model as device_model

_N, _CHANNELS = 12, ["a", "b", "c"]
_OFFSET, _SCALE = [1.0, -20.0, 300.0], [0.5, 0.1, 0.02]
_INPUTS = Inputs(np.array(_OFFSET), np.array(_SCALE))


def _weights(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    weights = {"readout.weight": random.normal(size=(2, _N)), "readout.bias": np.ones(2)}
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, 0.4, (_N, _N))
        weights[f"{gate}.input"] = random.normal(0, 1.0, (_N, 3))
        weights[f"{gate}.bias"] = random.normal(0, 1.0, _N)
    return weights


def _settings(**changes: Any) -> dict[str, Any]:
    return {
        "channels": _CHANNELS,
        "units": ["m", "s", "K"],
        "normalisation": {"offset": _OFFSET, "scale": _SCALE},
        "readout": "mean",
        "readout_tau_s": 2.0,
    } | changes


def _model(**changes: Any) -> ModelFile:
    return convert(_weights(), _settings(**changes))


def _events(count: int = 400, seed: int = 1, spread: float = 1.5) -> EventTable:
    random = np.random.default_rng(seed)
    u = np.cumsum(random.normal(0, 0.3, (count, 3)), axis=0)
    u = spread * np.sin(u)
    return EventTable(
        np.cumsum(random.integers(1_000, 200_000, count)),
        u / np.array(_SCALE) + np.array(_OFFSET),
    )


def _row_scale(model: ModelFile, name: str, per_unit: np.ndarray) -> np.ndarray:
    packed = model.tensors[f"{name}.multiplier"].astype(np.int64)
    return (packed & 0xFFFF) * 0.5 ** (16 + (packed >> 16)) * 4096 / per_unit


def test_integers_represent_the_weights_for_normalised_inputs() -> None:
    """The folded normalisation is undone, and no weight is off by more than half a step."""
    weights, model = _weights(), quantise(_model())
    # alpha_max is 30/s: softplus spans +-32. tanh spans +-8.
    step = _row_scale(model, "gates", np.repeat([16384 / 32, 16384 / 8], _N))
    whole = np.vstack(
        [np.hstack([weights[f"{g}.recurrent"], weights[f"{g}.input"]]) for g in ("alpha", "drive")]
    )
    integers = model.tensors["gates.weight"]
    assert (np.abs(integers * step[:, None] - whole) <= 0.5001 * step[:, None] + 1e-6).all()
    assert (np.abs(integers).max(axis=1) >= 126).all()  # no row wastes its range
    assert model.settings["normalisation"] == {
        "offset": _OFFSET,
        "scale": _SCALE,
        "folded": False,
    }


def test_unfolding_gives_the_trained_gates_back() -> None:
    weights = _weights()
    recurrent, inward, bias = unfolded(_model(), _INPUTS)
    assert np.allclose(recurrent[:_N], weights["alpha.recurrent"], atol=1e-6)
    assert np.allclose(inward[_N:], weights["drive.input"], atol=1e-5)
    assert np.allclose(bias[:_N], weights["alpha.bias"], atol=1e-4)


def test_the_outputs_follow_the_float_model() -> None:
    model, events = _model(), _events()
    result = compare(model, quantise(model, events), events)
    assert result.events == 400
    assert result.agreement is None  # the outputs are values
    assert 0.0 < result.state_rms < 0.01 and result.state_max < 0.06
    assert 0.0 < result.output_rms < 0.02 and result.output_max < 0.1


def test_a_wrong_sign_does_not_pass_for_quantisation_error() -> None:
    model, events = _model(output="class", classes=["x", "y"]), _events()
    good = quantise(model, events)
    broken = ModelFile(
        good.tensors | {"gates.weight": -good.tensors["gates.weight"]}, good.settings
    )
    assert compare(model, good, events).agreement == pytest.approx(1.0, abs=0.02)
    result = compare(model, broken, events)
    assert result.state_max > 0.5 and result.agreement is not None and result.agreement < 0.9
    assert "same class" in str(result)


def test_a_large_bias_beside_small_weights_is_kept() -> None:
    weights = _weights()
    weights["alpha.recurrent"][3], weights["alpha.input"][3] = 0.0, 1e-6
    weights["alpha.bias"][3] = 20.0
    weights["drive.recurrent"][4], weights["drive.input"][4] = 0.0, 0.0
    weights["drive.bias"][4] = -0.7
    model = quantise(convert(weights, _settings()))
    run = IntegerReference(model.tensors, model.settings)
    assert run.alpha[0, 3] / (1 << 20) == pytest.approx(20.05, abs=0.01)
    assert run.target[0, 4] / 32768 == pytest.approx(np.tanh(-0.7), abs=2e-4)


def test_sums_are_rounded_to_nearest() -> None:
    """mul_shift rounds down; the half unit in the bias makes the mean error zero."""
    model = quantise(_model())
    random = np.random.default_rng(2)
    factors = random.integers(-4000, 4000, (500, _N + 3))
    products = factors @ model.tensors["gates.weight"].astype(np.int64).T
    packed = model.tensors["gates.multiplier"].astype(np.int64)
    mantissa, shift = packed & 0xFFFF, packed >> 16
    z = mul_shift(model.tensors["gates.bias"] + products, mantissa, shift)
    per_unit = np.repeat([16384 / 32, 16384 / 8], _N)
    exact = products * mantissa * 0.5 ** (16 + shift) + unfolded(_model(), _INPUTS)[2] * per_unit
    assert np.abs(z - exact).max() < 0.6
    assert abs((z - exact).mean()) < 0.02


def test_no_row_can_overflow_and_one_that_could_is_named() -> None:
    weight = np.array([[1, -1], [127, -127]], np.int8)
    limits = np.array([4096, 32767])
    reach = 127 * (4096 + 32767)
    names = ["first row", "second row"]
    prove(weight, np.array([0.0, 2.0**31 - 1 - reach]), limits, names)
    with pytest.raises(RivuletError, match="second row can reach a sum of 2.15e"):
        prove(weight, np.array([0.0, 2.0**31 - reach]), limits, names)
    with pytest.raises(RivuletError, match="first row"):
        prove(weight, np.array([-(2.0**31), 0.0]), limits, names)


def test_a_model_too_wide_for_the_accumulator_is_refused() -> None:
    n, m = 2, 540
    weights = {"readout.weight": np.ones((1, n)), "readout.bias": np.ones(1)}
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = np.ones((n, n))
        weights[f"{gate}.input"] = np.ones((n, m))
        weights[f"{gate}.bias"] = np.zeros(n)
    with pytest.raises(RivuletError, match="alpha gate of unit 0 can reach a sum"):
        quantise(convert(weights, {}))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"integrator": "euler"}, "no integrator 'euler', only exponential"),
        ({"integrator": "semi_implicit"}, "no integrator 'semi_implicit'"),
        ({"alpha_max": 2000.0}, "alpha_max is 2000/s; int8 arithmetic represents rates"),
        ({"alpha_min": 1e-5}, "alpha_min is 1e-05/s; int8"),
        ({"readout_tau_s": 5000.0}, "readout_tau_s is 5000 s; int8"),
    ],
)
def test_what_the_integers_cannot_run_is_refused_by_name(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RivuletError, match=message):
        quantise(_model(**changes))


def test_other_cells_are_refused_by_name() -> None:
    model = _model()
    other = ModelFile(model.tensors, model.settings | {"cell": "node"})
    with pytest.raises(RivuletError, match="no cell 'node', only cascade, cfc, decay, ltc"):
        quantise(other)


def test_weights_out_of_range_are_refused_with_their_row() -> None:
    weights = _weights()
    weights["drive.input"][5] = 1000.0
    with pytest.raises(RivuletError, match="drive gate of unit 5 has weights up to 1e"):
        quantise(convert(weights, _settings()))
    weights = _weights()
    weights["readout.weight"][1] = 1e7
    with pytest.raises(RivuletError, match="readout has weights up to 1e"):
        quantise(convert(weights, _settings()))


def test_a_range_that_no_int16_holds_is_refused_with_its_channel() -> None:
    events = _events()
    events.values[:, 1] *= 100
    with pytest.raises(RivuletError, match=r"channel 'b' goes from .* to .* s in the calibration"):
        quantise(_model(), events)


def test_a_calibration_widens_the_range_of_a_channel_and_keeps_the_model() -> None:
    events = _events()
    events.values[:, 2] = 300 + 20 * (events.values[:, 2] - 300)  # to 30 normalised units
    model = _model()
    wide, narrow = quantise(model, events), quantise(model)
    assert wide.settings["normalisation"]["scale"][:2] == _SCALE[:2]
    assert wide.settings["normalisation"]["scale"][2] < 0.3 * _SCALE[2]
    assert compare(model, wide, events).state_rms < 0.3 * compare(model, narrow, events).state_rms


def test_a_calm_calibration_does_not_narrow_a_range() -> None:
    calm = quantise(_model(), _events(spread=0.1))
    assert calm.settings["normalisation"]["scale"] == _SCALE


def test_channels_that_the_calibration_does_not_cover_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("t_us,a,c\n0,1.5,7\n1000,0.5,\n2000,,7\n")
    warnings = quantise(_model(), read_table(path, _CHANNELS)).warnings
    assert len(warnings) == 2
    assert "'b' carries no values: its range -100 to 60 s is unchecked" in warnings[0]
    assert "'c' is constant at 7: its range -100 to 700 K is unchecked" in warnings[1]


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,b\n1,2\n", "first column must be t_us"),
        ("t_us,a,x\n0,1,2\n", "unknown: x"),
        ("t_us,a\n0,1\n5,1,2\n", "line 3: 3 cells, the header has 2"),
        ("t_us,a\n0,fast\n", "line 2: 'fast' is not a finite number"),
        ("t_us,a\n0,inf\n", "line 2: 'inf' is not a finite number"),
        ("t_us,a\n", "holds no events"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused_with_the_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "e.csv"
    path.write_text(text)
    with pytest.raises(RivuletError, match=message):
        read_table(path, _CHANNELS)


def test_late_events_take_no_time() -> None:
    events = EventTable(np.array([100, 300, 200, 350]), np.zeros((4, 1)))
    assert events.gaps_us.tolist() == [0, 200, 0, 50]


def test_a_coarse_rate_table_is_warned_of() -> None:
    weights = _weights()
    weights["alpha.bias"] += 200.0
    (warning,) = quantise(convert(weights, _settings(alpha_max=500.0))).warnings
    assert "alpha_max of 500/s" in warning


def test_the_file_carries_integers_that_other_tools_read(tmp_path: Path) -> None:
    model = quantise(_model())
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    model.save(first)
    quantise(_model()).save(second)
    assert first.read_bytes() == second.read_bytes()
    read = safetensors.numpy.load_file(first)
    assert read.keys() == model.tensors.keys()
    for name, dtype in (
        ("gates.weight", np.int8),
        ("gates.bias", np.int32),
        ("gates.multiplier", np.int32),
        ("table.drive", np.int16),
        ("table.decay", np.uint16),
    ):
        assert read[name].dtype == dtype
        assert (read[name] == model.tensors[name]).all()


def test_options_that_have_no_effect_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RivuletError, match="--fine-tune goes with --prune"):
        build(_weights(), _settings(), Options(fine_tune=True))


def test_a_calibration_gives_the_prior_state(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    names = _settings()["channels"]
    rows = [",".join(["t_us", *names])]
    rows += [",".join([str(10_000_000 * i), *["0.5"] * len(names)]) for i in range(600)]
    path.write_text("\n".join(rows) + "\n")
    for dtype in (Dtype.float32, Dtype.int8):
        model, _ = build(_weights(), _settings(), Options(dtype=dtype, calibrate=path))
        # Of constant inputs it is where they lead.
        data = model.to_bytes()
        running = device_model.load(io.BytesIO(data), len(data))
        for _ in range(100):
            running.event(1_000_000, tuple(range(len(names))), [0.5] * len(names))
        prior = model.settings["warm_start"]["prior"]
        np.testing.assert_allclose(prior, running.physical(1), atol=0.05)
        assert np.abs(prior).max() > 0.1


def test_the_activity_model_loses_at_most_half_a_point() -> None:
    """Float and int8 over the same test recordings, half of the samples lost, no reset."""
    weights, settings = read_weights(MODELS / "activity" / "weights.npz")
    model, _ = build(weights, settings, Options())
    loaded = recordings.load("activity", "train")
    training = loaded.values.reshape(-1, 6)
    calibration = EventTable(np.arange(len(training)) * loaded.period_us, training)
    integers = quantise(model, calibration)
    assert not integers.warnings
    testing = recordings.load("activity", "test")
    random = np.random.default_rng(0)
    order = random.permutation(len(testing.labels))
    values = testing.values[order].reshape(-1, 6)
    times = np.arange(len(values)) * testing.period_us
    kept = random.random(len(values)) < 0.5
    result = compare(model, integers, EventTable(times[kept], values[kept]))
    assert result.state_rms < 0.015
    assert result.agreement is not None and result.agreement > 0.995


def test_build_reports_ranges_and_error(tmp_path: Path) -> None:
    events = _events(50)
    path = tmp_path / "e.csv"
    rows = [
        ",".join(map(str, [t, *v]))
        for t, v in zip(events.t_us, events.values.tolist(), strict=True)
    ]
    path.write_text("\n".join(["t_us,a,b,c", *rows]))
    model, report = build(_weights(), _settings(), Options(dtype=Dtype.int8, calibrate=path))
    assert model.settings["arithmetic"] == "int8"
    assert len(report) == 4 and report[0].startswith("a: -15 to 17 m, seen ")
    assert report[-1].startswith("int8 against float over 50 events")
