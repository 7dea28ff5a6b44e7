"""The neural ODE cell: `layers.0.weight` (b, n + m) over [x; u], `layers.0.bias` (b,), ... up to a
last layer of n rows, `readout.weight` (k, n), `readout.bias` (k,). The metadata's `activation`
stands between the layers, `step_s` bounds a step of RK4.
"""

import re

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
from host_tools.errors import RivuletError

_OWN: Settings = {"cell": "node", "integrator": "rk4", "activation": "tanh", "step_s": 0.1}


def convert(arrays: Arrays, metadata: Settings) -> ModelFile:
    depth = sum(bool(re.fullmatch(r"layers\.\d+\.weight", name)) for name in arrays)
    names = [f"layers.{i}.{part}" for i in range(max(depth, 1)) for part in ("weight", "bias")]
    check_names(arrays, [*names, "readout.weight", "readout.bias"], "a node cell")
    outputs, hidden = matrix(arrays, "readout.weight", "(outputs, units)")
    width = matrix(arrays, "layers.0.weight", "(rows, units + inputs)")[1]
    inputs = width - hidden
    if inputs < 1:
        raise RivuletError(f"'layers.0.weight' has {width} columns for {hidden} units and inputs")
    sizes = [matrix(arrays, f"layers.{i}.weight", "a matrix")[0] for i in range(depth - 1)]
    wanted: dict[str, tuple[int, ...]] = {"readout.bias": (outputs,)}
    for i, size in enumerate([*sizes, hidden]):
        wanted[f"layers.{i}.weight"] = (size, width)
        wanted[f"layers.{i}.bias"] = (size,)
        width = size
    check_shapes(arrays, wanted, f"{hidden} units, {inputs} inputs, inner layers {sizes}")
    settings = complete(metadata, _OWN, inputs)
    if settings["integrator"] != "rk4":
        raise RivuletError(f"a node cell has no integrator '{settings['integrator']}': use rk4")
    settings["layers"] = sizes
    first = arrays["layers.0.weight"]
    inward, bias = fold(first[:, hidden:], settings)
    tensors = {
        "layer0.weight": np.hstack([first[:, :hidden], inward]),
        "layer0.bias": arrays["layers.0.bias"] + bias,
        "readout.weight": readout(arrays["readout.weight"], arrays["readout.bias"]),
    }
    for i in range(1, depth):
        tensors[f"layer{i}.weight"] = arrays[f"layers.{i}.weight"]
        tensors[f"layer{i}.bias"] = arrays[f"layers.{i}.bias"]
    return finished(tensors, settings)
