"""Networks of ncps' PyTorch modules: LTC and CfC, wired or not, live or as a state dict.

What a state dict does not carry stands in the metadata, beside what every model file says:

    source       "ncps"
    kind         "ltc" or "cfc" (a wired CfC is told by its tensors)
    time_unit_s  seconds in one unit of the timespans that the network was trained with
    ltc          ode_unfolds 6, epsilon 1e-8, implicit_param_constraints true, output_size: ncps'
                 own defaults; which mappings there are is told by the tensors
    cfc          mode "default", "no_gate" or "pure" (the last is told by the tensors), and with a
                 backbone its activation. None has a default: another network would be made in
                 silence

A linear layer behind the module may come along as `head.weight` (k, outputs) and `head.bias` (k,).
The convention is ncps': the new input drives the interval that ends with it. Two things differ on
events: the first has no interval before it, so it only sets the inputs, and an interval of 0 moves
nothing.
"""

import warnings
from typing import Any

import numpy as np

from host_tools.convert import cfc, ltc, wired_cfc
from host_tools.convert.checks import (
    array,
    check_names,
    check_shapes,
    finite,
    matrix,
    plain,
    shown,
)
from host_tools.convert.model_file import (
    Arrays,
    ModelFile,
    Settings,
    complete,
    finished,
    fold,
    readout,
)
from host_tools.convert.ncps_parts import Parts
from host_tools.errors import RivuletError

_CELL = "rnn_cell."
_LSTM = ("lstm.input_map.weight", "lstm.input_map.bias", "lstm.recurrent_map.weight")


def is_ncps(arrays: Arrays) -> bool:
    return any(_CELL in name for name in arrays)


def from_ncps(
    module: Any, time_unit_s: float | None = None, head: Any = None, **metadata: Any
) -> ModelFile:
    """Convert a live ncps.torch LTC or CfC to a model file. Raises RivuletError.

    time_unit_s: seconds in one unit of the timespans; 1, with a warning, if it is not given.
    head: an nn.Linear on the module's outputs. metadata: what the model file says of itself:
    channels, units, normalisation, output, classes, policy, readout, ...
    """
    try:
        from ncps.torch import LTC, CfC, WiredCfCCell
        from torch import nn
    except ImportError:
        raise RivuletError("from_ncps needs PyTorch and ncps: pip install ncps torch") from None
    options: Settings = {
        "source": "ncps",
        "time_unit_s": 1.0 if time_unit_s is None else time_unit_s,
    }
    if isinstance(module, LTC):
        cell = module.rnn_cell
        options |= {
            "kind": "ltc",
            "ode_unfolds": cell._ode_unfolds,
            "epsilon": cell._epsilon,
            "implicit_param_constraints": cell._implicit_param_constraints,
            "output_size": cell.motor_size,
        }
    elif isinstance(module, CfC):
        cell = module.rnn_cell
        options |= {"kind": "cfc"}
        if isinstance(cell, WiredCfCCell):
            options |= {"mode": cell._layers[0].mode}
        else:
            options |= {"mode": cell.mode, "activation": _activation(cell.backbone)}
    else:
        kind = type(module)
        hint = ""
        if kind.__module__.startswith(("ncps.keras", "ncps.tf", "keras", "tensorflow")):
            hint = "; Keras models are not read: docs/training.md says which weights fit"
        raise RivuletError(
            f"from_ncps takes ncps.torch LTC and CfC, not {kind.__module__}.{kind.__name__}{hint}"
        )
    weights = _state(module)
    for name, layer in (("fc", getattr(module, "fc", None)), ("head", head)):
        if layer is not None and type(layer) not in (nn.Linear, nn.Identity):
            raise RivuletError(f"'{name}' is a {type(layer).__name__}; a Linear can be converted")
    if head is not None:
        weights |= {f"head.{name}": value for name, value in _state(head).items()}
    if metadata.keys() & options.keys():
        raise RivuletError(f"{', '.join(metadata.keys() & options.keys())}: the module says that")
    provenance = {"trainer": f"ncps.torch {type(module).__name__}"}
    made = convert_ncps(finite(weights), plain({"provenance": provenance} | options | metadata))
    if time_unit_s is None:
        made.warnings.append("time_unit_s was not given: a timespan of 1 is taken for 1 s")
        warnings.warn(made.warnings[-1], stacklevel=2)
    return made


def _state(module: Any) -> Arrays:
    return {name: array(name, tensor) for name, tensor in module.state_dict().items()}


