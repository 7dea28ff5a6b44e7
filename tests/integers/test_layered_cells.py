"""CfC and LTC in integers: the bits of host and board, the errors against the float cells."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import ModelFile, convert
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import compare, feed, running
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import Reference, reference
from rivulet import model as device_model
from tests.trained_weights import CFC, LTC, WIRED, Arrays, dense

_INPUTS = 3
_LTC = LTC | {"implicit_param_constraints": False}
_HOURS_US = 500 * 3600 * 1_000_000


def cfc(mode: str, layers: int, units: int = 8, width: int = 11, seed: int = 1) -> Arrays:
    """A CfC with the initial weights of ncps: sums of about 1."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    columns = _INPUTS + units
    for i in range(layers):
        arrays |= dense(random, f"backbone.{2 * i}", width, columns)
        columns = width
    for name in ("ff1",) if mode == "pure" else ("ff1", "ff2", "time_a", "time_b"):
        arrays |= dense(random, name, units, columns)
    arrays = {name: 2 * value / columns**0.5 for name, value in arrays.items()}
    if mode == "pure":
        arrays |= {"w_tau": random.normal(size=(1, units)), "A": random.normal(size=(1, units))}
    return {f"rnn_cell.{name}": value for name, value in arrays.items()}


def wired_cfc(mode: str = "default", sizes: tuple[int, ...] = (7, 4, 3), seed: int = 4) -> Arrays:
    """A CfC in a wiring of three layers, with the initial weights of ncps."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    below = _INPUTS
    for i, units in enumerate(sizes):
        columns = below + units
        for name in ("ff1",) if mode == "pure" else ("ff1", "ff2", "time_a", "time_b"):
            made = dense(random, f"layer_{i}.{name}", units, columns)
            # A pure CfC is a linear recurrence at short intervals: keep it from exploding.
            size = (0.6 if mode == "pure" else 2) / columns**0.5
            arrays |= {key: size * value for key, value in made.items()}
        if mode == "pure":
            arrays |= {
                f"layer_{i}.w_tau": random.normal(size=(1, units)),
                f"layer_{i}.A": random.uniform(-1, 1, (1, units)),
            }
        mask = np.ones((units, columns))
        mask[:, :below] = random.random((units, below)) < 0.6
        mask[0, :below] = 1.0
        arrays[f"layer_{i}.sparsity_mask"] = mask
        below = units
    return {f"rnn_cell.{name}": value for name, value in arrays.items()}


def memory(units: int, size: float = 1.0, seed: int = 6) -> Arrays:
    """Mixed memory with the initial weights of ncps, times `size`."""
    random = np.random.default_rng(seed)
    arrays = {
        "lstm.input_map.weight": random.uniform(-0.3, 0.3, (4 * units, _INPUTS)),
        "lstm.input_map.bias": random.uniform(-0.1, 0.1, 4 * units),
        "lstm.recurrent_map.weight": random.normal(0, 1 / units**0.5, (4 * units, units)),
    }
    return {name: size * value for name, value in arrays.items()}


def ltc(units: int = 8, seed: int = 1, share: float = 0.5, mapped: bool = True) -> Arrays:
    """An LTC like a trained one: the initial weights of ncps, changed at random."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {
        "gleak": random.uniform(0.001, 1, units),
        "vleak": random.uniform(-0.2, 0.2, units),
        "cm": random.uniform(0.4, 0.6, units),
    }
    for prefix, sources in (("", units), ("sensory_", _INPUTS)):
        shape = (sources, units)
        arrays |= {
            f"{prefix}w": random.uniform(0.001, 1, shape) * np.exp(random.normal(0, 0.5, shape)),
            f"{prefix}mu": random.uniform(0.3, 0.8, shape) + random.normal(0, 0.2, shape),
            f"{prefix}sigma": random.uniform(3, 8, shape),
            f"{prefix}erev": random.choice([-1.0, 1.0], shape) * random.uniform(0.7, 1.3, shape),
            f"{prefix}sparsity_mask": (random.random(shape) < share).astype(float),
        }
    if mapped:
        arrays |= {"input_w": random.normal(1, 0.2, _INPUTS), "input_b": np.full(_INPUTS, 0.1)}
        arrays |= {"output_w": random.normal(size=2), "output_b": random.normal(size=2)}
    return {f"rnn_cell.{name}": value for name, value in arrays.items()}


