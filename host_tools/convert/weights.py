"""Reads weight files of trainers: .npz, .safetensors and .pt."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from host_tools.convert.model_file import Arrays, Settings
from host_tools.errors import RivuletError
from rivulet.model import FORMAT


def read_weights(path: Path) -> tuple[Arrays, Settings]:
    """Return (weights, metadata) of a .npz, .safetensors or .pt file. Raises RivuletError."""
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors, ".pt": _read_torch}
    reader = readers.get(path.suffix)
    if reader is None:
        raise RivuletError(f"{path}: weights come as {', '.join(sorted(readers))}")
    if not path.is_file():
        raise RivuletError(f"{path}: no such file")
    return reader(path)


def _read_npz(path: Path) -> tuple[Arrays, Settings]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # numpy raises zipfile, zlib, pickle and value errors here
        raise RivuletError(f"{path}: not a readable .npz file ({error})") from None
    return arrays, _metadata(path, str(arrays.pop("metadata", "{}")))


def _read_safetensors(path: Path) -> tuple[Arrays, Settings]:
    try:
        with safe_open(path, framework="numpy") as archive:
            arrays = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
            metadata = archive.metadata() or {}
    except SafetensorError as error:
        raise RivuletError(f"{path}: not a readable safetensors file ({error})") from None
    if metadata.get("format") == FORMAT:
        raise RivuletError(f"{path}: is converted already: give the weights that it was made from")
    return arrays, _metadata(path, metadata.get("rivulet", "{}"))


def _read_torch(path: Path) -> tuple[Arrays, Settings]:
    """Read a .pt file: {"weights": tensors, "metadata": ...} or a bare state dict."""
    try:
        import torch
    except ImportError:
        raise RivuletError(
            f"{path}: reading .pt needs PyTorch: pip install 'rivulet[train]', or save as .npz"
        ) from None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        wrapped = "weights" in content and not isinstance(content["weights"], torch.Tensor)
        weights = content["weights"] if wrapped else content
        metadata = content.get("metadata", {}) if wrapped else {}
        arrays = {name: tensor.detach().double().numpy() for name, tensor in weights.items()}
    except Exception as error:  # unpickling raises nearly anything
        text = str(error).splitlines()[0]
        raise RivuletError(f"{path}: not a .pt file of weights and metadata ({text})") from None
    return arrays, dict(metadata)


def _metadata(path: Path, text: str) -> Settings:
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise RivuletError(f"{path}: its metadata is not JSON ({error})") from None
    if not isinstance(settings, dict):
        raise RivuletError(f"{path}: its metadata is not a JSON object")
    return settings
