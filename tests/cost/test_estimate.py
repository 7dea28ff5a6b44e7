"""`rivulet estimate`: figures near what was measured, and an honest "does not fit"."""

import json

import numpy as np
import pytest

from host_tools.boards import load_board
from host_tools.commands import main
from host_tools.convert import convert
from host_tools.cost import estimate, estimate_lines, estimates
from host_tools.cost.work import count_work
from host_tools.errors import RivuletError
from host_tools.integers.quantise import quantise
from tests.conftest import make_model, random_weights
from tests.golden.weights import KINDS, trained
from tests.trained_weights import INPUTS, LTC, OUTPUTS, UNITS, lstm, ltc


def _int8(path, hidden):
    quantise(convert(*random_weights(hidden=hidden))).save(path)
    return path


def _documented(arithmetic):
    """What docs show of a decay cell with 32 units and 6 channels, µs."""
    rows = json.loads((load_board("rpi_pico").folder / "cost.json").read_text())["documented"]
    same = {"cell": "decay", "arithmetic": arithmetic, "units": 32, "channels": 6}
    found = [row for row in rows if same.items() <= row.items()]
    return max(found, key=lambda row: row["multiply_adds"])["event_us"]


def _estimated(path, board="rpi_pico"):
    found = estimate(path, board)
    assert found is not None
    return found


@pytest.mark.parametrize("integer", [False, True])
def test_mixed_memory_counts_once_an_event(tmp_path, integer) -> None:
    counts = []
    for weights in (ltc(), ltc() | lstm(UNITS)):
        model = convert(weights, LTC | {"implicit_param_constraints": False})
        path = tmp_path / "m.safetensors"
        (quantise(model) if integer else model).save(path)
        counts.append(count_work(path).multiply_adds)
    # The readout has a column for each memory.
    readout = OUTPUTS * UNITS
    assert counts[1] - counts[0] == 4 * UNITS * (UNITS + INPUTS) + readout


def test_a_measured_size_gets_about_what_was_measured(tmp_path) -> None:
    float32 = _estimated(make_model(tmp_path / "f.safetensors", hidden=32))
    int8 = _estimated(_int8(tmp_path / "i.safetensors", 32))
    for found, arithmetic in ((float32, "float32"), (int8, "int8")):
        assert found.event_us == pytest.approx(_documented(arithmetic), rel=0.15)
        assert not found.estimated and found.basis.startswith("measured")
    # The whole loop was measured with a kernel of 176 µs.
    assert 1900 < int8.events_per_s < 2400 and float32.events_per_s < 1e6 / float32.event_us


def test_more_units_cost_more(tmp_path) -> None:
    small, large = (_estimated(_int8(tmp_path / f"{n}.safetensors", n)) for n in (8, 64))
    assert small.event_us < large.event_us and small.ram_bytes < large.ram_bytes
    assert small.flash_bytes < large.flash_bytes


def test_pruning_costs_less(tmp_path) -> None:
    from host_tools.build_model.prune import prune_connections

    weights, metadata = random_weights(hidden=32)
    whole = tmp_path / "whole.safetensors"
    pruned = tmp_path / "pruned.safetensors"
    quantise(convert(weights, metadata)).save(whole)
    half = prune_connections(weights, metadata, 0.5)
    quantise(convert(half, metadata)).save(pruned)
    assert count_work(pruned).multiply_adds < 0.7 * count_work(whole).multiply_adds
    assert _estimated(pruned).event_us < _estimated(whole).event_us


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell(kind, tmp_path) -> None:
    path = tmp_path / "m.safetensors"
    model = convert(*trained(kind))
    model.save(path)
    for found in estimates(path):
        assert found.event_us > 0 and found.ram_bytes > 0 and found.fits
    work = count_work(path)
    weights = sum(int(np.prod(t.shape)) for n, t in model.tensors.items() if t.ndim == 2)
    assert work.multiply_adds >= weights or kind in ("ltc", "wired_cfc")


@pytest.mark.parametrize("integer", [False, True])
def test_a_cascades_units_are_those_of_all_layers(integer, tmp_path) -> None:
    path = tmp_path / "m.safetensors"
    model = convert(*trained("cascade"))
    (quantise(model) if integer else model).save(path)
    work = count_work(path)
    assert (work.units, work.evaluations) == (7, 7)
    # Gates over 2 inputs, those of layer 2 over layer 1, the readout; in floats with the biases.
    assert work.multiply_adds == 14 * (2 if integer else 3) + 6 * 4 + 2 * (5 if integer else 6)


def test_a_board_that_nobody_measured_is_an_estimate_and_says_from_what(tmp_path) -> None:
    path = _int8(tmp_path / "m.safetensors", 32)
    found = _estimated(path, "esp32_generic")
    assert found.estimated and "rpi_pico" in found.basis and found.basis.startswith("estimate")
    assert f"~{found.event_us:.0f} µs" in "\n".join(estimate_lines([found]))
    # Viper takes 5.1 times as long as the assembler, and the clock is 1.92 times as fast.
    pico = _estimated(path).event_us
    assert found.event_us == pytest.approx(pico * 5.1 * 125 / 240, rel=0.01)
    assert estimate(path, "virtual") is None


def _run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["rivulet", "estimate", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_exit_code_1_only_for_a_named_board_that_it_does_not_fit(
    tmp_path, monkeypatch, capsys
) -> None:
    large = make_model(tmp_path / "large.safetensors", hidden=256)
    assert _run(monkeypatch, large, "--board", "rpi_pico") == 1
    said = capsys.readouterr().out
    assert "rpi_pico: does not fit: RAM: the model needs about" in said
    assert _run(monkeypatch, large) == 0
    assert "does not fit" in capsys.readouterr().out
    small = make_model(tmp_path / "small.safetensors")
    assert _run(monkeypatch, small, "--board", "rpi_pico") == 0
    assert " fits" in capsys.readouterr().out


def test_what_is_no_model_and_what_is_no_board(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"nothing")
    assert _run(monkeypatch, tmp_path / "m.safetensors") == 1
    assert _run(monkeypatch, make_model(tmp_path / "n.safetensors"), "--board", "virtual") == 1
    assert "this computer" in capsys.readouterr().err
    with pytest.raises(RivuletError, match="there is no board 'toaster'"):
        estimate(tmp_path / "n.safetensors", "toaster")
