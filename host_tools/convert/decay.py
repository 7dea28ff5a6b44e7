"""The decay cell: `alpha.recurrent` (n, n), `alpha.input` (n, m), `alpha.bias` (n,), the same
three under `drive.`, `readout.weight` (k, n), `readout.bias` (k,).
"""

import numpy as np

from host_tools.convert.checks import check_names, check_shapes, matrix
from host_tools.convert.model_file import (
    Arrays,
    ModelFile,
    Settings,
    complete,
    finished,
    fold,
    readout,
)

_GATES = ("alpha", "drive")
_OWN: Settings = {
    "cell": "decay",
    "integrator": "exponential",
    "drive": "relaxing",
    "alpha_min": 0.05,
    "alpha_max": 30.0,
}


def convert(arrays: Arrays, metadata: Settings) -> ModelFile:
    names = [f"{gate}.{part}" for gate in _GATES for part in ("recurrent", "input", "bias")]
    check_names(arrays, [*names, "readout.weight", "readout.bias"], "a decay cell")
    hidden, inputs = matrix(arrays, "alpha.input", "(units, inputs)")
    outputs = matrix(arrays, "readout.weight", "(outputs, units)")[0]
    wanted: dict[str, tuple[int, ...]] = {
        "readout.weight": (outputs, hidden),
        "readout.bias": (outputs,),
    }
    for gate in _GATES:
        wanted |= gate_shapes(gate, hidden, inputs)
    check_shapes(arrays, wanted, f"{hidden} units, {inputs} inputs and {outputs} outputs")
    settings = complete(metadata, _OWN, inputs)
    tensors = {
        "gates.weight": np.vstack([gate_rows(arrays, gate, settings) for gate in _GATES]),
        "readout.weight": readout(arrays["readout.weight"], arrays["readout.bias"]),
    }
    return finished(tensors, settings)


def gate_shapes(gate: str, hidden: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{gate}.recurrent": (hidden, hidden),
        f"{gate}.input": (hidden, inputs),
        f"{gate}.bias": (hidden,),
    }


def gate_rows(arrays: Arrays, gate: str, settings: Settings) -> np.ndarray:
    """Return the rows of a gate over [x; u; 1], u in physical units."""
    inward, bias = fold(arrays[f"{gate}.input"], settings)
    bias = arrays[f"{gate}.bias"] + bias
    return np.hstack([arrays[f"{gate}.recurrent"], inward, bias[:, None]])
