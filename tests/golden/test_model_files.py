"""Format rivulet-1: the metadata and tensors of what is converted, and that old files load."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import convert, read_weights
from rivulet import model as device_model
from tests.golden.held import HERE, hold, types_of
from tests.golden.weights import KINDS, trained

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_float_models(tmp_path: Path) -> None:
    found = {}
    for kind in KINDS:
        convert(*trained(kind)).save(tmp_path / "m.safetensors")
        found[kind] = _content(tmp_path / "m.safetensors")
    hold("models.json", found)


def test_integer_models_as_the_command_converts_them(tmp_path: Path, rivulet: Run) -> None:
    found = {}
    events = HERE / "held" / "events.csv"
    for kind, options in {
        "decay": ("--prune", 0.6, "--calibrate", events, "--late", "drop", "--version", 7),
        "ltc": (),
        "cfc": (),
        "cascade": (),
    }.items():
        weights, metadata = trained(kind)
        np.savez(tmp_path / "w.npz", metadata=json.dumps(metadata), **weights)
        arrays, settings = read_weights(tmp_path / "w.npz")
        assert settings == metadata and arrays.keys() == weights.keys()
        out = tmp_path / "m.safetensors"
        done = rivulet("convert", tmp_path / "w.npz", "-o", out, "--dtype", "int8", *options)
        assert done.returncode == 0, done.stderr
        found[kind] = _content(out)
    hold("models_int8.json", found)


@pytest.mark.parametrize("slot", ["a", "b"])
def test_files_from_before_are_read(slot: str) -> None:
    """A float model and one in integers, both signed, as the flash of an old board has them."""
    running = _load(HERE / "flash" / "models" / f"{slot}.safetensors")
    assert running.hidden == 6 and running.integer == (slot == "b")


def test_a_signature_is_the_last_tensor(tmp_path: Path, rivulet: Run) -> None:
    pytest.importorskip("cryptography")
    key, model = tmp_path / "sign.pem", tmp_path / "m.safetensors"
    assert rivulet("key", "signing", key).returncode == 0
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "sign.pem.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----\n")
    convert(*trained("ctrnn")).save(model)
    bare = _content(model)["tensors"]
    assert rivulet("sign", model, "--signing-key", key).returncode == 0
    signed = _content(model)["tensors"]
    assert signed == bare | {"signature": "U8 256"} and [*signed][-1] == "signature"


def test_a_board_key_is_a_line_of_hex_for_its_owner(tmp_path: Path, rivulet: Run) -> None:
    assert rivulet("key", "new", tmp_path / "board.key").returncode == 0
    text = (tmp_path / "board.key").read_text()
    assert len(bytes.fromhex(text)) == 32 and len(text) == 65 and text.endswith("\n")
    assert (tmp_path / "board.key").stat().st_mode & 0o777 == 0o600


def _content(path: Path) -> dict[str, Any]:
    """A model file's metadata (names as they are, JSON by its types) and tensors, in order."""
    _load(path)
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = {}
    for name, text in header.pop("__metadata__").items():
        try:
            metadata[name] = types_of(json.loads(text))
        except ValueError:
            metadata[name] = text
    order = sorted(header, key=lambda name: header[name]["data_offsets"])
    tensors = {}
    for name in order:
        shape = "x".join(map(str, header[name]["shape"]))
        tensors[name] = f"{header[name]['dtype']} {shape}"
    return {"metadata": metadata, "tensors": tensors}


def _load(path: Path) -> Any:
    with path.open("rb") as file:
        return device_model.load(file, path.stat().st_size)
