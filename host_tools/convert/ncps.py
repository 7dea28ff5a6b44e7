"""Networks with an LTC or CfC of ncps' PyTorch modules, wired or not, as a state dict.

What a state dict does not carry stands in the metadata, beside what every model file says:

    time_unit_s  seconds in one unit of the timespans that the network was trained with
    ltc          ode_unfolds 6, epsilon 1e-8, implicit_param_constraints true, output_size: ncps'
                 own defaults; which mappings there are is told by the tensors
    cfc          mode "default", "no_gate" or "pure" (the last is told by the tensors), and with a
                 backbone its activation. None has a default: another network would be made in
                 silence

`ncps_find` finds the cell and a Linear behind it under any names.
The convention is ncps': the new input drives the interval that ends with it. Two things differ on
events: the first has no interval before it, so it only sets the inputs, and an interval of 0 moves
nothing.
"""

import numpy as np

from host_tools.convert import cfc, ltc, wired_cfc
from host_tools.convert.checks import check_names, check_shapes, matrix, shown
from host_tools.convert.model_file import (
    Arrays,
    ModelFile,
    Settings,
    complete,
    finished,
    fold,
    readout,
)
from host_tools.convert.ncps_find import find
from host_tools.convert.ncps_parts import SAY_IT, Parts
from host_tools.errors import RivuletError

_LSTM = ("input_map.weight", "input_map.bias", "recurrent_map.weight")


def convert_ncps(arrays: Arrays, metadata: Settings) -> ModelFile:
    """Convert a state dict, `arrays` finite float64, to a model file. Raises RivuletError."""
    metadata = {key: value for key, value in metadata.items() if key != "source"}
    network = find(arrays)
    kind = metadata.pop("kind", network.kind)
    if kind not in ("ltc", "cfc"):
        raise RivuletError(f"metadata: kind '{shown(kind)}' is not known; 'ltc' and 'cfc' are")
    if kind != network.kind:
        raise RivuletError(f"metadata: kind is '{kind}', and the tensors are of '{network.kind}'")
    if "time_unit_s" not in metadata:
        raise RivuletError(
            "metadata: time_unit_s is missing: the seconds in one unit of the timespans, often 1"
            + SAY_IT
        )
    inner = {
        name.removeprefix(network.cell): value
        for name, value in arrays.items()
        if name.startswith(network.cell)
    }
    if kind == "ltc":
        parts = ltc.parts(inner, metadata)
    elif any(name.startswith("layer_") for name in inner):
        parts = wired_cfc.parts(inner, metadata)
    else:
        parts = cfc.parts(inner, metadata)
    mixed = network.memory is not None
    settings = complete(metadata, _own(parts.settings, mixed), parts.inputs)
    tensors = parts.tensors(settings)
    if network.memory is not None:
        tensors |= _companion(arrays, network.memory, parts, settings)
    weight, bias = _outputs(arrays, network.layers, parts)
    if mixed:
        weight = np.hstack([weight, np.zeros((len(weight), parts.units))])
    tensors["readout.weight"] = readout(weight, bias)
    return finished(tensors, settings, parts.warnings)


def _own(settings: Settings, mixed: bool) -> Settings:
    return {"convention": "current", "time_unit_s": None, "mixed_memory": mixed} | settings


def _companion(arrays: Arrays, memory: str, parts: Parts, settings: Settings) -> Arrays:
    found = {name: value for name, value in arrays.items() if name.startswith(memory)}
    names = [memory + name for name in _LSTM]
    check_names(found, names, "the mixed memory of ncps")
    rows = 4 * parts.units
    shapes = ((rows, parts.inputs), (rows,), (rows, parts.units))
    wanted: dict[str, tuple[int, ...]] = dict(zip(names, shapes, strict=True))
    check_shapes(found, wanted, f"{parts.units} units and {parts.inputs} inputs")
    inward, bias = fold(found[names[0]], settings)
    return {
        "memory.input": inward,
        "memory.bias": found[names[1]] + bias,
        "memory.recurrent": found[names[2]],
    }


def _outputs(arrays: Arrays, layers: list[str], parts: Parts) -> tuple[np.ndarray, np.ndarray]:
    """Compose the module's outputs and the linear layers behind it into one map of the state."""
    weight, bias = parts.output_weight, parts.output_bias
    for name in layers:
        outputs, inputs = matrix(arrays, f"{name}.weight", "(outputs, inputs)")
        if inputs != len(weight):
            raise RivuletError(
                f"'{name}.weight' is ({outputs}, {inputs}); the {len(weight)} outputs before it "
                f"need ({outputs}, {len(weight)}); a layer in front of the recurrent part is not "
                "converted"
            )
        own = arrays.get(f"{name}.bias", np.zeros(outputs))  # Linear(bias=False) has none
        check_shapes({f"{name}.bias": own}, {f"{name}.bias": (outputs,)}, f"{outputs} outputs")
        layer = arrays[f"{name}.weight"]
        weight, bias = layer @ weight, layer @ bias + own
    return weight, bias
