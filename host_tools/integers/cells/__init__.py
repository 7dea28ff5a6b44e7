"""Cells on the integer path, one file each, as the board has them in rivulet.integers.cells.

A module of a cell has

    check(settings)                     raises RivuletError for a kind that it does not run
    quantise(model, inputs, events)     the Quantised of a float model; events calibrate it
    Reference                           its step in numpy, a reference.Reference
"""

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from host_tools.errors import RivuletError
from host_tools.integers.row_scales import Floats


@dataclass(frozen=True)
class Inputs:
    """How a float model's inputs become integers: Q12 of (raw - offset) * scale."""

    offset: Floats
    scale: Floats

    def unfolded(self, physical: Floats) -> tuple[Floats, Floats]:
        """(weights, bias) on the integers' inputs of weights (rows, inputs) on raw values."""
        zero = np.zeros_like(physical)
        inward = np.divide(physical, self.scale, out=zero, where=self.scale != 0)
        return inward, physical @ self.offset


@dataclass(frozen=True)
class Quantised:
    """tensors: all but the readout's; settings: what the file says of the integers besides."""

    tensors: dict[str, np.ndarray]
    settings: dict[str, Any]
    state_scale: float = 1.0
    warnings: list[str] = field(default_factory=list)


def integer_cell(name: str) -> Any:
    """The module of a cell. Raises RivuletError if the integer path does not run it."""
    known = sorted(module.name for module in pkgutil.iter_modules(__path__))
    if name not in known:
        raise RivuletError(
            f"int8 arithmetic has no cell '{name}', only {', '.join(known)}: convert it to float32"
        )
    return importlib.import_module(f"{__name__}.{name}")
