"""From a trainer's weights to a model file that boards run.

Weights are named as in the equations: `alpha.recurrent` (n, n), `alpha.input` (n, m),
`alpha.bias` (n,), the same three under `drive.`, `readout.weight` (k, n), `readout.bias` (k,).
The normalisation u = (raw - offset) * scale is folded into the gates, so that the board takes
physical units and spends nothing on it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from host_tools.errors import RivuletError
from rivulet import model as device_model

Arrays = dict[str, np.ndarray]
Settings = dict[str, Any]

_GATES = ("recurrent", "input", "bias")
_NAMES = {f"{gate}.{part}" for gate in ("alpha", "drive") for part in _GATES} | {
    "readout.weight",
    "readout.bias",
}
# What the trainer has to say; the rest has defaults that are said here, once.
_DEFAULTS: Settings = {
    "cell": "decay",
    "integrator": "exponential",
    "convention": "previous",
    "drive": "relaxing",
    "alpha_min": 0.05,
    "alpha_max": 30.0,
    "readout": "state",
    "readout_tau_s": 0.0,
    "output": "value",
    "classes": [],
    "policy": {"cadence_us": 100_000},
    "training_dt_us": None,
    "provenance": {},
}


@dataclass
class ModelFile:
    """A converted model: device tensors (float32) and the settings that stand beside them."""

    tensors: Arrays
    settings: Settings
    warnings: list[str] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return int(self.tensors["readout.weight"].shape[1]) - 1

    def save(self, path: Path) -> None:
        """Write the safetensors file; deterministic for the same content."""
        metadata = {
            key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            for key, value in self.settings.items()
        }
        data = _in_order(save(self.tensors, metadata=metadata))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise RivuletError(f"cannot write {path}: {error.strerror}") from None


def _in_order(data: bytes) -> bytes:
    """The same file with its header sorted: the library orders metadata anew at each call."""
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def read_weights(path: Path) -> tuple[Arrays, Settings]:
    """(weights, metadata) of a .npz, .safetensors or .pt file. Raises RivuletError."""
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
    return arrays, _metadata(path, metadata.get("rivulet", "{}"))


def _read_torch(path: Path) -> tuple[Arrays, Settings]:
    try:
        import torch
    except ImportError:
        raise RivuletError(
            f"{path}: reading .pt needs PyTorch: pip install 'rivulet[train]', or save as .npz"
        ) from None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        weights, metadata = content["weights"], content.get("metadata", {})
        arrays = {name: tensor.detach().numpy() for name, tensor in weights.items()}
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


def convert(weights: Arrays, metadata: Settings) -> ModelFile:
    """Check a trainer's weights and lay them out for the board. Raises RivuletError."""
    _check_names(weights)
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in weights.items()}
    _check_shapes(arrays)
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            bad = int((~np.isfinite(value)).sum())
            raise RivuletError(f"'{name}' holds {bad} NaN or infinite values: train again")
    hidden, inputs = arrays["alpha.input"].shape
    settings = _settings(metadata, inputs, arrays["readout.weight"].shape[0])
    offset = np.array(settings["normalisation"]["offset"])
    scale = np.array(settings["normalisation"]["scale"])
    rows = []
    for gate in ("alpha", "drive"):
        inward = arrays[f"{gate}.input"] * scale
        bias = arrays[f"{gate}.bias"] - inward @ offset
        rows.append(np.hstack([arrays[f"{gate}.recurrent"], inward, bias[:, None]]))
    readout = np.hstack([arrays["readout.weight"], arrays["readout.bias"][:, None]])
    tensors = {
        "gates.weight": np.vstack(rows).astype(np.float32),
        "readout.weight": readout.astype(np.float32),
    }
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise RivuletError(f"'{name}' does not fit float32 once the normalisation is folded")
    shapes = {name: (tensor.shape, 0, 0) for name, tensor in tensors.items()}
    try:
        device_model.check(settings, shapes)
    except device_model.ModelError as error:
        raise RivuletError(str(error)) from None
    return ModelFile(tensors, settings)


def _check_names(weights: Arrays) -> None:
    missing = sorted(_NAMES - weights.keys())
    extra = sorted(weights.keys() - _NAMES)
    if missing:
        raise RivuletError(f"weights miss {', '.join(missing)}")
    if extra:
        raise RivuletError(f"weights carry {', '.join(extra)}, which a decay cell does not have")


def _check_shapes(arrays: Arrays) -> None:
    if arrays["alpha.input"].ndim != 2 or arrays["readout.weight"].ndim != 2:
        raise RivuletError("'alpha.input' must be (n, m) and 'readout.weight' (k, n)")
    hidden, inputs = arrays["alpha.input"].shape
    outputs = arrays["readout.weight"].shape[0]
    wanted = {"readout.weight": (outputs, hidden), "readout.bias": (outputs,)}
    for gate in ("alpha", "drive"):
        wanted |= {
            f"{gate}.recurrent": (hidden, hidden),
            f"{gate}.input": (hidden, inputs),
            f"{gate}.bias": (hidden,),
        }
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise RivuletError(
                f"'{name}' is {arrays[name].shape}; {hidden} units, {inputs} inputs and "
                f"{outputs} outputs need {shape}"
            )


def _settings(metadata: Settings, inputs: int, outputs: int) -> Settings:
    defaults = {
        "channels": [f"u{i}" for i in range(inputs)],
        "units": [""] * inputs,
        "normalisation": {"offset": [0.0] * inputs, "scale": [1.0] * inputs},
    }
    known = _DEFAULTS | defaults
    unknown = sorted(metadata.keys() - known.keys())
    if unknown:
        raise RivuletError(f"metadata carries {', '.join(unknown)}, which no model file has")
    settings = known | metadata | {"format": device_model.FORMAT}
    for key in ("channels", "units"):
        if len(settings[key]) != inputs:
            raise RivuletError(f"metadata: {len(settings[key])} {key} for {inputs} inputs")
    if len(set(settings["channels"])) != inputs:
        raise RivuletError("metadata: two channels have the same name")
    for key in ("offset", "scale"):
        values = settings["normalisation"].get(key, [])
        if len(values) != inputs or not np.isfinite(values).all():
            raise RivuletError(f"metadata: the normalisation's {key} needs {inputs} finite values")
    # Said in the file, so that nobody applies it a second time.
    settings["normalisation"] = {**settings["normalisation"], "folded": True}
    return settings
