"""Converts a trainer's weights to a model file that boards run.

One file a cell: `decay`, `ctrnn` and `node` take the weights of Rivulet's own trainers, `ltc`,
`cfc` and `wired_cfc` those of ncps. A new cell is a new file with a function
`convert(arrays, metadata)`, `arrays` checked to be finite float64.
"""

import importlib
import importlib.util

from host_tools.convert.checks import finite, plain, shown
from host_tools.convert.model_file import (
    CADENCE_US,
    Arrays,
    ModelFile,
    Settings,
    read_model,
)
from host_tools.convert.ncps import convert_ncps
from host_tools.convert.ncps_find import is_ncps
from host_tools.convert.ncps_live import from_ncps
from host_tools.convert.weights import read_weights
from host_tools.errors import RivuletError

__all__ = [
    "CADENCE_US",
    "Arrays",
    "ModelFile",
    "Settings",
    "convert",
    "from_ncps",
    "read_model",
    "read_weights",
]


def convert(weights: Arrays, metadata: Settings) -> ModelFile:
    """Check a trainer's weights and lay them out for the board. Raises RivuletError."""
    arrays, metadata = finite(weights), plain(metadata)
    source = metadata.get("source", "ncps" if is_ncps(arrays) else "rivulet")
    if source == "ncps":
        return convert_ncps(arrays, metadata)
    if source != "rivulet":
        raise RivuletError(f"metadata: source '{shown(source)}' is not known; 'ncps' is")
    cell = metadata.get("cell", "decay")
    name = f"host_tools.convert.{cell}"
    if (
        not isinstance(cell, str)
        or not cell.isidentifier()
        or importlib.util.find_spec(name) is None
    ):
        raise RivuletError(f"metadata: unknown cell '{shown(cell)}'")
    converter = getattr(importlib.import_module(name), "convert", None)
    if converter is None:
        raise RivuletError(f"metadata: weights of a cell '{cell}' come from ncps, or not at all")
    model: ModelFile = converter(arrays, {k: v for k, v in metadata.items() if k != "source"})
    return model
