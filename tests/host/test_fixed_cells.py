"""Cells in integers besides decay's: the same bits on host and board, near the float cells."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.calibration import Events
from host_tools.compare import compare
from host_tools.convert import ModelFile, convert
from host_tools.errors import RivuletError
from host_tools.fixed_reference import Reference, reference
from host_tools.quantise import quantise
from rivulet import model as device_model
from tests.trained_weights import CFC, Arrays, dense, lstm, wired

_INPUTS = 3
_HOURS_US = 500 * 3600 * 1_000_000


def cfc(mode: str, layers: int, units: int = 8, width: int = 11, seed: int = 1) -> Arrays:
    """A CfC as ncps initialises it: sums of about 1."""
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


def made(
    weights: Arrays, metadata: dict[str, Any], events: Events | None = None
) -> tuple[ModelFile, ModelFile]:
    """(float, int8)"""
    model = convert(weights, {"readout": "mean", "readout_tau_s": 2.0} | metadata)
    return model, quantise(model, events)


def recording(seed: int = 2, count: int = 300) -> Events:
    """Smooth inputs at gaps from 0.1 ms to 3 s."""
    random = np.random.default_rng(seed)
    gaps = np.exp(random.uniform(np.log(100), np.log(3e6), count)).astype(np.int64)
    values = 1.5 * np.sin(np.cumsum(random.normal(0, 0.3, (count, _INPUTS)), axis=0))
    return Events(np.cumsum(gaps), values)


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
    """From the file on, at any interval and with inputs at their ends."""
    metadata = CFC | {"mode": mode} | settings
    _, integers = made(cfc(mode, layers, units), metadata, recording())
    run, board = reference(integers.tensors, integers.settings), device(integers, tmp_path)
    inlet = board.slots(integers.settings["channels"])
    random = np.random.default_rng(units)
    assert_same(run, board)
    for _ in range(60):
        dt_us = int(np.exp(random.uniform(0, np.log(_HOURS_US)))) * int(random.integers(0, 6) > 0)
        values = random.normal(0, 10.0 ** random.uniform(-2, 2), _INPUTS)
        run.measured(dt_us, values)
        board.event(dt_us, inlet, values.tolist())
        assert_same(run, board)
        if dt_us:
            assert list(board.outputs()) == run.outputs()[0].tolist()


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
    """Over a recording, in shares of the state's range."""
    events = recording()
    model, integers = made(cfc(mode, layers), CFC | {"mode": mode} | settings, events)
    result = compare(model, integers, events)
    extent = 2.0 * integers.settings["state_scale"]
    assert 0.0 < result.state_rms < 0.5 * bound * extent
    assert result.state_max < 3 * bound * extent


def scaled(weights: Arrays, name: str, factor: float) -> Arrays:
    return weights | {f"rnn_cell.{name}": weights[f"rnn_cell.{name}"] * factor}


@pytest.mark.parametrize(
    ("weights", "metadata", "message"),
    [
        (wired(), {}, "no cell 'wired_cfc', only cfc, decay"),
        (cfc("default", 1, 6) | lstm(6), {}, "no mixed memory"),
        (scaled(cfc("default", 1), "time_a.weight", 1e6), {}, "rates can reach .*e.06/s"),
        (scaled(cfc("default", 1), "time_b.bias", 1e4), {}, r"time_b of unit \d can reach"),
        (scaled(cfc("default", 1), "ff2.weight", 1e6), {}, r"ff2 of unit \d has weights up to"),
        (cfc("pure", 0), {"mode": "pure"}, r"more than \+-64: --calibrate"),
        (cfc("default", 1), {"readout_tau_s": 1e6}, "readout_tau_s is 1e.06 s; int8"),
    ],
)
def test_what_the_integers_cannot_run_is_refused_by_name(
    weights: Arrays, metadata: dict[str, Any], message: str
) -> None:
    with pytest.raises(RivuletError, match=message):
        made(weights, CFC | metadata)


def test_an_activation_without_an_end_asks_for_a_calibration() -> None:
    weights = scaled(cfc("default", 1), "backbone.0.weight", 3.0)
    metadata = CFC | {"activation": "relu"}
    (warning,) = made(weights, metadata)[1].warnings
    assert "backbone layer 0 may reach" in warning and "--calibrate" in warning
    events = recording()
    model, integers = made(weights, metadata, events)
    assert not integers.warnings
    assert compare(model, integers, events).state_rms < 0.02
