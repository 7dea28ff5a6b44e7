"""A converted model: device tensors and metadata, and how they become a file."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from host_tools import files
from host_tools.convert.probes import probes
from host_tools.errors import RivuletError
from host_tools.model_header import units
from rivulet import model as device_model
from rivulet.model.fed import parts

Arrays = dict[str, np.ndarray]
Settings = dict[str, Any]

_FORMATS = (device_model.FORMAT, device_model.FORMAT_2)
# Time between decisions where nothing is said.
CADENCE_US = 100_000
# Defaults of the metadata that a trainer may leave out.
_DEFAULTS: Settings = {
    "convention": "previous",
    "readout": "state",
    "readout_tau_s": 0.0,
    "output": "value",
    "classes": [],
    "policy": {"cadence_us": CADENCE_US},
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
        """The number of units, all layers of a cascade together."""
        return units(self.settings, int(self.tensors["readout.weight"].shape[1]))

    def to_bytes(self) -> bytes:
        """Return the safetensors file without probe events, for the device code on this host."""
        return _packed(self.tensors, self.settings)

    def save(self, path: Path | str) -> None:
        """Write the safetensors file, probe events included; deterministic for the same content.

        Raises RivuletError.
        """
        path = Path(path)
        data = self.to_bytes()
        try:
            settings = self.settings | {"probes": probes(data, self.settings)}
        except device_model.ModelError as error:
            raise RivuletError(f"{path} would be refused by every board: {error}") from None
        files.make_folder(path.parent)
        files.write_bytes(path, _packed(self.tensors, settings))


def _packed(tensors: Arrays, settings: Settings) -> bytes:
    try:
        metadata = {
            key: value if isinstance(value, str) else _json(value)
            for key, value in settings.items()
        }
        # The library writes memory as it lies: a part of a matrix has its other columns between.
        whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
        return _in_order(save(whole, metadata=metadata))
    except (TypeError, ValueError) as error:
        raise RivuletError(f"metadata: not what JSON can carry ({error})") from None


def _json(value: Any) -> str:
    # UTF-8 as it is: of an escaped pair of surrogates MicroPython makes two broken characters.
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _in_order(data: bytes) -> bytes:
    """Sort the header of a safetensors file: the library orders metadata at random."""
    length = int.from_bytes(data[:8], "little")
    header = _json(json.loads(data[8 : 8 + length])).encode("utf-8")
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
    if metadata.get("classes") and metadata.get("output") != "class":
        raise RivuletError('metadata: classes go with "output": "class"')
    settings = known | metadata
    settings["format"] = format_of(settings)
    for key in ("channels", "units"):
        if isinstance(settings[key], list) and len(settings[key]) != inputs:
            raise RivuletError(f"metadata: {len(settings[key])} {key} for {inputs} inputs")
    # To the last element, before anything is computed from it.
    try:
        device_model.check_settings(settings)
    except device_model.ModelError as error:
        raise RivuletError(f"metadata: {error}") from None
    # The file states it, so that no reader applies the normalisation twice.
    settings["normalisation"] = {**settings["normalisation"], "folded": True}
    return settings


def format_of(settings: Settings) -> str:
    """Return the oldest format that carries what the settings say."""
    policy, channels = settings["policy"], settings["channels"]
    more = isinstance(policy, dict) and policy.keys() - {"cadence_us"}
    fed = isinstance(channels, list) and any(
        isinstance(name, str) and parts(name) is not None for name in channels
    )
    learns = "adaptation" in settings
    wanted: str = device_model.FORMAT_2 if more or fed or learns else device_model.FORMAT
    return wanted


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


def read_model(path: Path) -> ModelFile | None:
    """Return the content of a float model file, or None if a file is something else.

    Raises RivuletError for a model file that no board takes.
    """
    files.check_input(path)
    try:
        data = path.read_bytes()
        metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        if metadata["format"] not in _FORMATS or metadata.get("arithmetic"):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        settings, shapes = device_model.read_header(io.BytesIO(data), len(data))
        device_model.check(settings, shapes)
    except device_model.ModelError as error:
        raise RivuletError(f"{path}: {error}") from None
    settings.pop("probes", None)
    return ModelFile({name: load(data)[name] for name in shapes}, settings)