def made(
    weights: Arrays, metadata: dict[str, Any], events: EventTable | None = None
) -> tuple[ModelFile, ModelFile]:
    """The (float, int8) models."""
    model = convert(weights, {"readout": "mean", "readout_tau_s": 2.0} | metadata)
    return model, quantise(model, events)


def recording(seed: int = 2, count: int = 300) -> EventTable:
    """Smooth inputs at gaps from 0.1 ms to 3 s."""
    random = np.random.default_rng(seed)
    gaps = np.exp(random.uniform(np.log(100), np.log(3e6), count)).astype(np.int64)
    values = 1.5 * np.sin(np.cumsum(random.normal(0, 0.3, (count, _INPUTS)), axis=0))
    return EventTable(np.cumsum(gaps), values)


def device(model: ModelFile, folder: Path) -> Any:
    path = folder / "m.safetensors"
    model.save(path)
    with path.open("rb") as file:
        return device_model.load(file, path.stat().st_size)


def assert_same(run: Reference, board: Any) -> None:
    assert list(board._x) == run.state[0].tolist()
    assert list(board._alpha) == run.alpha[0].tolist()


_KINDS = [
    ("default", 0, {}),
    ("default", 1, {}),
    ("default", 2, {"convention": "previous", "readout": "state"}),
    ("no_gate", 1, {"activation": "silu"}),
    ("no_gate", 0, {"time_unit_s": 0.01, "readout": "state"}),
    ("pure", 1, {"activation": "tanh"}),
    ("pure", 2, {"time_unit_s": 30.0, "readout": "state"}),
    ("pure", 0, {"activation": "gelu", "convention": "previous"}),
]


@pytest.mark.parametrize(("mode", "layers", "settings"), _KINDS)
@pytest.mark.parametrize("units", [5, 8])
def test_cfc_gives_the_same_bits_on_the_device(
    tmp_path: Path, mode: str, layers: int, settings: dict[str, Any], units: int
) -> None:
    metadata = CFC | {"mode": mode} | settings
    assert_the_same_bits(made(cfc(mode, layers, units), metadata, recording())[1], tmp_path)


@pytest.mark.parametrize("sizes", [(7, 4, 3), (8, 2), (1, 1, 1), (5,)])
@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("default", {}),
        ("default", {"convention": "previous", "readout": "state"}),
        ("no_gate", {"time_unit_s": 0.1, "readout": "state"}),
        ("pure", {"time_unit_s": 30.0, "readout": "state"}),
    ],
)
def test_wired_cfc_gives_the_same_bits_on_the_device(
    tmp_path: Path, mode: str, settings: dict[str, Any], sizes: tuple[int, ...]
) -> None:
    metadata = WIRED | {"mode": mode} | settings
    assert_the_same_bits(made(wired_cfc(mode, sizes), metadata, recording())[1], tmp_path)


@pytest.mark.parametrize(
    ("weights", "settings"),
    [
        (ltc(), {}),
        (ltc(5, share=1.0), {"ode_unfolds": 1, "convention": "previous", "readout": "state"}),
        (ltc(9, share=0.2, mapped=False), {"time_unit_s": 0.01, "ode_unfolds": 64}),
        (ltc(1, share=1.0, mapped=False), {"time_unit_s": 60.0, "ode_unfolds": 3}),
    ],
)
def test_ltc_gives_the_same_bits_on_the_device(
    tmp_path: Path, weights: Arrays, settings: dict[str, Any]
) -> None:
    assert_the_same_bits(made(weights, _LTC | settings)[1], tmp_path)


def assert_the_same_bits(model: ModelFile, folder: Path) -> None:
    """The model from its file, at any interval and with inputs at their limits."""
    run, board = reference(model.tensors, model.settings), device(model, folder)
    input_map = board.slots(model.settings["channels"])
    random = np.random.default_rng(run.hidden)
    assert_same(run, board)
    for _ in range(60):
        dt_us = int(np.exp(random.uniform(0, np.log(_HOURS_US)))) * int(random.integers(0, 6) > 0)
        values = random.normal(0, 10.0 ** random.uniform(-2, 2), _INPUTS)
        run.measured(dt_us, values)
        board.event(dt_us, input_map, values.tolist())
        assert_same(run, board)
        if dt_us:
            assert list(board.outputs()) == run.outputs()[0].tolist()


