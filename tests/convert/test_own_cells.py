"""Weights of Rivulet's own cascade, CTRNN and neural ODE trainers, good and bad."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import convert
from host_tools.errors import RivuletError
from tests.trained_weights import CASCADE, OUTPUTS, UNITS, Arrays, cascade, own, running


@pytest.mark.parametrize(
    ("cell", "arrays", "message"),
    [
        ("gru", {}, "unknown cell 'gru'"),
        ("../x", {}, "unknown cell"),
        ("ltc", {}, "weights of a cell 'ltc' come from ncps"),
        ("ctrnn", {"tau_s": np.ones(2)}, "weights miss drive.bias"),
        ("node", {"layers.0.weight": np.ones((2, 3))}, "weights miss layers.0.bias"),
        ("cascade", {"layer1.drive.input": np.ones((2, 3))}, "weights miss layer1.alpha.bias"),
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


@pytest.mark.parametrize("readout_inputs", [False, True])
@pytest.mark.parametrize("rates", ["u", "v"])
def test_a_cascade_is_told_by_its_weights(
    tmp_path: Path, rates: str, readout_inputs: bool
) -> None:
    """Layers, rates and what the readout reads; the normalisation is folded into all of it."""
    weights = cascade((4, 3, 2), rates, readout_inputs)
    normal = {"offset": [1.0, -2.0, 0.5], "scale": [2.0, 0.5, 4.0]}
    made = convert(weights, CASCADE | {"normalisation": normal, "convention": "current"})
    assert made.settings["layers"] == [4, 3, 2] and made.hidden == 9
    assert made.settings["rates"] == rates
    assert made.settings["readout_inputs"] is readout_inputs
    bare = convert(weights, CASCADE | {"convention": "current"})
    folded, plain = running(made, tmp_path), running(bare, tmp_path)
    sides = normal["scale"], normal["offset"]
    for dt_us, u in ((0, [0.5, -0.5, 1.0]), (400_000, [1.0, 0.25, -1.0]), (90_000, [0, 2, 1])):
        raw = [value / s + o for value, s, o in zip(u, *sides, strict=True)]
        folded.event(dt_us, (0, 1, 2), raw)
        plain.event(dt_us, (0, 1, 2), u)
        assert np.array(folded.outputs()) == pytest.approx(np.array(plain.outputs()), abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "metadata", "message"),
    [
        ({"layer2.drive.below": np.zeros((2, 3))}, {}, r"'layer2.drive.below' is \(2, 3\)"),
        ({"layer2.alpha.below": np.zeros((2, 3))}, {}, r"'layer2.alpha.below' is \(2, 3\)"),
        ({"readout.weight": np.zeros((2, 4))}, {}, r"'readout.weight' is \(2, 4\)"),
        ({"layer1.drive.below": np.zeros((4, 4))}, {}, "carry layer1.drive.below"),
        ({}, {"layers": [4, 2]}, "metadata carries layers"),
        ({}, {"integrator": "rk4"}, "a cascade cell has no integrator 'rk4': use closed_form"),
        ({}, {"alpha_min": 40.0}, "0 < alpha_min < alpha_max"),
    ],
)
def test_what_is_wrong_with_a_cascade(changes: Arrays, metadata: Any, message: str) -> None:
    with pytest.raises(RivuletError, match=message):
        convert(cascade() | changes, CASCADE | metadata)
