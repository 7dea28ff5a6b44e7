"""The cascade in integers: the bits of host and board, the errors against the float cell."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import ModelFile, convert
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import compare
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import reference
from rivulet import model as device_model
from tests.trained_weights import CASCADE, INPUTS, Arrays, cascade, running

_HOURS_US = 500 * 3600 * 1_000_000
_KINDS: list[tuple[Arrays, dict[str, Any]]] = [
    (cascade((5, 4)), {"readout": "mean", "readout_tau_s": 2.0}),
    (cascade((5, 3), "v"), {"convention": "current"}),
    (cascade((4, 4), "u", True), {"readout": "mean", "readout_tau_s": 0.5}),
    (cascade((3, 4), "v", True), {"convention": "current"}),
    (cascade((9,), "u", True), {"readout": "mean", "convention": "current", "readout_tau_s": 9.0}),
    (cascade((3, 5, 2), "v"), {"readout": "mean", "readout_tau_s": 1.0}),
    (cascade((1, 1, 1)), {"alpha_min": 0.001, "alpha_max": 1000.0}),
]


def made(weights: Arrays, settings: dict[str, Any], events: EventTable | None = None) -> Any:
    """The (float, int8) models."""
    model = convert(weights, CASCADE | settings)
    return model, quantise(model, events)


def recording(seed: int = 2, count: int = 300, size: float = 1.5) -> EventTable:
    """Smooth inputs at gaps from 0.1 ms to 3 s."""
    random = np.random.default_rng(seed)
    gaps = np.exp(random.uniform(np.log(100), np.log(3e6), count)).astype(np.int64)
    values = size * np.sin(np.cumsum(random.normal(0, 0.3, (count, INPUTS)), axis=0))
    return EventTable(np.cumsum(gaps), values)


@pytest.mark.parametrize(("weights", "settings"), _KINDS)
def test_the_same_bits_on_the_device(
    tmp_path: Path, weights: Arrays, settings: dict[str, Any]
) -> None:
    """At any interval, with inputs at their limits and inputs that stay."""
    model = made(weights, settings)[1]
    run, board = reference(model.tensors, model.settings), running(model, tmp_path)
    input_map = board.slots(model.settings["channels"])
    random = np.random.default_rng(run.hidden)
    assert list(board._alpha) == run.alpha[0].tolist()
    values = np.zeros(INPUTS)
    for _ in range(80):
        dt_us = int(np.exp(random.uniform(0, np.log(_HOURS_US)))) * int(random.integers(0, 6) > 0)
        if random.random() < 0.6:
            values = random.normal(0, 10.0 ** random.uniform(-2, 2), INPUTS)
        run.measured(dt_us, values)
        board.event(dt_us, input_map, values.tolist())
        assert list(board._x) == run.state[0].tolist()
        assert list(board._alpha) == run.alpha[0].tolist()
        if dt_us or model.settings["readout_inputs"]:
            assert list(board.outputs()) == run.outputs()[0].tolist()
        if random.random() < 0.2:
            board.peek(int(random.integers(1, 10**6)))


@pytest.mark.parametrize(("weights", "settings"), _KINDS[:-1])
def test_it_stays_near_the_float_cell(weights: Arrays, settings: dict[str, Any]) -> None:
    events = recording()
    model, integers = made(weights, settings, events)
    result = compare(model, integers, events)
    assert 0.0 < result.state_rms < 0.005
    assert result.state_max < 0.03 and result.output_rms < 0.03


def test_kept_sums_are_not_used_for_other_inputs_after_a_look_ahead(tmp_path: Path) -> None:
    model = made(*_KINDS[0])[1]
    board, twin = running(model, tmp_path), running(model, tmp_path)
    for dt_us, values in ((200_000, [0.5, 1.0, -0.5]), (70_000, [-1.0, 0.25, 0.5])):
        for one in (board, twin):
            one.event(dt_us, (0, 1, 2), values)
        board.peek(300_000)
    for one in (board, twin):
        one.event(90_000, (), ())
    assert [list(board.raw(i)) for i in range(4)] == [list(twin.raw(i)) for i in range(4)]


def test_it_goes_on_from_the_state_of_floats_and_of_integers(tmp_path: Path) -> None:
    for weights, settings in _KINDS[:4]:
        model, integers = made(weights, settings)
        floats, first = running(model, tmp_path), running(integers, tmp_path)
        for dt_us, values in ((0, [0.5, 1.0, -0.5]), (900_000, [-1.0, 0.25, 0.5])):
            for one in (floats, first):
                one.event(dt_us, (0, 1, 2), values)
        for old in (floats, first):
            new = running(integers, tmp_path)
            assert new.adopt(old)
            assert np.abs(np.array(new.physical(1)) - np.array(first.physical(1))).max() < 5e-3
            assert np.abs(np.array(new.physical(2)) - np.array(first.physical(2))).max() < 2e-2
        back = running(model, tmp_path)
        assert back.adopt(first)
        assert np.abs(np.array(back.outputs()) - np.array(first.physical(2))).max() < 2e-2


def scaled(name: str, factor: float) -> Arrays:
    weights = cascade()
    return weights | {name: weights[name] * factor}


@pytest.mark.parametrize(
    ("weights", "settings", "message"),
    [
        (cascade(), {"alpha_max": 2000.0}, "alpha_max is 2000/s; int8 arithmetic"),
        (scaled("layer2.drive.below", 1e6), {}, r"drive gate of unit \d of layer 2 has weights"),
        (scaled("readout.weight", 1e6), {}, "the readout has weights up to"),
    ],
)
def test_what_the_integers_cannot_run_is_refused_by_name(
    weights: Arrays, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(RivuletError, match=message):
        made(weights, settings)


def test_whatever_a_file_says_it_is_refused_or_it_runs(tmp_path: Path) -> None:
    model = made(*_KINDS[3])[1]
    ran = refused = 0
    for key in model.settings:
        for value in (-1, 0, 1.5, 10**9, None, "x", "u", True, [], [1, 2], [3, 4], [4, 3]):
            if key == "provenance":
                continue
            try:
                board = running(ModelFile(model.tensors, model.settings | {key: value}), tmp_path)
            except (device_model.ModelError, RivuletError):
                refused += 1
                continue
            for dt_us in (0, 1, 10**12):
                board.event(dt_us, (0, 1, 2), [1e9, -1.0, 0.0])
            assert np.isfinite(board.physical(0)).all()
            ran += 1
    assert ran > 5 and refused > 50
