"""Live networks of PyTorch with an LTC or CfC of ncps in them."""

import warnings
from typing import Any

from host_tools.convert.checks import array, finite, plain
from host_tools.convert.model_file import Arrays, ModelFile, Settings
from host_tools.convert.ncps import convert_ncps
from host_tools.errors import RivuletError


def from_ncps(
    module: Any, time_unit_s: float | None = None, head: Any = None, **metadata: Any
) -> ModelFile:
    """Convert a live network with an LTC or CfC of ncps to a model file. Raises RivuletError.

    time_unit_s: seconds in one unit of the timespans; 1, with a warning, if it is not given.
    head: an nn.Linear on the module's outputs, if the module has none itself. metadata: what the
    model file says of itself: channels, units, normalisation, output, classes, policy, ...
    """
    weights, options = described(module, head)
    options |= {"source": "ncps", "time_unit_s": 1.0 if time_unit_s is None else time_unit_s}
    if metadata.keys() & options.keys():
        raise RivuletError(f"{', '.join(metadata.keys() & options.keys())}: the module says that")
    made = convert_ncps(finite(weights), plain(options | metadata))
    if time_unit_s is None:
        made.warnings.append(NO_UNIT)
        warnings.warn(NO_UNIT, stacklevel=2)
    return made


NO_UNIT = "time_unit_s was not given: a timespan of 1 is taken for 1 s"


def described(module: Any, head: Any = None) -> tuple[Arrays, Settings]:
    """Return the tensors of a live network, and the metadata that its cell tells.

    Raises RivuletError.
    """
    _, part = recurrent_part(module)
    cell = getattr(part, "rnn_cell", part)
    kind = type(part).__name__
    options: Settings = {"provenance": {"trainer": f"ncps.torch {kind}"}}
    if hasattr(cell, "_ode_unfolds"):
        options |= {
            "kind": "ltc",
            "ode_unfolds": cell._ode_unfolds,
            "epsilon": cell._epsilon,
            "implicit_param_constraints": cell._implicit_param_constraints,
            "output_size": cell.motor_size,
        }
    elif hasattr(cell, "_layers"):
        options |= {"kind": "cfc", "mode": cell._layers[0].mode}
    else:
        options |= {"kind": "cfc", "mode": cell.mode, "activation": _activation(cell.backbone)}
    _check_layers(part, head)
    weights = _state(module)
    if head is not None:
        weights |= {f"head.{name}": value for name, value in _state(head).items()}
    return weights, options


def recurrent_part(module: Any) -> tuple[str, Any]:
    """Return (name, module) of the one LTC or CfC in a network; the name is "" for itself.

    Raises RivuletError.
    """
    try:
        from ncps.torch import LTC, CfC, CfCCell, LTCCell, WiredCfCCell
        from torch import nn
    except ImportError:
        raise RivuletError(
            "a live network needs PyTorch and ncps: pip install 'rivulet[train]'"
        ) from None
    kinds = (LTC, CfC, LTCCell, CfCCell, WiredCfCCell)
    found: dict[str, Any] = {}
    for name, each in module.named_modules() if isinstance(module, nn.Module) else ():
        # Of one in another, as a cell in its LTC, the outer one counts.
        inner = any(name.startswith(f"{outer}." if outer else "") for outer in found)
        if isinstance(each, kinds) and not inner:
            found[name] = each
    if not found:
        kind = type(module)
        hint = ""
        if kind.__module__.startswith(("ncps.keras", "ncps.tf", "keras", "tensorflow")):
            hint = "; Keras models are not read: docs/training.md says which weights fit"
        raise RivuletError(
            "a network with an LTC or CfC of ncps.torch can be converted, not "
            f"{kind.__module__}.{kind.__qualname__}{hint}"
        )
    if len(found) > 1:
        listed = ", ".join(f"'{name}' ({type(each).__name__})" for name, each in found.items())
        raise RivuletError(
            f"{len(found)} recurrent parts: {listed}; a model file holds one: build a network of "
            "that one and its head"
        )
    return next(iter(found.items()))


def _check_layers(part: Any, head: Any) -> None:
    from torch import nn

    for name, layer in (("fc", getattr(part, "fc", None)), ("head", head)):
        if layer is not None and type(layer) not in (nn.Linear, nn.Identity):
            raise RivuletError(f"'{name}' is a {type(layer).__name__}; a Linear can be converted")


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