_REMEMBERING: list[tuple[Arrays, dict[str, Any]]] = [
    (cfc("default", 1), CFC),
    (cfc("default", 0), CFC | {"convention": "previous", "readout": "state"}),
    (cfc("no_gate", 2), CFC | {"mode": "no_gate"}),
    (cfc("pure", 1), CFC | {"mode": "pure", "activation": "tanh"}),
    (wired_cfc(sizes=(4, 3, 1)), WIRED),
    (wired_cfc("no_gate", (5, 3)), WIRED | {"mode": "no_gate", "readout": "state"}),
    (wired_cfc("pure", (8,)), WIRED | {"mode": "pure"}),
    (ltc(), _LTC),
    (ltc(mapped=False), _LTC | {"convention": "previous", "time_unit_s": 0.1, "ode_unfolds": 2}),
]


@pytest.mark.parametrize("calibrated", [True, False])
@pytest.mark.parametrize(("weights", "metadata"), _REMEMBERING)
def test_mixed_memory_gives_the_same_bits_on_the_device(
    tmp_path: Path, weights: Arrays, metadata: dict[str, Any], calibrated: bool
) -> None:
    events = recording() if calibrated else None
    assert_the_same_bits(made(weights | memory(8), metadata, events)[1], tmp_path)


@pytest.mark.parametrize(("weights", "metadata"), _REMEMBERING)
def test_mixed_memory_stays_near_the_float_cell(weights: Arrays, metadata: dict[str, Any]) -> None:
    events = recording()
    model, integers = made(weights | memory(8), metadata, events)
    assert_near(model, integers, events, 0.015)


def test_a_large_memory_asks_for_a_calibration() -> None:
    weights = ltc() | memory(8, 3.0)
    (warning,) = made(weights, _LTC)[1].warnings
    assert "mixed memory may reach" in warning and "--calibrate" in warning
    model, integers = made(weights, _LTC, recording())
    assert not integers.warnings and integers.settings["state_scale"] > 1.0


@pytest.mark.parametrize(
    ("mode", "settings", "bound"),
    [
        ("default", {}, 0.01),
        ("default", {"convention": "previous", "time_unit_s": 2.0}, 0.01),
        ("no_gate", {}, 0.015),
        ("pure", {}, 0.015),
    ],
)
@pytest.mark.parametrize("sizes", [(7, 4, 3), (5,), (19, 9, 4)])
def test_wired_cfc_stays_near_the_float_cell(
    mode: str, settings: dict[str, Any], bound: float, sizes: tuple[int, ...]
) -> None:
    events = recording()
    metadata = WIRED | {"mode": mode} | settings
    model, integers = made(wired_cfc(mode, sizes), metadata, events)
    assert_near(model, integers, events, bound)


@pytest.mark.parametrize(
    ("mode", "layers", "settings", "bound"),
    [
        ("default", 0, {}, 0.01),
        ("default", 1, {}, 0.01),
        ("default", 2, {"activation": "gelu"}, 0.01),
        ("default", 1, {"activation": "relu", "time_unit_s": 0.02}, 0.01),
        ("no_gate", 1, {}, 0.015),
        ("pure", 1, {"activation": "tanh"}, 0.015),
        ("pure", 1, {"activation": "silu"}, 0.015),
    ],
)
def test_cfc_stays_near_the_float_cell(
    mode: str, layers: int, settings: dict[str, Any], bound: float
) -> None:
    """Errors over a recording, as a share of the state's range."""
    events = recording()
    model, integers = made(cfc(mode, layers), CFC | {"mode": mode} | settings, events)
    assert_near(model, integers, events, bound)


def assert_near(model: ModelFile, integers: ModelFile, events: EventTable, bound: float) -> None:
    result = compare(model, integers, events)
    extent = 2.0 * integers.settings["state_scale"]
    assert 0.0 < result.state_rms < 0.5 * bound * extent
    assert result.state_max < 3 * bound * extent


@pytest.mark.parametrize(
    ("weights", "settings"),
    [
        (ltc(share=1.0), {}),
        (ltc(), {"time_unit_s": 0.05}),
        (ltc(16, 3, share=0.3, mapped=False), {"ode_unfolds": 2}),
    ],
)
def test_ltc_stays_near_the_float_cell(weights: Arrays, settings: dict[str, Any]) -> None:
    events = recording()
    model, integers = made(weights, _LTC | settings, events)
    result = compare(model, integers, events)
    extent = 2.0 * integers.settings["state_scale"]
    assert 0.0 < result.state_rms < 2e-4 * extent
    assert result.state_max < 2e-3 * extent


