"""Reads weight files of trainers: .npz, .safetensors and .pt."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open

from host_tools import files
from host_tools.convert.checks import array, plain
from host_tools.convert.model_file import Arrays, Settings
from host_tools.errors import RivuletError
from rivulet.model import FORMAT, FORMAT_2

# safetensors' names of the types that float64 holds.
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}

# Keys under which a .pt file may hold its tensors: Rivulet's own, and those of usual checkpoints.
_WRAPPERS = ("weights", "state_dict", "model_state_dict")
# How PyTorch names the class of an object that it does not build.
_PICKLED = re.compile(r"GLOBAL ([\w.]+)")


def read_weights(path: Path) -> tuple[Arrays, Settings]:
    """Return (weights, metadata) of a .npz, .safetensors or .pt file. Raises RivuletError."""
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors, ".pt": _read_torch}
    reader = readers.get(path.suffix)
    if reader is None:
        raise RivuletError(f"{path}: weights come as {', '.join(sorted(readers))}")
    files.check_input(path)
    if not path.is_file():
        raise RivuletError(f"{path}: no such file")
    return reader(path)


def _read_npz(path: Path) -> tuple[Arrays, Settings]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # numpy raises zipfile, zlib, pickle and value errors here
        text = " ".join(str(error).split())
        raise RivuletError(f"{path}: not a readable .npz file ({text})") from None
    metadata = _metadata(path, str(arrays.pop("metadata", "{}")))
    return _checked(path, arrays), metadata


def _read_safetensors(path: Path) -> tuple[Arrays, Settings]:
    try:
        with safe_open(path, framework="numpy") as archive:
            metadata = archive.metadata() or {}
        tensors: list[Any] = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except (SafetensorError, OSError) as error:
        raise RivuletError(f"{path}: not a readable safetensors file ({error})") from None
    if metadata.get("format") in (FORMAT, FORMAT_2):
        raise RivuletError(
            f"{path}: is converted already: give the weights that it was made from; "
            "--dtype int8 alone takes it too"
        )
    arrays = {name: _tensor(path, name, entry) for name, entry in tensors}
    return arrays, _metadata(path, metadata.get("rivulet", "{}"))


def _tensor(path: Path, name: str, entry: dict[str, Any]) -> np.ndarray:
    dtype, shape, data = entry["dtype"], entry["shape"], bytes(entry["data"])
    if dtype == "BF16":
        # The upper half of a float32.
        wide = np.frombuffer(data, "<u2").astype("<u4") << np.uint32(16)
        return wide.view("<f4").reshape(shape).astype(np.float64)
    if dtype not in _DTYPES:
        known = ", ".join([*_DTYPES, "BF16"])
        raise RivuletError(f"{path}: '{name}' is {dtype}; weights are read as {known}")
    return np.frombuffer(data, _DTYPES[dtype]).reshape(shape).astype(np.float64)


def _checked(path: Path, weights: Any) -> Arrays:
    if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights):
        raise RivuletError(f"{path}: the weights must be arrays by name")
    try:
        return {name: array(name, value) for name, value in weights.items()}
    except RivuletError as error:
        raise RivuletError(f"{path}: {error}") from None


def _read_torch(path: Path) -> tuple[Arrays, Settings]:
    """Read a .pt file: {"weights": tensors, "metadata": ...}, a state dict, or a checkpoint."""
    try:
        import torch
    except ImportError:
        raise RivuletError(
            f"{path}: reading .pt needs PyTorch: pip install 'rivulet[train]', or save as .npz"
        ) from None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling raises nearly anything
        raise RivuletError(f"{path}: {_unreadable(str(error))}") from None
    keys = [key for key in _WRAPPERS if isinstance(content, dict) and key in content]
    wrapped = bool(keys) and isinstance(content[keys[0]], dict)
    metadata = content.get("metadata", {}) if wrapped else {}
    try:
        settings = plain(metadata)
    except RivuletError as error:
        raise RivuletError(f"{path}: {error}") from None
    return _checked(path, content[keys[0]] if wrapped else content), settings


def _unreadable(error: str) -> str:
    """Return why PyTorch does not read a .pt file without running code from it."""
    pickled = _PICKLED.search(error)
    if pickled is not None:
        return (
            f"holds a pickled object ({pickled[1]}), whose code is not run: save its "
            "state_dict(), or build it with --module FILE.py:NAME"
        )
    text = (error.splitlines() or ["it is damaged"])[0]
    return f"not a .pt file of weights and metadata ({text})"


def _metadata(path: Path, text: str) -> Settings:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RivuletError(f"{path}: its metadata is not JSON ({error})") from None
    if not isinstance(settings, dict):
        raise RivuletError(f"{path}: its metadata is not a JSON object")
    return settings
