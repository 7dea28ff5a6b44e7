"""The cascade, its layers k = 1, 2, ... of n_k units:

layerK.alpha.input (n_k, m), layerK.alpha.bias (n_k,), and the same two under drive.
layerK.drive.below (n_k, n_(k-1))    above layer 1
layerK.alpha.below (n_k, n_(k-1))    above layer 1, where the rates see the layer below
readout.weight (k, n)                n units of the last layer, or n + m: the inputs beside it
readout.bias (k,)
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

_GATES = ("alpha", "drive")
_OWN: Settings = {
    "cell": "cascade",
    "integrator": "closed_form",
    "alpha_min": 0.05,
    "alpha_max": 30.0,
}


def convert(arrays: Arrays, metadata: Settings) -> ModelFile:
    depth = max(1, sum(bool(re.fullmatch(r"layer\d+\.drive\.input", name)) for name in arrays))
    rates = "v" if any(re.fullmatch(r"layer\d+\.alpha\.below", name) for name in arrays) else "u"
    check_names(arrays, [*names(depth, rates), "readout.weight", "readout.bias"], "a cascade cell")
    inputs = matrix(arrays, "layer1.drive.input", "(units, inputs)")[1]
    sizes = [matrix(arrays, f"layer{k}.drive.input", "a matrix")[0] for k in range(1, depth + 1)]
    outputs, read = matrix(arrays, "readout.weight", "(outputs, units)")
    reads_inputs = read == sizes[-1] + inputs
    wanted: dict[str, tuple[int, ...]] = {
        "readout.weight": (outputs, sizes[-1] + inputs if reads_inputs else sizes[-1]),
        "readout.bias": (outputs,),
    }
    for name in names(depth, rates):
        k, part = int(name[5 : name.index(".")]) - 1, name.rpartition(".")[2]
        shapes = {"input": (sizes[k], inputs), "below": (sizes[k], sizes[k - 1])}
        wanted[name] = shapes.get(part, (sizes[k],))
    check_shapes(arrays, wanted, f"layers of {sizes} units, {inputs} inputs, {outputs} outputs")
    settings = complete(metadata, _OWN, inputs)
    if settings["integrator"] != "closed_form":
        raise RivuletError(
            f"a cascade cell has no integrator '{settings['integrator']}': use closed_form"
        )
    settings |= {"layers": sizes, "rates": rates, "readout_inputs": reads_inputs}
    tensors = {"inward.weight": np.vstack(_inward(arrays, depth, settings))}
    for k in range(2, depth + 1):
        gates = _GATES if rates == "v" else ("drive",)
        tensors[f"layer{k}.weight"] = np.vstack([arrays[f"layer{k}.{g}.below"] for g in gates])
    tensors["readout.weight"] = _readout(arrays, sizes[-1], settings)
    return finished(tensors, settings)


def names(depth: int, rates: str) -> list[str]:
    """Return the names of a trainer's arrays, without the readout's."""
    found = []
    for k in range(1, depth + 1):
        for gate in _GATES:
            parts = ["input", "bias"]
            if k > 1 and (gate == "drive" or rates == "v"):
                parts.append("below")
            found += [f"layer{k}.{gate}.{part}" for part in parts]
    return found


def _inward(arrays: Arrays, depth: int, settings: Settings) -> list[np.ndarray]:
    """Return the rows over [u; 1] of both gates of every layer, u in physical units."""
    rows = []
    for k in range(1, depth + 1):
        for gate in _GATES:
            inward, bias = fold(arrays[f"layer{k}.{gate}.input"], settings)
            bias = arrays[f"layer{k}.{gate}.bias"] + bias
            rows.append(np.hstack([inward, bias[:, None]]))
    return rows


def _readout(arrays: Arrays, units: int, settings: Settings) -> np.ndarray:
    weight, bias = arrays["readout.weight"], arrays["readout.bias"]
    if not settings["readout_inputs"]:
        return readout(weight, bias)
    inward, folded = fold(weight[:, units:], settings)
    return readout(np.hstack([weight[:, :units], inward]), bias + folded)
