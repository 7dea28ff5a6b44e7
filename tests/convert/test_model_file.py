"""A model file is a safetensors file: the official library opens it and sees what boards see."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fixtures import model_bytes, settings, tensors
from safetensors import safe_open
from safetensors.numpy import load, save

from host_tools.convert import convert
from host_tools.convert.model_file import read_model
from host_tools.errors import RivuletError
from host_tools.model_header import read_settings
from rivulet import model as device_model


def test_the_official_library_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(model_bytes())
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
        names = set(file.keys())
        for name, (shape, values) in tensors().items():
            tensor = file.get_tensor(name)
            assert tensor.dtype == np.float32 and tensor.shape == shape
            np.testing.assert_array_equal(tensor.ravel(), np.array(values, np.float32))
    assert names == set(tensors())
    with path.open("rb") as file:
        seen, shapes = device_model.read_header(file, path.stat().st_size)
    assert seen == settings()
    assert set(metadata) == set(seen)
    for key, text in metadata.items():
        assert (text if isinstance(seen[key], str) else json.loads(text)) == seen[key]
    assert {name: shape for name, (shape, _, _) in shapes.items()} == {
        name: shape for name, (shape, _) in tensors().items()
    }


def test_what_the_official_library_writes_runs() -> None:
    data = model_bytes()
    arrays = load(data)
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    again = save(arrays, metadata=metadata)
    one, other = (device_model.load(BytesIO(file), len(file)) for file in (data, again))
    for dt_us in (0, 50_000, 200_000):
        for model in (one, other):
            model.event(dt_us, (0, 1, 2), [0.5, -1.0, 0.25])
    assert list(one.outputs()) == list(other.outputs())
    assert np.any(np.array(one.cell.state_floats))


def test_the_converter_and_the_tests_write_the_same_kind_of_file(tmp_path: Path) -> None:
    """`fixtures` writes files by hand; were it to drift from the format, tests would not tell."""
    n, m = 4, 3
    weights = {"readout.weight": np.ones((2, n)), "readout.bias": np.zeros(2)}
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = np.eye(n)
        weights[f"{gate}.input"] = np.ones((n, m))
        weights[f"{gate}.bias"] = np.zeros(n)
    path = tmp_path / "model.safetensors"
    convert(weights, {"channels": ["a", "b", "c"]}).save(path)
    with path.open("rb") as file:
        seen, shapes = device_model.read_header(file, path.stat().st_size)
    assert set(device_model.SETTINGS) <= set(settings()) <= set(seen)
    assert {name: shape for name, (shape, _, _) in shapes.items()} == {
        name: shape for name, (shape, _) in tensors().items()
    }


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int8])
def test_other_types_are_refused(dtype: type) -> None:
    data = model_bytes()
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    arrays = {name: array.astype(dtype) for name, array in load(data).items()}
    other = save(arrays, metadata=metadata)
    with pytest.raises(device_model.ModelError, match="not F32"):
        device_model.load(BytesIO(other), len(other))


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "[1.0, NaN]", '{"a": -Infinity}']
)
@pytest.mark.parametrize("key", ["alpha_max", "normalisation", "policy"])
def test_the_host_refuses_metadata_that_holds_no_json(tmp_path: Path, key: str, text: str) -> None:
    """What boards say to the same is in tests/device/model/test_model.py."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(model_bytes(settings(**{key: text})))
    with pytest.raises(RivuletError, match=f"'{key}'"):
        read_settings(path)
    with pytest.raises(RivuletError, match=f"'{key}'"):
        read_model(path)


def test_the_converter_refuses_metadata_that_is_no_number() -> None:
    random = np.random.default_rng(0)
    weights = {"readout.weight": random.normal(size=(2, 4)), "readout.bias": np.zeros(2)}
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = np.eye(4)
        weights[f"{gate}.input"] = np.ones((4, 3))
        weights[f"{gate}.bias"] = np.zeros(4)
    for bad in (float("nan"), float("inf"), [1.0, float("nan")], {"a": float("-inf")}):
        for key in ("alpha_max", "note"):
            with pytest.raises(RivuletError, match=key):
                convert(weights, {"channels": ["a", "b", "c"], key: bad})
