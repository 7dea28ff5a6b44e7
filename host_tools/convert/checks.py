"""Checks of names, shapes and values of a trainer's tensors, with one line per error."""

from collections.abc import Iterable, Mapping

import numpy as np

from host_tools.convert.model_file import Arrays
from host_tools.errors import RivuletError


def finite(weights: Arrays) -> Arrays:
    """Return the weights as float64. Raises RivuletError if one is not finite or not numeric."""
    arrays = {}
    for name, value in weights.items():
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise RivuletError(f"'{name}' is not an array of numbers") from None
        if not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            raise RivuletError(f"'{name}' holds {bad} NaN or infinite values: train again")
        arrays[name] = array
    return arrays


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
