"""ncps' CfC without a wiring: a dense backbone and the layers behind it."""

import re

import numpy as np

from host_tools.convert.checks import check_names, check_shapes, matrix, shown
from host_tools.convert.model_file import Arrays, Settings, fold
from host_tools.convert.ncps_parts import SAY_IT, Parts
from host_tools.errors import RivuletError

_GATES = ("ff2", "time_a", "time_b")


def parts(arrays: Arrays, metadata: Settings) -> Parts:
    """Remove the CfC's options from the metadata and read them. Raises RivuletError."""
    mode = pop_mode(arrays, metadata, "w_tau")
    # Activations, and dropout if there was any, take numbers in the sequence too.
    numbers = sorted(
        int(found[1])
        for name in arrays
        if (found := re.fullmatch(r"backbone\.(\d+)\.weight", name))
    )
    if numbers and "activation" not in metadata:
        raise RivuletError(
            "metadata: activation of the backbone is missing; ncps' default is 'lecun_tanh'"
            + SAY_IT
        )
    activation = metadata.pop("activation", "lecun_tanh")
    layers = [f"backbone.{number}" for number in numbers]
    heads = head_names(mode)
    dense = [f"{name}.{part}" for name in (*layers, *heads) for part in ("weight", "bias")]
    check_names(arrays, dense + pure_names(mode), "an ncps CfC")
    units, width = matrix(arrays, "ff1.weight", "(units, columns)")
    sizes = [matrix(arrays, f"{name}.weight", "a matrix")[0] for name in layers]
    inputs = (matrix(arrays, f"{layers[0]}.weight", "a matrix")[1] if layers else width) - units
    if inputs < 1:
        raise RivuletError(f"the first layer has {inputs + units} columns for {units} units")
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(pure_names(mode), (1, units))
    width = inputs + units
    for name, size in zip(layers, sizes, strict=True):
        shapes |= {f"{name}.weight": (size, width), f"{name}.bias": (size,)}
        width = size
    for name in heads:
        shapes |= {f"{name}.weight": (units, width), f"{name}.bias": (units,)}
    check_shapes(arrays, shapes, f"{units} units, {inputs} inputs and a backbone of {sizes}")

    def tensors(settings: Settings) -> Arrays:
        made = {
            "heads.weight": np.vstack([arrays[f"{name}.weight"] for name in heads]),
            "heads.bias": np.concatenate([arrays[f"{name}.bias"] for name in heads]),
        }
        for i, name in enumerate(layers):
            made[f"backbone{i}.weight"] = arrays[f"{name}.weight"]
            made[f"backbone{i}.bias"] = arrays[f"{name}.bias"]
        first = "backbone0" if layers else "heads"
        weight = made[f"{first}.weight"]
        inward, bias = fold(weight[:, :inputs], settings)
        made[f"{first}.weight"] = np.hstack([inward, weight[:, inputs:]])
        made[f"{first}.bias"] = made[f"{first}.bias"] + bias
        return made | pure_tensors(arrays, mode, "", "")

    own = {
        "cell": "cfc",
        "integrator": "closed_form",
        "mode": mode,
        "activation": activation,
        "backbone": sizes,
    }
    return Parts(units, inputs, own, tensors, np.eye(units), np.zeros(units))


def pop_mode(arrays: Arrays, metadata: Settings, pure_tensor: str) -> str:
    """Return the mode. Only "pure" shows in the tensors; the metadata must state the others."""
    mode = metadata.pop("mode", "pure" if pure_tensor in arrays else None)
    if mode is None:
        raise RivuletError("metadata: mode is missing: 'default' or 'no_gate'" + SAY_IT)
    if mode not in ("default", "pure", "no_gate"):
        raise RivuletError(
            f"metadata: mode '{shown(mode)}' is not known; default, pure and no_gate are"
        )
    return str(mode)


def head_names(mode: str) -> tuple[str, ...]:
    return ("ff1",) if mode == "pure" else ("ff1", *_GATES)


def pure_names(mode: str) -> list[str]:
    return ["w_tau", "A"] if mode == "pure" else []


def pure_tensors(arrays: Arrays, mode: str, prefix: str, out: str) -> Arrays:
    if mode != "pure":
        return {}
    return {
        f"{out}w_tau": np.abs(arrays[f"{prefix}w_tau"][0]),
        f"{out}A": arrays[f"{prefix}A"][0],
    }
