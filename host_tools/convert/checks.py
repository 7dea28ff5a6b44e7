"""Checks of a trainer's tensors and metadata, with one line per error."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from host_tools.convert.model_file import Arrays, Settings
from host_tools.errors import RivuletError

# Of objects and lists within a setting.
_DEEPEST = 16
# Of a value that a message quotes, in characters.
_LONGEST = 40


def array(name: str, value: Any) -> np.ndarray:
    """Return numbers of any kind, numpy's, torch's or Python's, as float64.

    Raises RivuletError for what is complex, quantised, masked, text or no array at all.
    """
    try:
        if hasattr(value, "detach"):
            value = _from_torch(name, value)
        if np.ma.is_masked(value):
            raise RivuletError(f"'{name}' has masked values")
        found = np.asarray(value)
        bfloat = found.dtype.name == "bfloat16"
        if found.dtype.kind not in "fiub" and not bfloat:
            kind = "no array of numbers" if found.dtype.kind in "OUSV" else str(found.dtype)
            raise RivuletError(f"'{name}' is {kind}; weights are real numbers")
        return found.astype(np.float64)
    except RivuletError:
        raise
    except Exception:  # whatever an object of a trainer's raises when it is looked at
        raise RivuletError(f"'{name}' is no array of numbers; weights are real numbers") from None


def _from_torch(name: str, tensor: Any) -> Any:
    if getattr(tensor, "is_quantized", False):
        raise RivuletError(f"'{name}' is quantised ({tensor.dtype}): save the float weights")
    if tensor.is_complex():
        raise RivuletError(f"'{name}' is {tensor.dtype}; weights are real numbers")
    tensor = tensor.detach().cpu()
    dense = tensor.to_dense() if str(tensor.layout) != "torch.strided" else tensor
    return dense.double().numpy()


def finite(weights: Any) -> Arrays:
    """Return the weights as float64. Raises RivuletError if one is not finite or not numeric."""
    if not isinstance(weights, Mapping):
        raise RivuletError("the weights must be arrays by name")
    arrays = {}
    for name, value in weights.items():
        if not isinstance(name, str):
            raise RivuletError("the weights must be arrays by name")
        arrays[name] = array(name, value)
        if not np.isfinite(arrays[name]).all():
            bad = int((~np.isfinite(arrays[name])).sum())
            raise RivuletError(f"'{name}' holds {bad} NaN or infinite values: train again")
    return arrays


def plain(metadata: Any) -> Settings:
    """Return metadata as JSON has it: scalars and arrays of numpy and torch become numbers.

    Raises RivuletError, which names the key.
    """
    if not isinstance(metadata, Mapping):
        raise RivuletError("the metadata must be an object: settings by name")
    return {_key(key): _plain(str(key), value, _DEEPEST) for key, value in metadata.items()}


def _key(key: Any) -> str:
    if not isinstance(key, str) or not _is_text(key):
        raise RivuletError("the metadata must be an object: settings by name")
    return key


def _is_text(text: str) -> bool:
    """Whether UTF-8 can carry it: half of a surrogate pair it cannot."""
    return not any(0xD800 <= ord(character) < 0xE000 for character in text)


def _plain(key: str, value: Any, levels: int) -> Any:
    if not levels:
        raise RivuletError(f"metadata: {key} is nested too deeply")
    if hasattr(value, "detach") or isinstance(value, (np.ndarray, np.generic)):
        value = _items(key, value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and _is_text(value):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(key, each, levels - 1) for each in value]
    if isinstance(value, Mapping):
        return {_key(name): _plain(key, each, levels - 1) for name, each in value.items()}
    raise RivuletError(f"metadata: {key} holds {_shown(value)}, which JSON cannot")


def shown(value: Any) -> str:
    """Return a value for a message: short, and in one line."""
    text = str(value)
    return text if text.isprintable() and len(text) <= _LONGEST else repr(text[:_LONGEST])[1:-1]


def _items(key: str, value: Any) -> Any:
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
        return value.tolist()
    except Exception:
        raise RivuletError(f"metadata: {key} holds a tensor that is no numbers") from None


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return str(value)
    return "broken text" if isinstance(value, str) else f"a {type(value).__name__}"


def check_names(arrays: Arrays, wanted: Iterable[str], owner: str) -> None:
    """Raise RivuletError unless the names are those of `owner`, "a decay cell"."""
    names = set(wanted)
    missing = sorted(names - arrays.keys())
    extra = sorted(arrays.keys() - names)
    if missing:
        raise RivuletError(f"weights miss {', '.join(missing)}")
    if extra:
        raise RivuletError(f"weights carry {', '.join(extra)}, which {owner} does not have")


def check_shapes(arrays: Arrays, wanted: Mapping[str, tuple[int, ...]], sizes: str) -> None:
    """Raise RivuletError for a shape other than wanted; `sizes` names where it comes from."""
    for name, shape in wanted.items():
        if arrays[name].shape != shape:
            raise RivuletError(f"'{name}' is {arrays[name].shape}; {sizes} need {shape}")


def matrix(arrays: Arrays, name: str, meaning: str) -> tuple[int, int]:
    """Return the shape of a matrix that defines sizes. Raises RivuletError if it is no matrix."""
    shape = arrays[name].shape
    if len(shape) != 2 or not all(shape):
        raise RivuletError(f"'{name}' is {shape}, not {meaning}")
    return int(shape[0]), int(shape[1])
