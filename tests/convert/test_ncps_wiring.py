"""W.json: what an ncps user says beside a state dict, and which wirings do not fit it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import convert
from host_tools.convert.ncps_wiring import apply_wiring
from host_tools.errors import RivuletError
from tests.trained_weights import INPUTS, OUTPUTS, UNITS, Arrays, cfc, ltc, wired

_LTC = "rnn_cell.sparsity_mask"
_SENSORY = "rnn_cell.sensory_sparsity_mask"


def _of(arrays: Arrays) -> dict[str, Any]:
    """The wiring of these weights of an LTC, with signs as ncps has them."""
    signs = np.where(np.arange(UNITS) % 2, 1, -1)
    return {
        "adjacency_matrix": (arrays[_LTC] * signs).astype(int).tolist(),
        "sensory_adjacency_matrix": (arrays[_SENSORY] * signs).astype(int).tolist(),
        "output_dim": OUTPUTS,
        "time_unit_s": 1.0,
    }


def test_the_wiring_gives_the_masks_that_weights_lack() -> None:
    """Keras' weights lack the masks, those without an output mapping the number of outputs."""
    whole = {k: v for k, v in ltc().items() if not k.startswith("rnn_cell.output")}
    bare = {name: value for name, value in whole.items() if "mask" not in name}
    made = convert(*apply_wiring(bare, _of(whole)))
    wanted = convert(whole, {"time_unit_s": 1.0, "output_size": OUTPUTS})
    assert made.settings == wanted.settings
    for name, tensor in wanted.tensors.items():
        np.testing.assert_array_equal(made.tensors[name], tensor)


def test_what_the_tensors_show_need_not_be_said() -> None:
    options = {"time_unit_s": 0.5, "mode": "no_gate", "activation": "silu", "channels": ["a"]}
    assert apply_wiring(cfc(), options)[1] == options
    sizes = {"adjacency_matrix": np.eye(6, dtype=int).tolist(), "output_dim": 2}
    sizes["sensory_adjacency_matrix"] = np.ones((INPUTS, 6), int).tolist()
    assert apply_wiring(wired(), sizes | {"mode": "pure"})[1] == {"mode": "pure"}


_OTHER = np.ones((UNITS, UNITS), int).tolist()


@pytest.mark.parametrize(
    ("weights", "wiring", "message"),
    [
        (ltc(), {"adjacency_matrix": _OTHER}, r"not of this wiring: 'rnn_cell.sparsity_mask' has"),
        (ltc(), {"adjacency_matrix": [[1]]}, "it has 1 synapses in 1 by 1"),
        (ltc(), {"adjacency_matrix": [[0.5]]}, "adjacency_matrix must be rows of -1, 0 and 1"),
        (ltc(), {"adjacency_matrix": [[1], [1, 0]]}, "must be rows of -1, 0 and 1"),
        (ltc(), {"sensory_adjacency_matrix": "AutoNCP"}, "wiring.sensory_adjacency_matrix.tolist"),
        (ltc(), {"output_dim": 3}, "output_size 3 disagrees with the tensors: 2"),
        (cfc(), {"adjacency_matrix": _OTHER}, "they are a CfC without one"),
        (cfc(), {"output_dim": 2}, "they are a CfC without one"),
        (wired(), {"adjacency_matrix": [[1]]}, "they have 6 units, it has 1"),
        (wired(), {"sensory_adjacency_matrix": _OTHER}, "they have 3 inputs, it has 6"),
        (wired(), {"output_dim": 4}, "they have 2 outputs, it has 4"),
        (wired(), {}, "mode is missing: .*--wiring W.json"),
    ],
)
def test_a_wiring_of_another_network(weights: Arrays, wiring: Any, message: str) -> None:
    with pytest.raises(RivuletError, match=message) as caught:
        convert(*apply_wiring(weights, wiring | {"time_unit_s": 1.0}))
    assert "\n" not in str(caught.value)


def test_the_command_takes_a_state_dict_and_its_wiring(
    tmp_path: Path, rivulet: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    weights, wiring, out = (tmp_path / name for name in ("w.npz", "W.json", "m.safetensors"))
    np.savez(weights, **{f"net.{name}": value for name, value in ltc().items()})
    wiring.write_text(json.dumps(_of(ltc())))
    done = rivulet("convert", weights, "--wiring", wiring, "-o", out)
    assert done.returncode == 0, done.stderr
    assert "a timespan of 1 is 1 s" in done.stdout and "ode_unfolds 6" in done.stdout
    assert "ltc, 6 units, 3 channels" in done.stdout
    assert done.stderr.startswith("warning: no normalisation is said")
    for line, said in (
        (("convert", weights, "-o", out), "time_unit_s is missing"),
        (("convert", weights, "--wiring", tmp_path / "no.json", "-o", out), "No such file"),
        (("convert", "--module", "net.py:x", "--wiring", wiring, "-o", out), "--module knows its"),
        (("convert", "--module", "net.py", "-o", out), "--module takes FILE.py:NAME"),
        (("convert", "--module", tmp_path / "no.py:x", "-o", out), "no.py: no such file"),
    ):
        done = rivulet(*line)
        assert done.returncode == 1 and said in done.stderr, done.stderr
        assert done.stderr.startswith("rivulet: ") and done.stderr.count("\n") == 1
    np.savez(weights, w=np.ones(3))
    done = rivulet("convert", weights, "--wiring", wiring, "-o", out)
    assert done.returncode == 1 and "--wiring is for weights of ncps" in done.stderr
