"""What a conversion makes: device tensors and the metadata that stands beside them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from host_tools.convert.probes import probes
from host_tools.errors import RivuletError
from rivulet.model import running as device_model

Arrays = dict[str, np.ndarray]
Settings = dict[str, Any]

# What any trainer has to say; the rest has defaults that are said here, once.
_DEFAULTS: Settings = {
    "convention": "previous",
    "readout": "state",
    "readout_tau_s": 0.0,
    "output": "value",
    "classes": [],
    "policy": {"cadence_us": 100_000},
    "training_dt_us": None,
    "provenance": {},
}
# What a file has only if somebody asks for it.
_OPTIONAL = ("guards", "warm_start")


@dataclass
class ModelFile:
    """A converted model: device tensors (float32) and the settings that stand beside them."""

    tensors: Arrays
    settings: Settings
    warnings: list[str] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return int(self.tensors["readout.weight"].shape[1]) - 1

    def to_bytes(self) -> bytes:
        """The safetensors file without probe events, for the device code on this machine."""
        return _packed(self.tensors, self.settings)

    def save(self, path: Path) -> None:
        """Write the safetensors file, probe events included; deterministic for the same content.

        Raises RivuletError.
        """
        data = self.to_bytes()
        try:
            settings = self.settings | {"probes": probes(data, self.settings)}
        except device_model.ModelError as error:
            raise RivuletError(f"{path} would be refused by every board: {error}") from None
        data = _packed(self.tensors, settings)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise RivuletError(f"cannot write {path}: {error.strerror}") from None


def _packed(tensors: Arrays, settings: Settings) -> bytes:
    metadata = {
        key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for key, value in settings.items()
    }
    return _in_order(save(tensors, metadata=metadata))


def _in_order(data: bytes) -> bytes:
    """The same file with its header sorted: the library orders metadata anew at each call."""
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def complete(metadata: Settings, own: Settings, inputs: int) -> Settings:
    """The settings of a model file: `metadata` over a cell's `own` and the common defaults."""
    defaults = {
        "channels": [f"u{i}" for i in range(inputs)],
        "units": [""] * inputs,
        "normalisation": {"offset": [0.0] * inputs, "scale": [1.0] * inputs},
    }
    known = _DEFAULTS | defaults | own
    unknown = sorted(metadata.keys() - known.keys() - set(_OPTIONAL))
    if unknown:
        raise RivuletError(f"metadata carries {', '.join(unknown)}, which no model file has")
    settings = known | metadata | {"format": device_model.FORMAT}
    for key, kind in (("channels", list), ("units", list), ("normalisation", dict)):
        if not isinstance(settings[key], kind):
            raise RivuletError(f"metadata: {key} must be a {kind.__name__}")
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


def fold(inward: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """(weights, bias) on raw inputs of `inward` (rows, inputs) on u = (raw - offset) * scale.

    Folded once here, so that the board takes physical units and spends nothing on it.
    """
    offset = np.array(settings["normalisation"]["offset"])
    raw = inward * np.array(settings["normalisation"]["scale"])
    return raw, -(raw @ offset)


def readout(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return np.hstack([weight, bias[:, None]])


def finished(tensors: Arrays, settings: Settings, warnings: list[str] | None = None) -> ModelFile:
    """The model file of float64 tensors and uint16 indices, checked as the board will."""
    tensors = {
        name: tensor if tensor.dtype == np.uint16 else tensor.astype(np.float32)
        for name, tensor in tensors.items()
    }
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise RivuletError(f"'{name}' does not fit float32 once the normalisation is folded")
    shapes = {name: (tensor.shape, 0, 0) for name, tensor in tensors.items()}
    try:
        device_model.check(settings, shapes)
    except device_model.ModelError as error:
        raise RivuletError(str(error)) from None
    return ModelFile(tensors, settings, warnings or [])
