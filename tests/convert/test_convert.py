"""Trained weights become a model file that the device code and other tools read alike."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from safetensors import safe_open

from host_tools.convert import convert, read_weights
from host_tools.errors import RivuletError
from host_tools.paths import MODELS
from rivulet import model as device_model

_N, _M, _K = 5, 3, 2


def _weights(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    weights = {
        "readout.weight": random.normal(size=(_K, _N)),
        "readout.bias": random.normal(size=_K),
    }
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, 0.5, (_N, _N))
        weights[f"{gate}.input"] = random.normal(0, 0.5, (_N, _M))
        weights[f"{gate}.bias"] = random.normal(0, 0.5, _N)
    return weights


def _metadata() -> dict[str, Any]:
    return {
        "channels": ["a", "b", "c"],
        "units": ["m", "s", "K"],
        "normalisation": {"offset": [1.0, -20.0, 300.0], "scale": [0.5, 0.1, 0.02]},
        "alpha_min": 0.1,
        "alpha_max": 40.0,
    }


def test_the_device_evaluates_the_equations_on_physical_inputs(tmp_path: Path) -> None:
    """Folding the normalisation changes nothing but where it is computed."""
    weights, metadata = _weights(), _metadata()
    path = tmp_path / "m.safetensors"
    convert(weights, metadata).save(path)
    with path.open("rb") as file:
        model = device_model.load(file, path.stat().st_size)
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, _N)
    raw = np.array([3.0, -11.0, 291.0])
    u = (raw - metadata["normalisation"]["offset"]) * metadata["normalisation"]["scale"]
    model.cell.state_floats[:] = memoryview(x)
    model.cell.input_floats[:] = memoryview(raw)
    model.cell.evaluate()
    z = {
        gate: weights[f"{gate}.recurrent"] @ x
        + weights[f"{gate}.input"] @ u
        + weights[f"{gate}.bias"]
        for gate in ("alpha", "drive")
    }
    alpha = np.minimum(0.1 + np.log1p(np.exp(z["alpha"])), 40.0)
    np.testing.assert_allclose(np.array(model.cell.alpha_floats), alpha, rtol=2e-6)
    np.testing.assert_allclose(model.cell.target, np.tanh(z["drive"]), atol=2e-6)


def test_the_file_is_plain_safetensors_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    made = convert(_weights(), _metadata())
    made.save(path)
    again = tmp_path / "again.safetensors"
    made.save(again)
    assert path.read_bytes() == again.read_bytes()
    tensors = safetensors.numpy.load_file(path)
    assert tensors["gates.weight"].shape == (2 * _N, _N + _M + 1)
    assert tensors["readout.weight"].dtype == np.float32
    with safe_open(path, framework="numpy") as archive:
        metadata = archive.metadata()
    assert metadata["cell"] == "decay" and metadata["convention"] == "previous"
    assert json.loads(metadata["channels"]) == ["a", "b", "c"]
    assert json.loads(metadata["normalisation"])["folded"] is True


def test_npz_and_safetensors_convert_alike(tmp_path: Path) -> None:
    weights, text = _weights(), json.dumps(_metadata())
    np.savez(tmp_path / "w.npz", metadata=np.array(text), **weights)
    safetensors.numpy.save_file(weights, tmp_path / "w.safetensors", {"rivulet": text})
    first = convert(*read_weights(tmp_path / "w.npz"))
    second = convert(*read_weights(tmp_path / "w.safetensors"))
    assert first.settings == second.settings
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(tensor, second.tensors[name])


def test_pt_files_are_read_without_running_their_code(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the train extra")
    weights = {name: torch.tensor(value) for name, value in _weights().items()}
    torch.save({"weights": weights, "metadata": _metadata()}, tmp_path / "w.pt")
    made = convert(*read_weights(tmp_path / "w.pt"))
    np.testing.assert_array_equal(
        made.tensors["gates.weight"], convert(_weights(), _metadata()).tensors["gates.weight"]
    )

    for key in ("state_dict", "model_state_dict"):
        torch.save({key: weights, "epoch": 3}, tmp_path / "checkpoint.pt")
        assert read_weights(tmp_path / "checkpoint.pt")[0].keys() == weights.keys()

    class Hostile:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return print, ("ran",)

    torch.save({"weights": Hostile()}, tmp_path / "hostile.pt")
    with pytest.raises(RivuletError, match=r"pickled object \(print\).*--module"):
        read_weights(tmp_path / "hostile.pt")


@pytest.mark.parametrize(
    ("name", "content"),
    [("w.npz", b"PK not a zip"), ("w.safetensors", b"\xff" * 40), ("w.npz", b"")],
)
def test_files_that_are_not_weights(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RivuletError, match="not a readable"):
        read_weights(tmp_path / name)


def test_a_converted_model_is_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    convert(_weights(), _metadata()).save(path)
    with pytest.raises(RivuletError, match="is converted already: give the weights"):
        read_weights(path)


@pytest.mark.parametrize("name", ["activity", "gesture", "vowels"])
def test_the_committed_model_is_what_the_command_makes(name: str, tmp_path: Path) -> None:
    """models/<name>/<name>.safetensors can be made again, bit for bit."""
    made = tmp_path / "made.safetensors"
    convert(*read_weights(MODELS / name / "weights.npz")).save(made)
    assert made.read_bytes() == (MODELS / name / f"{name}.safetensors").read_bytes()
