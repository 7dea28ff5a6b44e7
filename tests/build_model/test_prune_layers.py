"""A cascade of fewer units: what goes, what is refitted, and what stays as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.build_model.build import Options, build
from host_tools.build_model.prune import prune_connections, prune_units
from host_tools.choices import Dtype
from host_tools.convert import convert
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import feed, running
from tests.trained_weights import CASCADE, INPUTS, Arrays, cascade

_MEAN = CASCADE | {"readout": "mean", "readout_tau_s": 1.0}


def _events(count: int = 400) -> EventTable:
    random = np.random.default_rng(9)
    return EventTable(
        np.cumsum(random.integers(10_000, 200_000, count)), random.normal(0, 1.0, (count, INPUTS))
    )


def _outputs(weights: Arrays, settings: dict[str, Any], events: EventTable) -> np.ndarray:
    run = running(convert(weights, settings))
    rows = []
    for gap, values in zip(events.gaps_us, events.values, strict=True):
        feed(run, int(gap), values)
        rows.append(np.array(run.outputs()))
    return np.array(rows)


def _repeat(weights: Arrays, layer: int, unit: int) -> None:
    """Make a unit the twin of the one before, which little depends on."""
    for name in weights:
        if name.startswith(f"layer{layer}."):
            weights[name][unit] = weights[name][unit - 1]
    for name in weights:
        if name.startswith(f"layer{layer + 1}.") and name.endswith(".below"):
            weights[name][:, unit] = 0.05
    if f"layer{layer + 1}.drive.bias" not in weights:
        weights["readout.weight"][:, unit] = 0.05


@pytest.mark.parametrize("rates", ["u", "v"])
@pytest.mark.parametrize("readout_inputs", [False, True])
@pytest.mark.parametrize("settings", [_MEAN, CASCADE | {"convention": "current"}])
def test_a_unit_that_another_repeats_can_go_for_free(
    rates: str, readout_inputs: bool, settings: dict[str, Any]
) -> None:
    weights, events = cascade((8, 8), rates, readout_inputs), _events()
    _repeat(weights, 1, 3)
    _repeat(weights, 2, 6)
    exact = _outputs(weights, settings, events)
    pruned = prune_units(weights, settings, 1 / 8, events)
    assert pruned["layer2.drive.below"].shape == (7, 7)
    assert pruned["readout.weight"].shape == (2, 7 + (INPUTS if readout_inputs else 0))
    assert np.abs(_outputs(pruned, settings, events) - exact).max() < 0.02
    bare = prune_units(weights, settings, 1 / 8)
    assert np.abs(_outputs(bare, settings, events) - exact).max() > 0.02


def test_a_unit_that_feeds_nothing_goes_first() -> None:
    weights, events = cascade((8, 8)), _events(50)
    weights["layer2.drive.below"][:, 3] = 0.0
    weights["readout.weight"][:, 5] = 0.0
    pruned = prune_units(weights, CASCADE, 1 / 8)
    assert np.allclose(
        _outputs(pruned, CASCADE, events), _outputs(weights, CASCADE, events), atol=1e-6
    )


def test_it_is_built_and_reported(tmp_path: Path) -> None:
    events = _events(60)
    table = tmp_path / "e.csv"
    rows = zip(events.t_us, events.values, strict=True)
    lines = [",".join(map(str, [t, *values])) for t, values in rows]
    table.write_text("t_us,u0,u1,u2\n" + "\n".join(lines) + "\n")
    options = Options(dtype=Dtype.int8, prune_units=0.25, calibrate=table)
    model, report = build(cascade((8, 4)), CASCADE, options)
    assert report[0] == "9 of 12 units kept" and model.hidden == 9
    assert model.settings["layers"] == [6, 3]
    assert len(model.settings["warm_start"]["prior"]) == 9


def test_what_cannot_be_pruned_is_said() -> None:
    with pytest.raises(RivuletError, match="use --prune-units"):
        prune_connections(cascade(), CASCADE, 0.5)
    with pytest.raises(RivuletError, match="leaves one empty"):
        prune_units(cascade(), CASCADE, 0.9)
