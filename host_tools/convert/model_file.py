"""A converted model: device tensors and metadata, and how they become a file."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from host_tools import files
from host_tools.convert.probes import probes
from host_tools.errors import RivuletError
from rivulet import model as device_model

Arrays = dict[str, np.ndarray]
Settings = dict[str, Any]

# Defaults of the metadata that a trainer may leave out.
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
# Metadata that a file has only on request.
_OPTIONAL = ("guards", "warm_start")


@dataclass
class ModelFile:
    """A converted model: device tensors (float32) and the settings of its metadata."""

    tensors: Arrays
    settings: Settings
    warnings: list[str] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return int(self.tensors["readout.weight"].shape[1]) - 1

    def to_bytes(self) -> bytes:
        """Return the safetensors file without probe events, for the device code on this host."""
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
        files.make_folder(path.parent)
        files.write_bytes(path, _packed(self.tensors, settings))


def _packed(tensors: Arrays, settings: Settings) -> bytes:
    metadata = {
        key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for key, value in settings.items()
    }
    return _in_order(save(tensors, metadata=metadata))


def _in_order(data: bytes) -> bytes:
    """Sort the header of a safetensors file: the library orders metadata at random."""
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def complete(metadata: Settings, own: Settings, inputs: int) -> Settings:
    """Return a model file's settings: `metadata` over a cell's `own` and the common defaults.

    Raises RivuletError for unknown keys and for lists that do not fit `inputs`.
    """
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
    # The file states it, so that no reader applies the normalisation twice.
    settings["normalisation"] = {**settings["normalisation"], "folded": True}
    return settings


def fold(inward: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Fold the normalisation u = (raw - offset) * scale into `inward` (rows, inputs).

    Returns (weights, bias) on raw inputs: the board takes physical units at no cost.
    """
    offset = np.array(settings["normalisation"]["offset"])
    raw = inward * np.array(settings["normalisation"]["scale"])
    return raw, -(raw @ offset)


def readout(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the readout (outputs, features + 1) with the bias as its last column."""
    return np.hstack([weight, bias[:, None]])


def finished(tensors: Arrays, settings: Settings, warnings: list[str] | None = None) -> ModelFile:
    """Make a model file of float64 tensors and uint16 indices, checked as a board checks it.

    Raises RivuletError.
    """
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
