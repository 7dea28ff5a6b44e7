"""A wiring of ncps as JSON, and what a state dict leaves out beside it.

    adjacency_matrix, sensory_adjacency_matrix   of the wiring: -1, 0 or 1, rows are sources
    output_dim                                   of the wiring: how many motor neurons it has

Every other key is metadata: `mode`, `activation`, `time_unit_s`, ... PyTorch's state dicts have
the masks of the synapses themselves, so the matrices may be left out; then nothing tells that the
weights are of another wiring. Keras keeps them in the wiring alone.
"""

from typing import Any

import numpy as np

from host_tools.convert.checks import shown
from host_tools.convert.model_file import Arrays, Settings
from host_tools.convert.ncps_find import find
from host_tools.errors import RivuletError

_MATRICES = {
    "adjacency_matrix": "sparsity_mask",
    "sensory_adjacency_matrix": "sensory_sparsity_mask",
}


def apply_wiring(arrays: Arrays, content: Settings) -> tuple[Arrays, Settings]:
    """Return the weights with the wiring's masks, and the metadata of W.json.

    Raises RivuletError if the weights are of another wiring.
    """
    settings = {key: value for key, value in content.items() if key not in _MATRICES}
    outputs = settings.pop("output_dim", None)
    masks = {name: _mask(key, content[key]) for key, name in _MATRICES.items() if key in content}
    network = find(arrays)
    cell = network.cell
    if network.kind == "ltc":
        arrays = dict(arrays)
        for name, mask in masks.items():
            stored = arrays.setdefault(cell + name, mask)
            if stored.shape != mask.shape or (stored != mask).any():
                raise _differs(f"'{cell}{name}' has {_synapses(stored)}, it has {_synapses(mask)}")
        if outputs is not None:
            settings.setdefault("output_size", outputs)
        return arrays, settings
    layers = sorted(name for name in arrays if name.startswith(f"{cell}layer_") and "mask" in name)
    if not layers and (masks or outputs is not None):
        raise _differs("they are a CfC without one")
    sizes = [arrays[name].shape for name in layers]
    if layers:
        found = {
            "units": (sum(rows for rows, _ in sizes), _size(masks, "sparsity_mask", 1)),
            "inputs": (sizes[0][1] - sizes[0][0], _size(masks, "sensory_sparsity_mask", 0)),
            "outputs": (sizes[-1][0], outputs),
        }
        for what, (here, there) in found.items():
            if there not in (None, here):
                raise _differs(f"they have {here} {what}, it has {shown(there)}")
    return arrays, settings


def _mask(key: str, matrix: Any) -> np.ndarray:
    try:
        found = np.abs(np.array(matrix, dtype=np.float64))
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 2 or not np.isin(found, (0.0, 1.0)).all():
        raise RivuletError(
            f"wiring: {key} must be rows of -1, 0 and 1: wiring.{key}.tolist() writes them"
        )
    return found


def _size(masks: Arrays, name: str, axis: int) -> int | None:
    return masks[name].shape[axis] if name in masks else None


def _synapses(mask: np.ndarray) -> str:
    return f"{int(np.abs(mask).sum())} synapses in {' by '.join(map(str, mask.shape))}"


def _differs(how: str) -> RivuletError:
    return RivuletError(f"the weights are not of this wiring: {how}")
