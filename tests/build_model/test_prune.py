"""Fewer connections and units: what goes, what is fitted anew, and how it is stored."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.build_model.build import Options, build
from host_tools.build_model.prune import connections, fine_tune, prune_connections, prune_units
from host_tools.choices import Dtype
from host_tools.convert import ModelFile, convert, read_weights
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers import sparse
from host_tools.integers.compare import compare, feed, running
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import IntegerReference
from host_tools.paths import MODELS

_SETTINGS = {"channels": ["a", "b"], "readout": "mean", "readout_tau_s": 1.0}


def _weights(hidden: int = 16, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    weights = {"readout.weight": random.normal(size=(3, hidden)), "readout.bias": np.ones(3)}
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, 0.5, (hidden, hidden))
        weights[f"{gate}.input"] = random.normal(0, 1.0, (hidden, 2))
        weights[f"{gate}.bias"] = random.normal(0, 0.5, hidden)
    return weights


def _events(count: int = 500) -> EventTable:
    random = np.random.default_rng(9)
    return EventTable(
        np.cumsum(random.integers(10_000, 200_000, count)), random.normal(0, 1.0, (count, 2))
    )


def _outputs(weights: dict[str, np.ndarray], events: EventTable) -> np.ndarray:
    run = running(convert(weights, _SETTINGS))
    rows = []
    for gap, values in zip(events.gaps_us, events.values, strict=True):
        feed(run, int(gap), values)
        rows.append(np.array(run.outputs()))
    return np.array(rows)


def _blocks(weights: dict[str, np.ndarray]) -> np.ndarray:
    gates = [
        np.hstack([weights[f"{g}.recurrent"], weights[f"{g}.input"]]) for g in ("alpha", "drive")
    ]
    return sparse.grouped(np.vstack(gates)).any(axis=1)


@pytest.mark.parametrize("hidden", [16, 12, 5])
def test_the_share_goes_in_whole_blocks_of_the_weakest(hidden: int) -> None:
    weights = _weights(hidden)
    strong = 2 if hidden > 8 else 0
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"][:, strong] = 3.0
        weights[f"{gate}.input"][:, 1] = 1e-3
    pruned = prune_connections(weights, _SETTINGS, 0.5)
    blocks = _blocks(pruned)
    dropped = round(0.5 * (hidden + 2))
    assert (blocks.sum(axis=1) == hidden + 2 - dropped).all()
    assert blocks[:, strong].all() and not blocks[:, -1].any()
    for name, values in pruned.items():
        assert ((values == weights[name]) | (values == 0)).all()
    assert connections(pruned) < 0.6 * connections(weights)


def test_fitting_what_is_left_brings_the_outputs_back() -> None:
    weights, events = _weights(), _events()
    exact = _outputs(weights, events)
    for prune in (prune_connections, prune_units):
        plain = _outputs(prune(weights, _SETTINGS, 0.25), events) - exact
        fitted = _outputs(prune(weights, _SETTINGS, 0.25, events), events) - exact
        assert np.sqrt((fitted**2).mean()) < 0.6 * np.sqrt((plain**2).mean())


def test_fitting_connections_beats_merely_keeping_the_same_ones() -> None:
    weights, events = _weights(), _events()
    exact = _outputs(weights, events)
    fitted = prune_connections(weights, _SETTINGS, 0.5, events)
    merely = {name: np.where(fitted[name] != 0, weights[name], 0.0) for name in weights}
    errors = [_outputs(made, events) - exact for made in (fitted, merely)]
    assert np.sqrt((errors[0] ** 2).mean()) < 0.7 * np.sqrt((errors[1] ** 2).mean())


def test_a_fit_keeps_what_was_pruned_at_zero() -> None:
    pruned = prune_connections(_weights(), _SETTINGS, 0.5, _events())
    assert (_blocks(pruned).sum(axis=1) == 9).all()


def test_a_unit_that_another_repeats_can_go_for_free() -> None:
    weights, events = _weights(), _events()
    for gate in ("alpha", "drive"):
        for part in ("recurrent", "input", "bias"):
            weights[f"{gate}.{part}"][7] = weights[f"{gate}.{part}"][6]
        # What unit 7 feeds is little, so that it is the one to go.
        weights[f"{gate}.recurrent"][:, 7] = 0.1
    weights["readout.weight"][:, 7] = 0.1
    exact = _outputs(weights, events)
    pruned = prune_units(weights, _SETTINGS, 1 / 16, events)
    assert pruned["alpha.recurrent"].shape == (15, 15)
    assert pruned["readout.weight"].shape == (3, 15)
    assert np.abs(_outputs(pruned, events) - exact).max() < 0.01


def test_a_unit_that_feeds_nothing_goes_first() -> None:
    weights, events = _weights(), _events(50)
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"][:, 3] = 0.0
    weights["readout.weight"][:, 3] = 0.0
    pruned = prune_units(weights, _SETTINGS, 1 / 16)
    assert np.allclose(_outputs(pruned, events), _outputs(weights, events), atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 7.0])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    for prune in (prune_connections, prune_units):
        with pytest.raises(RivuletError, match="above 0 and below 1"):
            prune(_weights(), _SETTINGS, share)


def test_no_unit_left_is_refused() -> None:
    with pytest.raises(RivuletError, match="leaves none"):
        prune_units(_weights(), _SETTINGS, 0.99)


@pytest.mark.parametrize("rows, columns", [(32, 20), (10, 7), (24, 256)])
def test_sparse_storage_gives_the_matrix_back(rows: int, columns: int) -> None:
    random = np.random.default_rng(rows)
    weight = random.integers(-127, 128, (rows, columns)).astype(np.int8)
    kept = random.random((-(-rows // 8), columns)) > 0.6
    mask = np.repeat(kept, 8, axis=0)[:rows]
    weight = np.where(mask, weight, 0).astype(np.int8)
    stored = sparse.store(weight)
    assert set(stored) == {"gates.counts", "gates.columns", "gates.values"}
    assert sum(tensor.nbytes for tensor in stored.values()) < weight.nbytes
    stored["gates.bias"] = np.zeros(rows, np.int32)
    assert (sparse.dense(stored, columns - rows // 2) == weight).all()


def test_what_would_not_be_smaller_stays_a_matrix() -> None:
    full = np.ones((16, 12), np.int8)
    assert set(sparse.store(full)) == {"gates.weight"}
    wide = np.zeros((16, 300), np.int8)
    wide[:, 299] = 1
    assert set(sparse.store(wide)) == {"gates.weight"}
    assert set(sparse.store(np.zeros((16, 12), np.int8))) == {"gates.weight"}


def test_a_sparse_model_has_the_bits_of_the_dense_one(tmp_path: Path) -> None:
    events = _events(80)
    pruned = prune_connections(_weights(), _SETTINGS, 0.5, events)
    model = quantise(convert(pruned, _SETTINGS))
    assert "gates.values" in model.tensors
    whole: dict[str, Any] = {k: v for k, v in model.tensors.items() if k[:7] != "gates.c"}
    del whole["gates.values"]
    whole["gates.weight"] = sparse.dense(model.tensors, 2)
    first = IntegerReference(model.tensors, model.settings)
    second = IntegerReference(whole, model.settings)
    for gap, values in zip(events.gaps_us, events.values, strict=True):
        first.measured(gap, values)
        second.measured(gap, values)
    assert (first.state == second.state).all() and first.state.any()
    sizes = []
    for name, tensors in (("s", model.tensors), ("d", whole)):
        ModelFile(tensors, model.settings).save(tmp_path / name)
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[0] < sizes[1]
    assert compare(convert(pruned, _SETTINGS), model, events).state_rms < 0.01


def test_build_prunes_quantises_and_warns_without_a_calibration() -> None:
    options = Options(dtype=Dtype.int8, prune=0.5, prune_units=0.25)
    settings = _SETTINGS | {"provenance": {"seed": 3, "test_accuracy": 0.9}}
    model, report = build(_weights(), settings, options)
    assert model.hidden == 12
    assert model.settings["provenance"] == {
        "seed": 3,
        "converted": "25% of the units pruned, 50% of the connections pruned, quantised to int8",
    }
    assert report[0] == "12 of 16 units kept"
    assert report[1].endswith("of 336 connections kept")
    assert any("pruned without --calibrate" in warning for warning in model.warnings)
    assert len(model.tensors["gates.bias"]) == 24


def test_weights_without_a_recipe_cannot_be_fine_tuned() -> None:
    with pytest.raises(RivuletError, match="names no recipe"):
        fine_tune(_weights(), _SETTINGS)
    with pytest.raises(RivuletError, match="names no recipe"):
        fine_tune(_weights(), {"provenance": {"trained_by": "nowhere/train.py"}})


def test_fine_tuning_trains_what_is_left_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    weights, settings = read_weights(MODELS / "activity" / "weights.npz")
    pruned = prune_connections(weights, settings, 0.5)
    monkeypatch.syspath_prepend(str(MODELS / "activity"))
    import fine_tune as recipe

    monkeypatch.setattr(recipe, "PLAN", replace(recipe.PLAN, iterations=2))
    tuned = fine_tune(pruned, settings)
    for name, values in tuned.items():
        assert values.shape == pruned[name].shape
        assert (values[pruned[name] == 0] == 0).all() or values.ndim == 1
    assert not np.allclose(tuned["drive.recurrent"], pruned["drive.recurrent"])