def _activation(backbone: Any) -> str:
    """Return ncps' name of a backbone's activation. Raises RivuletError for any other layer."""
    names = {
        "SiLU": "silu",
        "ReLU": "relu",
        "Tanh": "tanh",
        "GELU": "gelu",
        "LeCun": "lecun_tanh",
    }
    found = set()
    for layer in backbone or ():
        kind = type(layer).__name__
        if kind == "GELU" and layer.approximate != "none":
            raise RivuletError("activation GELU in its tanh approximation is not supported")
        if kind in names:
            found.add(names[kind])
        elif kind not in ("Linear", "Dropout"):
            raise RivuletError(f"activation or layer '{kind}' in the backbone is not supported")
    if len(found) > 1:
        raise RivuletError(f"one activation in the backbone, not {', '.join(sorted(found))}")
    return found.pop() if found else "lecun_tanh"


def convert_ncps(arrays: Arrays, metadata: Settings) -> ModelFile:
    """Convert a state dict, `arrays` finite float64, to a model file. Raises RivuletError."""
    metadata = {key: value for key, value in metadata.items() if key != "source"}
    kind = metadata.pop("kind", None)
    if kind not in ("ltc", "cfc"):
        raise RivuletError(f"metadata: kind '{shown(kind)}' is not known; 'ltc' and 'cfc' are")
    if "time_unit_s" not in metadata:
        raise RivuletError(
            "metadata: time_unit_s is missing: the seconds in one unit of the timespans, often 1"
        )
    if not any(name.startswith(_CELL) for name in arrays):
        found = next((name.split(_CELL)[0] for name in arrays if _CELL in name), None)
        if found:
            raise RivuletError(f"the names begin with '{found}': save that module's state dict")
        raise RivuletError(f"no tensor begins with '{_CELL}': not a state dict of LTC or CfC")
    outer = {name: value for name, value in arrays.items() if not name.startswith(_CELL)}
    mixed = any(name.startswith("lstm.") for name in outer)
    layers = [name for name in ("fc", "head") if any(n.startswith(name + ".") for n in outer)]
    names = [f"{name}.{part}" for name in layers for part in ("weight", "bias")]
    check_names(outer, [*names, *(_LSTM if mixed else ())], f"an ncps {kind}")
    inner = {name[len(_CELL) :]: value for name, value in arrays.items() if name not in outer}
    if kind == "ltc":
        parts = ltc.parts(inner, metadata)
    elif any(name.startswith("layer_") for name in inner):
        parts = wired_cfc.parts(inner, metadata)
    else:
        parts = cfc.parts(inner, metadata)
    settings = complete(metadata, _own(parts.settings, mixed), parts.inputs)
    tensors = parts.tensors(settings)
    if mixed:
        tensors |= _companion(outer, parts, settings)
    weight, bias = _outputs(outer, layers, parts)
    if mixed:
        weight = np.hstack([weight, np.zeros((len(weight), parts.units))])
    tensors["readout.weight"] = readout(weight, bias)
    return finished(tensors, settings, parts.warnings)


def _own(settings: Settings, mixed: bool) -> Settings:
    return {"convention": "current", "time_unit_s": None, "mixed_memory": mixed} | settings


def _companion(outer: Arrays, parts: Parts, settings: Settings) -> Arrays:
    rows = 4 * parts.units
    shapes = ((rows, parts.inputs), (rows,), (rows, parts.units))
    wanted: dict[str, tuple[int, ...]] = dict(zip(_LSTM, shapes, strict=True))
    check_shapes(outer, wanted, f"{parts.units} units and {parts.inputs} inputs")
    inward, bias = fold(outer[_LSTM[0]], settings)
    return {
        "memory.input": inward,
        "memory.bias": outer[_LSTM[1]] + bias,
        "memory.recurrent": outer[_LSTM[2]],
    }


def _outputs(outer: Arrays, layers: list[str], parts: Parts) -> tuple[np.ndarray, np.ndarray]:
    """Compose the module's outputs and the linear layers behind it into one map of the state."""
    weight, bias = parts.output_weight, parts.output_bias
    for name in layers:
        outputs = matrix(outer, f"{name}.weight", "(outputs, inputs)")[0]
        wanted: dict[str, tuple[int, ...]] = {
            f"{name}.weight": (outputs, len(weight)),
            f"{name}.bias": (outputs,),
        }
        check_shapes(outer, wanted, f"{len(weight)} values before it")
        layer = outer[f"{name}.weight"]
        weight, bias = layer @ weight, layer @ bias + outer[f"{name}.bias"]
    return weight, bias
