"""Weights of Rivulet's own CTRNN and neural ODE trainers, good and bad."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import convert
from host_tools.errors import RivuletError
from tests.trained_weights import OUTPUTS, UNITS, Arrays, own, running


@pytest.mark.parametrize(
    ("cell", "arrays", "message"),
    [
        ("gru", {}, "unknown cell 'gru'"),
        ("../x", {}, "unknown cell"),
        ("ltc", {}, "weights of a cell 'ltc' come from ncps"),
        ("ctrnn", {"tau_s": np.ones(2)}, "weights miss drive.bias"),
        ("node", {"layers.0.weight": np.ones((2, 3))}, "weights miss layers.0.bias"),
    ],
)
def test_cells_without_a_converter_and_weights_that_are_short(
    cell: str, arrays: Arrays, message: str
) -> None:
    with pytest.raises(RivuletError, match=message):
        convert(arrays, {"cell": cell})


@pytest.mark.parametrize("cell", ["ctrnn", "node"])
def test_our_own_trainers_cells(tmp_path: Path, cell: str) -> None:
    model = running(convert(own(cell), {"cell": cell}), tmp_path)
    assert (model.hidden, model.output_count, model.channels) == (
        UNITS,
        OUTPUTS,
        ["u0", "u1", "u2"],
    )
    model.event(0, (0, 1, 2), [0.5, -0.5, 1.0])
    model.event(1000, (0, 1, 2), [0.5, -0.5, 1.0])
    assert np.isfinite(model.outputs()).all()
    # An Euler step of a millisecond, written out.
    weights = own(cell)
    x, u = np.zeros(UNITS), np.array([0.5, -0.5, 1.0])
    model = running(convert(own(cell), {"cell": cell, "convention": "current"}), tmp_path)
    model.event(1000, (0, 1, 2), list(u))
    if cell == "ctrnn":
        drive = np.tanh(weights["drive.input"] @ u + weights["drive.bias"])
        slope = (drive - x) / weights["tau_s"]
    else:
        z = np.concatenate([x, u])
        for i in range(3):
            z = weights[f"layers.{i}.weight"] @ z + weights[f"layers.{i}.bias"]
            z = np.tanh(z) if i < 2 else z
        slope = z
    assert np.array(model.cell.state_floats) == pytest.approx(1e-3 * slope, rel=2e-2, abs=3e-6)


@pytest.mark.parametrize(
    ("cell", "name", "value", "metadata", "message"),
    [
        ("ctrnn", "tau_s", np.zeros(UNITS), {}, "'tau_s' must be above 0 s"),
        ("ctrnn", "drive.bias", np.zeros(3), {}, r"'drive.bias' is \(3,\)"),
        (
            "ctrnn",
            "drive.bias",
            np.zeros(UNITS),
            {"integrator": "rk9"},
            "unknown integrator 'rk9'",
        ),
        ("node", "layers.1.bias", np.zeros(3), {}, r"'layers.1.bias' is \(3,\)"),
        ("node", "layers.0.weight", np.zeros((8, UNITS)), {}, "6 columns for 6 units and inputs"),
        ("node", "layers.1.bias", np.zeros(7), {"integrator": "euler"}, "use rk4"),
        ("node", "layers.1.bias", np.zeros(7), {"activation": "elu"}, "activation 'elu'"),
    ],
)
def test_what_is_wrong_with_our_own(
    cell: str, name: str, value: Any, metadata: Any, message: str
) -> None:
    with pytest.raises(RivuletError, match=message):
        convert(own(cell) | {name: value}, {"cell": cell} | metadata)