@pytest.mark.parametrize(
    ("weights", "metadata"),
    [
        (cfc("default", 1), CFC | {"time_unit_s": 0.1}),
        (cfc("pure", 1), CFC | {"mode": "pure", "activation": "tanh"}),
        (wired_cfc(), WIRED | {"time_unit_s": 0.1}),
        (wired_cfc(sizes=(4, 3, 1)) | memory(8), WIRED),
        (ltc(), _LTC | {"time_unit_s": 0.1}),
    ],
)
def test_rates_are_the_float_cells(
    tmp_path: Path, weights: Arrays, metadata: dict[str, Any]
) -> None:
    events = recording(count=50)
    model, integers = made(weights, metadata, events)
    run, board = running(model), device(integers, tmp_path)
    for gap, values in zip(events.gaps_us, events.values, strict=True):
        feed(run, int(gap), values)
        board.event(int(gap), (0, 1, 2), values.tolist())
    rates = np.array(run.cell.alpha_floats)
    assert np.abs(np.array(board.physical(0)) - rates).max() < 0.02 * rates.max()


def scaled(weights: Arrays, name: str, factor: float) -> Arrays:
    return weights | {f"rnn_cell.{name}": weights[f"rnn_cell.{name}"] * factor}


@pytest.mark.parametrize(
    ("weights", "metadata", "message"),
    [
        (
            scaled(wired_cfc(), "layer_1.ff1.weight", 1e6),
            {},
            r"ff1 of unit \d of layer 1 has weig",
        ),
        (scaled(wired_cfc(), "layer_2.time_b.bias", 1e4), {}, r"time_b of unit \d of layer 2 can"),
        (scaled(cfc("default", 1), "time_a.weight", 1e6), {}, "rates can reach .*e.06/s"),
        (scaled(cfc("default", 1), "time_b.bias", 1e4), {}, r"time_b of unit \d can reach"),
        (scaled(cfc("default", 1), "ff2.weight", 1e6), {}, r"ff2 of unit \d has weights up to"),
        (cfc("pure", 0), {"mode": "pure"}, r"can exceed \+-64: --calibrate"),
        (cfc("default", 1), {"readout_tau_s": 1e6}, "readout_tau_s is 1e.06 s; int8"),
        (ltc() | memory(8, 1e4), _LTC, r"memory of unit \d has weights up to"),
        (scaled(ltc(), "w", -1.0), _LTC, "'w' has negative values"),
        (scaled(ltc(), "sensory_sigma", 1e6), _LTC, r"a synapse into neuron \d takes its input"),
        (ltc(), _LTC | {"time_unit_s": 1e-7}, "rates can reach .*e.0./s"),
        (ltc(254), _LTC, "254 neurons, 3 channels and memories"),
    ],
)
def test_what_the_integers_cannot_run_is_refused_by_name(
    weights: Arrays, metadata: dict[str, Any], message: str
) -> None:
    with pytest.raises(RivuletError, match=message):
        wires = WIRED if "rnn_cell.layer_0.sparsity_mask" in weights else CFC
        made(weights, (LTC if metadata.get("kind") == "ltc" else wires) | metadata)


def test_an_unbounded_activation_asks_for_a_calibration() -> None:
    weights = scaled(cfc("default", 1), "backbone.0.weight", 3.0)
    metadata = CFC | {"activation": "relu"}
    (warning,) = made(weights, metadata)[1].warnings
    assert "backbone layer 0 may reach" in warning and "--calibrate" in warning
    events = recording()
    model, integers = made(weights, metadata, events)
    assert not integers.warnings
    assert compare(model, integers, events).state_rms < 0.02


@pytest.mark.parametrize(
    "model",
    [
        made(cfc("pure", 1), CFC | {"mode": "pure"})[1],
        made(cfc("default", 1), CFC)[1],
        made(wired_cfc(), WIRED)[1],
        made(cfc("no_gate", 1) | memory(8), CFC | {"mode": "no_gate"})[1],
        made(ltc(), _LTC)[1],
    ],
)
def test_whatever_a_file_says_it_is_refused_or_it_runs(tmp_path: Path, model: ModelFile) -> None:
    ran = refused = 0
    for key in model.settings:
        for value in (-1, 0, 1.5, 10**9, None, "x", [], [1, 2]):
            if key == "provenance":
                continue
            try:
                board = device(ModelFile(model.tensors, model.settings | {key: value}), tmp_path)
            except (device_model.ModelError, RivuletError):
                refused += 1
                continue
            for dt_us in (0, 1, 10**12):
                board.event(dt_us, (0, 1, 2), [1e9, -1.0, 0.0])
            assert np.isfinite(board.physical(0)).all()
            ran += 1
    assert ran > 5 and refused > 50
