"""Quantisation of each cell, one file each; rivulet.integers.cells has the board's side.

A cell's module has

    check(settings)                     raises RivuletError for settings that it does not run
    quantise(model, inputs, events)     returns the Quantised of a float model; events calibrate it
    Reference                           its step in numpy, a reference.Reference
"""

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from host_tools.errors import RivuletError
from host_tools.integers.inputs import Inputs

__all__ = ["Inputs", "Quantised", "integer_cell"]


@dataclass(frozen=True)
class Quantised:
    """A quantised cell. tensors: all but the readout's; settings: additions to the metadata."""

    tensors: dict[str, np.ndarray]
    settings: dict[str, Any]
    state_scale: float = 1.0
    warnings: list[str] = field(default_factory=list)


def integer_cell(name: str) -> Any:
    """Return the module of a cell. Raises RivuletError if the integer path does not run it."""
    known = sorted(module.name for module in pkgutil.iter_modules(__path__))
    if name not in known:
        raise RivuletError(
            f"int8 arithmetic has no cell '{name}', only {', '.join(known)}: convert it to float32"
        )
    return importlib.import_module(f"{__name__}.{name}")
