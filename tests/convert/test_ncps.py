"""State dicts of ncps, made by hand so that neither PyTorch nor ncps is needed, good and bad."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from host_tools.convert import convert, read_weights
from host_tools.errors import RivuletError
from tests.trained_weights import (
    CFC,
    INPUTS,
    LTC,
    OUTPUTS,
    UNITS,
    WIRED,
    Arrays,
    cfc,
    dense,
    lstm,
    ltc,
    running,
    wired,
)


@pytest.mark.parametrize(
    ("weights", "metadata", "cell", "hidden", "outputs"),
    [
        (ltc(), LTC, "ltc", UNITS, OUTPUTS),
        (ltc() | lstm(UNITS), LTC, "ltc", 2 * UNITS, OUTPUTS),
        (cfc(), CFC, "cfc", UNITS, UNITS),
        (cfc("pure", 0), CFC | {"mode": "pure"}, "cfc", UNITS, UNITS),
        (cfc() | lstm(UNITS), CFC | {"mode": "no_gate"}, "cfc", 2 * UNITS, UNITS),
        (cfc() | dense(np.random.default_rng(4), "fc", 4, UNITS), CFC, "cfc", UNITS, 4),
        (wired(), WIRED, "wired_cfc", 6, 2),
        (wired() | dense(np.random.default_rng(5), "head", 3, 2), WIRED, "wired_cfc", 6, 3),
    ],
)
def test_every_kind_becomes_a_model_that_runs(
    tmp_path: Path, weights: Arrays, metadata: Any, cell: str, hidden: int, outputs: int
) -> None:
    model = running(convert(weights, metadata), tmp_path)
    assert model.settings["cell"] == cell and model.settings["convention"] == "current"
    assert (model.hidden, model.output_count) == (hidden, outputs)
    for dt_us in (0, 1000, 2_000_000):
        model.event(dt_us, (0, 1, 2), [0.5, -0.5, 1.0])
    assert np.isfinite(model.outputs()).all()


@pytest.mark.parametrize(("make", "metadata"), [(ltc, LTC), (cfc, CFC), (wired, WIRED)])
def test_the_normalisation_is_folded(
    tmp_path: Path, make: Callable[[], Arrays], metadata: Any
) -> None:
    """Physical inputs give what normalised ones give to the same network."""
    scale, offset = np.array([0.5, 0.1, 0.02]), np.array([1.0, -20.0, 300.0])
    raw = np.array([3.0, -11.0, 291.0])
    states = []
    for normalisation, values in (
        ({"offset": offset.tolist(), "scale": scale.tolist()}, raw),
        (None, (raw - offset) * scale),
    ):
        extra = {"normalisation": normalisation} if normalisation else {}
        for memory in ({}, lstm(UNITS)):
            model = running(convert(make() | memory, metadata | extra), tmp_path)
            model.event(0, (0, 1, 2), list(values))
            model.event(700_000, (0, 1, 2), list(values))
            states.append(np.array(model.cell.state_floats))
    assert states[0] == pytest.approx(states[2], abs=1e-5)
    assert states[1] == pytest.approx(states[3], abs=1e-5)


def test_only_synapses_that_exist_are_stored() -> None:
    """The file and what the board computes grow with the wiring, not with its square."""
    made = convert(ltc(), LTC)
    masks = [ltc()[f"rnn_cell.{name}sparsity_mask"] for name in ("sensory_", "")]
    counts = [int(mask.sum()) for mask in masks]
    assert made.settings["synapses"] == counts
    for name in ("w", "mu", "sigma", "erev", "source", "target"):
        assert len(made.tensors[f"synapse.{name}"]) == sum(counts)
    below = [
        int(wired()[f"rnn_cell.layer_{i}.sparsity_mask"][:, :w].sum())
        for i, w in enumerate((INPUTS, 4))
    ]
    made = convert(wired(), WIRED)
    assert [len(made.tensors[f"layer{i}.weight"]) for i in (0, 1)] == [2 * n for n in below]


def without(arrays: Arrays, *names: str) -> Arrays:
    return {name: value for name, value in arrays.items() if name not in names}


def inside(prefix: str, arrays: Arrays) -> Arrays:
    return {prefix + name: value for name, value in arrays.items()}


def changed(arrays: Arrays, name: str, value: Any) -> Arrays:
    return arrays | {name: np.asarray(value, dtype=float)}


_BAD: list[tuple[Arrays, Any, str]] = [
    (ltc(), {}, "time_unit_s is missing.*--wiring W.json or --metadata"),
    (ltc(), {"source": "keras"}, "source 'keras' is not known"),
    ({"w": np.ones(2)}, LTC, "no LTC or CfC of ncps among the tensors: w"),
    (cfc(), WIRED, "activation of the backbone is missing"),
    (cfc(), {k: v for k, v in CFC.items() if k != "mode"}, "mode is missing"),
    (wired(), {k: v for k, v in WIRED.items() if k != "mode"}, "mode is missing"),
    (ltc(), LTC | {"kind": None}, "kind 'None' is not known"),
    (ltc(), LTC | {"kind": ["ltc"]}, "kind .* is not known"),
    (ltc(), LTC | {"implicit_param_constraints": "no"}, "must be true or false"),
    (ltc(), LTC | {"output_size": 2.0}, "output_size must be a whole number"),
    (ltc(), LTC | {"kind": "gru"}, "kind 'gru' is not known"),
    (ltc(), LTC | {"mode": "pure"}, "metadata carries mode"),
    (ltc(), LTC | {"output_size": 3}, "output_size 3 disagrees"),
    (ltc(), LTC | {"ode_unfolds": 0}, "whole number from 1 to 64"),
    (ltc(), LTC | {"time_unit_s": 0}, "'time_unit_s' must be a number"),
    (without(ltc(), "rnn_cell.cm", "rnn_cell.w"), LTC, "weights miss cm, w"),
    (without(ltc(), "rnn_cell.input_w"), LTC, "carry input_b, which an ncps LTC"),
    (ltc() | {"rnn_cell.extra": np.ones(2)}, LTC, "carry extra, which an ncps LTC"),
    (ltc() | {"norm.weight": np.ones(2)}, LTC, "carry norm.weight, which is neither"),
    (ltc() | {"fc.weight": np.ones((2, 2)), "fc.scale": np.ones(1)}, LTC, "carry fc.scale"),
    (ltc() | {"classifier.weight": np.ones((2, 5))}, LTC, r"is \(2, 5\); the 2 outputs before"),
    (
        ltc() | {"main.weight": np.ones((2, 2)), "aux.weight": np.ones((3, 2))},
        LTC,
        r"2 layers could be the head: 'main' \(2 to 2\), 'aux' \(2 to 3\)",
    ),
    (
        inside("a.", ltc()) | inside("b.c.", cfc()),
        LTC,
        r"2 recurrent parts: 'a.rnn_cell' \(ltc\), 'b.c.rnn_cell' \(cfc\)",
    ),
    (changed(ltc(), "rnn_cell.mu", np.ones((UNITS, 4))), LTC, r"'mu' is \(6, 4\); 6 units, 3"),
    (changed(ltc(), "rnn_cell.sensory_w", np.ones(4)), LTC, r"'sensory_w' is \(4,\), not"),
    (changed(ltc(), "rnn_cell.cm", [np.nan] * UNITS), LTC, "holds 6 NaN or infinite"),
    (
        changed(ltc(), "rnn_cell.cm", np.zeros(UNITS)),
        LTC | {"implicit_param_constraints": False},
        "'cm' must be above 0",
    ),
    (
        changed(ltc(), "rnn_cell.sparsity_mask", np.full((UNITS, UNITS), 0.5)),
        LTC,
        "other values than 0 and 1",
    ),
    (ltc() | without(lstm(UNITS), "lstm.input_map.bias"), LTC, "miss lstm.input_map.bias"),
    (ltc() | lstm(4), LTC, r"'lstm.input_map.weight' is \(16, 3\)"),
    (cfc(), LTC, "kind is 'ltc', and the tensors are of 'cfc'"),
    (cfc(), CFC | {"mode": "fast"}, "mode 'fast' is not known"),
    (cfc(), CFC | {"mode": "pure"}, "weights miss A, w_tau"),
    (cfc("pure"), CFC | {"mode": "default"}, "weights miss ff2.bias"),
    (cfc(), CFC | {"activation": "elu"}, "unknown activation 'elu'"),
    (cfc() | {"rnn_cell.norm.weight": np.ones(2)}, CFC, "carry norm.weight"),
    (changed(cfc(), "rnn_cell.ff2.weight", np.ones((UNITS, 4))), CFC, r"'ff2.weight' is \(6, 4\)"),
    (cfc() | dense(np.random.default_rng(6), "fc", 2, 5), CFC, r"'fc.weight' is \(2, 5\)"),
    (without(wired(), "rnn_cell.layer_1.sparsity_mask"), WIRED, "miss layer_1.sparsity_mask"),
    (
        changed(wired(), "rnn_cell.layer_1.ff1.weight", np.ones((2, 9))),
        WIRED,
        "does not continue a layer of 4",
    ),
    (
        changed(wired(), "rnn_cell.layer_0.sparsity_mask", np.zeros((4, 7))),
        WIRED,
        "not one that ncps makes",
    ),
]


@pytest.mark.parametrize(
    ("weights", "metadata"),
    [
        (ltc(), LTC),
        (ltc() | lstm(UNITS), LTC),
        (cfc("pure"), CFC | {"mode": "pure"}),
        (wired(), WIRED),
    ],
)
def test_a_network_of_ones_own_is_found_under_any_names(weights: Arrays, metadata: Any) -> None:
    """The cell, its projection and the head behind both."""
    random = np.random.default_rng(7)
    width = UNITS if metadata == CFC | {"mode": "pure"} else OUTPUTS
    projection, head = dense(random, "fc", 3, width), dense(random, "fc", 4, 3)
    plain = convert(weights | projection | inside("head.", _short(head)), metadata)
    for prefix, name in (
        ("rnn.", "fc."),
        ("model.body.rnn.", "model.classify.0."),
        ("fc.", "out."),
    ):
        own = inside(prefix, weights | projection) | inside(name, _short(head))
        told = {key: value for key, value in metadata.items() if key not in ("source", "kind")}
        made = convert(own, told)
        assert made.settings == plain.settings
        for tensor, values in plain.tensors.items():
            np.testing.assert_array_equal(made.tensors[tensor], values)
    bare = {key.removeprefix("rnn_cell."): value for key, value in weights.items()}
    if not any(name.startswith("lstm.") for name in bare):
        inner = convert(
            inside("cell.", bare) | inside("fc.", _short(dense(random, "", 4, width))), metadata
        )
        assert inner.settings == plain.settings


def _short(arrays: Arrays) -> Arrays:
    return {name.rpartition(".")[2]: value for name, value in arrays.items()}


def test_a_head_may_have_no_bias() -> None:
    weight = np.random.default_rng(7).normal(size=(3, OUTPUTS))
    made = convert(ltc() | {"fc.weight": weight}, LTC)
    zero = convert(ltc() | {"fc.weight": weight, "fc.bias": np.zeros(3)}, LTC)
    np.testing.assert_array_equal(made.tensors["readout.weight"], zero.tensors["readout.weight"])


@pytest.mark.parametrize(("weights", "metadata", "message"), _BAD)
def test_what_is_wrong_is_said_in_one_line(weights: Arrays, metadata: Any, message: str) -> None:
    with pytest.raises(RivuletError, match=message) as caught:
        convert(weights, metadata)
    assert "\n" not in str(caught.value)


def test_negative_conductances_are_warned_about() -> None:
    weights = changed(ltc(), "rnn_cell.gleak", np.full(UNITS, -0.1))
    made = convert(weights, LTC | {"implicit_param_constraints": False})
    assert any("'gleak' is negative" in text for text in made.warnings)


def test_the_command_takes_a_state_dict_and_writes_nothing_for_a_bad_one(
    tmp_path: Path, rivulet: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    weights, options, out = (tmp_path / name for name in ("w.safetensors", "o.json", "m"))
    safetensors.numpy.save_file(
        {name: value.astype(np.float32) for name, value in ltc().items()}, weights
    )
    assert read_weights(weights)[0].keys() == ltc().keys()
    for metadata, code in ((LTC, 0), (LTC | {"kind": "gru"}, 1)):
        out.unlink(missing_ok=True)
        options.write_text(json.dumps(metadata))
        done = rivulet("convert", weights, "-o", out, "--metadata", options)
        assert (done.returncode != 0) == bool(code), done.stderr
        assert out.exists() == (code == 0)
        assert "Traceback" not in done.stderr
