"""Finds the recurrent part of a network and the layer behind it, by the names of its tensors.

A network of one's own names them as it likes: `rnn.rnn_cell.ff1.weight`, `fc.weight`. A cell of
ncps is told by a tensor that every cell of its kind has.
"""

import re
from dataclasses import dataclass

from host_tools.convert.model_file import Arrays
from host_tools.errors import RivuletError

# `gleak` is an LTC's, `ff1.weight` a CfC's; a wired CfC has one in each layer.
_MARK = re.compile(r"(|.*?\.)(?:layer_\d+\.)?(gleak|ff1\.weight)")
# ncps' LTC and CfC keep their cell here; the mixed memory and the projection are beside it.
_CELL = "rnn_cell."
_MOST = 6  # names in a message


@dataclass(frozen=True)
class Network:
    """Where the parts of a network are among its tensors."""

    kind: str  # "ltc" or "cfc"
    cell: str  # what the names of the cell's tensors begin with
    memory: str | None  # the same for the mixed memory; None without one
    layers: list[str]  # the Linear layers behind the cell, in the order in which they act


def cells(arrays: Arrays) -> dict[str, str]:
    """Return {beginning of its names: kind} of every cell of ncps among the tensors."""
    found = filter(None, map(_MARK.fullmatch, arrays))
    return {match[1]: "ltc" if match[2] == "gleak" else "cfc" for match in found}


def is_ncps(arrays: Arrays) -> bool:
    """Return whether these are weights of ncps."""
    return bool(cells(arrays))


def find(arrays: Arrays) -> Network:
    """Return the network's parts. Raises RivuletError if they are not one cell and one head."""
    parts = cells(arrays)
    if not parts:
        raise RivuletError(
            f"there is no LTC or CfC of ncps among the tensors: {_named(sorted(arrays))}"
        )
    if len(parts) > 1:
        listed = _named([f"'{name.rstrip('.')}' ({kind})" for name, kind in parts.items()])
        raise RivuletError(
            f"{len(parts)} recurrent parts: {listed}; a model file holds one: save, or build with "
            "--module, a network of that one and its head"
        )
    [(cell, kind)] = parts.items()
    owner = cell.removesuffix(_CELL) if cell.endswith(_CELL) else None
    beside = [name for name in arrays if not name.startswith(cell)]
    memory, projection = None, None
    if owner is not None:
        memory = f"{owner}lstm." if any(n.startswith(f"{owner}lstm.") for n in beside) else None
        projection = f"{owner}fc" if f"{owner}fc.weight" in arrays else None
    taken = {f"{projection}.weight", f"{projection}.bias"}
    rest = [name for name in beside if not (memory and name.startswith(memory))]
    head = _head(arrays, [name for name in rest if name not in taken])
    return Network(kind, cell, memory, [name for name in (projection, head) if name])


def _head(arrays: Arrays, names: list[str]) -> str | None:
    """Return the name of the one Linear among these tensors, None without any."""
    linear = [
        name.removesuffix(".weight")
        for name in names
        if name.endswith(".weight") and arrays[name].ndim == 2
    ]
    if len(linear) > 1:
        sizes = [
            f"'{name}' ({arrays[f'{name}.weight'].shape[1]} to "
            f"{arrays[f'{name}.weight'].shape[0]})"
            for name in linear
        ]
        raise RivuletError(
            f"{len(linear)} layers could be the head: {_named(sizes)}; a model file holds one: "
            "save, or build with --module, a network without the others"
        )
    known = {f"{name}.{part}" for name in linear for part in ("weight", "bias")}
    extra = sorted(set(names) - known)
    if extra:
        raise RivuletError(
            f"weights carry {_named(extra)}, which is neither an LTC, nor a CfC, nor a Linear "
            "behind it"
        )
    return linear[0] if linear else None


def _named(names: list[str]) -> str:
    return ", ".join(names[:_MOST]) + (", ..." if len(names) > _MOST else "")
