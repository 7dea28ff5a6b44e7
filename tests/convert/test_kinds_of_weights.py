"""What trainers hand over: every type of number, and metadata with numpy's and torch's numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures import packed

from host_tools.build_model.build import Options, build_from_model, read_metadata
from host_tools.choices import Dtype
from host_tools.convert import convert, read_model, read_weights
from host_tools.errors import RivuletError
from tests.trained_weights import CFC, LTC, cfc, ltc

_N, _M = 3, 2


def _weights() -> dict[str, Any]:
    made: dict[str, Any] = {"readout.weight": np.ones((2, _N)), "readout.bias": np.zeros(2)}
    for gate in ("alpha", "drive"):
        made[f"{gate}.recurrent"] = np.eye(_N) / 2
        made[f"{gate}.input"] = np.full((_N, _M), 0.25)
        made[f"{gate}.bias"] = np.zeros(_N)
    return made


def test_bfloat16_is_widened_and_other_types_are_named(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    values = np.array([1.0, -2.5, 3.140625], np.float32)
    halves = (values.view(np.uint32) >> 16).astype(np.uint16)
    path.write_bytes(
        packed({"w": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}, halves.tobytes())
    )
    np.testing.assert_array_equal(read_weights(path)[0]["w"], values)
    entry = {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [0, 3]}
    path.write_bytes(packed({"w": entry}, b"abc"))
    with pytest.raises(RivuletError, match="'w' is F8_E4M3; weights are read as F64, F32"):
        read_weights(path)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u1", "i8", "u8", "?"])
def test_every_type_of_real_number_is_taken(dtype: str) -> None:
    weights = _weights() | {"alpha.bias": np.ones(_N, dtype)}
    assert convert(weights, {}).tensors["gates.weight"][0, -1] == 1.0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.ones(_N, complex), "'alpha.bias' is complex128; weights are real numbers"),
        (np.array(["1", "2", "3"]), "'alpha.bias' is no array of numbers"),
        (["1", "2", "3"], "'alpha.bias' is no array of numbers"),
        (None, "'alpha.bias' is no array of numbers"),
        ([1, None, 2], "'alpha.bias' is no array of numbers"),
        ([[1], [2, 3]], "'alpha.bias' is no array of numbers"),
        ({"a": 1}, "'alpha.bias' is no array of numbers"),
        (np.ma.masked_array(np.ones(_N), [0, 1, 0]), "'alpha.bias' has masked values"),
        (np.array(["2020-01-01"] * _N, "M8[D]"), r"'alpha.bias' is datetime64\[D\]"),
        (1.0, r"'alpha.bias' is \(\); 3 units"),
        (np.full(_N, 1e300), "does not fit float32"),
    ],
)
def test_what_are_no_weights_is_named(value: Any, said: str) -> None:
    with pytest.raises(RivuletError, match=said) as caught:
        convert(_weights() | {"alpha.bias": value}, {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weights", [None, 3, "w", [1], {1: np.ones(2)}, np.ones(3)])
def test_weights_without_names(weights: Any) -> None:
    with pytest.raises(RivuletError, match="arrays by name"):
        convert(weights, {})


def test_numpy_numbers_are_numbers(tmp_path: Path) -> None:
    """And tuples lists; the file is the one that plain numbers make."""
    plain = {
        "channels": ["a", "b"],
        "normalisation": {"offset": [0.5, 1.0], "scale": [2.0, 3.0]},
        "alpha_max": 20.0,
        "policy": {"cadence_us": 5000},
        "guards": {"state": {"min": -2.0, "action": "clamp"}},
    }
    numpy = {
        "channels": ("a", "b"),
        "normalisation": {"offset": np.array([0.5, 1.0], np.float32), "scale": (np.int8(2), 3.0)},
        "alpha_max": np.float32(20.0),
        "policy": {"cadence_us": np.uint16(5000)},
        "guards": {"state": {"min": np.array(-2.0), "action": "clamp"}},
    }
    assert convert(_weights(), numpy).settings == convert(_weights(), plain).settings
    convert(_weights(), numpy).save(str(tmp_path / "m.safetensors"))
    assert read_model(tmp_path / "m.safetensors") is not None


_BAD: list[tuple[dict[str, Any], str]] = [
    ({"channels": None}, "'channels' must be a list"),
    ({"channels": "ab"}, "'channels' must be a list"),
    ({"channels": [1, 2]}, "must hold names"),
    ({"channels": ["a", "a"]}, "names 'a' twice"),
    ({"channels": ["a", "b,c"]}, "holds a comma or a quote"),
    ({"channels": ["t_us", "b"]}, "is a column of Rivulet's own files"),
    ({"channels": ["a", "\ud800"]}, "channels holds broken text"),
    ({"units": "xy"}, "'units' must be a list"),
    ({"normalisation": None}, "'normalisation' must be an object"),
    ({"normalisation": {"offset": 1.0, "scale": [1, 1]}}, "must be a list of 2"),
    ({"normalisation": {"offset": [0, "1"], "scale": [1, 1]}}, "must be a number from"),
    ({"normalisation": {"offset": [0, [1]], "scale": [1, 1]}}, "must be a number from"),
    ({"normalisation": {"offset": [0, 1e39], "scale": [1, 1]}}, "must be a number from"),
    ({"normalisation": {"offset": [0, np.nan], "scale": [1, 1]}}, "normalisation holds nan"),
    ({"classes": ["a", "b"]}, 'classes go with "output": "class"'),
    ({"classes": ["a", "b"], "output": "value"}, 'classes go with "output": "class"'),
    ({"policy": 5}, "'policy' must be an object"),
    ({"policy": {"cadence_us": 5.5}}, "cadence_us of the policy"),
    ({"policy": {"cadence_us": True}}, "cadence_us of the policy"),
    ({"alpha_max": None}, "'alpha_max' must be a number"),
    ({"alpha_max": 1j}, "alpha_max holds a complex"),
    ({"cell": ["decay"]}, "unknown cell"),
    ({"provenance": {"when": object()}}, "provenance holds a object"),
    ({"provenance": {1: 2}}, "settings by name"),
    ({"warm_start": {"prior": [1]}}, "must be a list of 3"),
    ({"guards": {"state": {"min": "x", "action": "clamp"}}}, "must be a number"),
]


@pytest.mark.parametrize(("metadata", "said"), _BAD)
def test_metadata_of_another_kind_is_one_line(metadata: dict[str, Any], said: str) -> None:
    with pytest.raises(RivuletError, match=said) as caught:
        convert(_weights(), metadata)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("metadata", [None, 3, "x", [1], [("a", 1)]])
def test_metadata_that_is_no_object(metadata: Any) -> None:
    with pytest.raises(RivuletError, match="must be an object"):
        convert(_weights(), metadata)


def test_nesting_without_end() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RivuletError, match="provenance is nested too deeply"):
        convert(_weights(), {"provenance": deep})


def test_metadata_is_utf_8_in_any_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr("locale.getencoding", lambda: "ascii")
    path = tmp_path / "m.json"
    path.write_bytes(
        b"\xef\xbb\xbf" + '{"units": ["°C", "µs"], "channels": ["温", "😀"]}'.encode()
    )
    made = convert(_weights(), read_metadata(path))
    made.save(tmp_path / "m.safetensors")
    again = read_model(tmp_path / "m.safetensors")
    assert again is not None and again.settings["channels"] == ["温", "😀"]
    header = (tmp_path / "m.safetensors").read_bytes()
    assert "😀".encode() in header  # not as two escaped halves, which MicroPython keeps apart


@pytest.mark.parametrize(("weights", "metadata"), [(ltc(), LTC), (cfc(layers=1), CFC)])
def test_integers_from_a_float_model_file(tmp_path: Path, weights: Any, metadata: Any) -> None:
    """As `from_ncps(module).save` leaves it: the same integers as from the weights."""
    model = convert(weights, metadata)
    model.save(tmp_path / "float.safetensors")
    again = read_model(tmp_path / "float.safetensors")
    assert again is not None
    options = Options(Dtype.int8)
    made, _ = build_from_model(again, options)
    wanted, _ = build_from_model(model, options)
    made.save(tmp_path / "one.safetensors")
    wanted.save(tmp_path / "other.safetensors")
    data = (tmp_path / "one.safetensors").read_bytes()
    assert data == (tmp_path / "other.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert header["__metadata__"]["arithmetic"] == "int8"
    assert read_model(tmp_path / "one.safetensors") is None
