"""ncps' LTC: dense tensors to the list of its synapses, sorted by target."""

import numpy as np

from host_tools.convert.checks import check_names, check_shapes, matrix
from host_tools.convert.model_file import Arrays, Settings
from host_tools.convert.ncps_parts import Parts
from host_tools.errors import RivuletError

_NEURON = ("gleak", "vleak", "cm")
_SYNAPSE = ("w", "mu", "sigma", "erev", "sparsity_mask")
_POSITIVE = ("gleak", "cm", "w", "sensory_w")


def parts(arrays: Arrays, metadata: Settings) -> Parts:
    """Remove the LTC's options from the metadata and read them. Raises RivuletError."""
    unfolds = metadata.pop("ode_unfolds", 6)
    epsilon = metadata.pop("epsilon", 1e-8)
    implicit = metadata.pop("implicit_param_constraints", True)
    output_size = metadata.pop("output_size", None)
    if not isinstance(implicit, bool):
        raise RivuletError("metadata: implicit_param_constraints must be true or false")
    if output_size is not None and (type(output_size) is not int or not 0 < output_size < 1 << 16):
        raise RivuletError("metadata: output_size must be a whole number from 1")
    # ncps' "affine" mapping has both, "linear" the weights alone.
    mappings = [
        f"{side}_{part}"
        for side in ("input", "output")
        for part in ("w", "b")
        if f"{side}_w" in arrays and f"{side}_{part}" in arrays
    ]
    names = [*_NEURON, *_SYNAPSE, *(f"sensory_{name}" for name in _SYNAPSE), *mappings]
    check_names(arrays, names, "an ncps LTC")
    inputs, units = matrix(arrays, "sensory_w", "(inputs, units)")
    motor = len(np.atleast_1d(arrays["output_w"])) if "output_w" in arrays else output_size
    motor = units if motor is None else motor
    if output_size not in (None, motor) or not 1 <= motor <= units:
        raise RivuletError(f"output_size {output_size} disagrees with the tensors: {motor}")
    check_shapes(
        arrays, _shapes(mappings, units, inputs, motor), f"{units} units, {inputs} inputs"
    )
    arrays = dict(arrays)
    if implicit:
        arrays |= {name: _softplus(arrays[name]) for name in _POSITIVE}
    if not (arrays["cm"] > 0.0).all():
        raise RivuletError("'cm' must be above 0: call apply_weight_constraints, or train again")
    warnings = [
        f"'{name}' is negative somewhere: the network may be unstable; apply_weight_constraints"
        for name in _POSITIVE
        if (arrays[name] < 0.0).any()
    ]
    tensors, counts = _synapses(arrays, inputs)
    output_weight = np.eye(motor, units) * arrays.get("output_w", np.ones(motor))[:, None]
    return Parts(
        units,
        inputs,
        {
            "cell": "ltc",
            "integrator": "semi_implicit",
            "unfolds": unfolds,
            "epsilon": epsilon,
            "synapses": counts,
        },
        lambda settings: tensors | _inputs(arrays, inputs, settings),
        output_weight,
        arrays.get("output_b", np.zeros(motor)),
        warnings,
    )


def _shapes(
    mappings: list[str], units: int, inputs: int, motor: int
) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(_NEURON, (units,))
    shapes |= dict.fromkeys(_SYNAPSE, (units, units))
    shapes |= {f"sensory_{name}": (inputs, units) for name in _SYNAPSE}
    shapes |= {name: (inputs if "input" in name else motor,) for name in mappings}
    return shapes


def _softplus(x: np.ndarray) -> np.ndarray:
    """Return softplus as torch computes it: linear above 20."""
    return np.where(x > 20.0, x, np.log1p(np.exp(np.minimum(x, 20.0))))


def _synapses(arrays: Arrays, inputs: int) -> tuple[Arrays, list[int]]:
    """Return the device's tensors and the numbers of sensory and recurrent synapses."""
    tensors = {name: arrays[name] for name in _NEURON}
    found: dict[str, list[np.ndarray]] = {}
    counts = []
    for prefix, first in (("sensory_", 0), ("", inputs)):
        mask = arrays[f"{prefix}sparsity_mask"]
        if not np.isin(mask, (0.0, 1.0)).all():
            raise RivuletError(f"'{prefix}sparsity_mask' holds other values than 0 and 1")
        target, source = np.nonzero(mask.T)
        counts.append(len(source))
        found.setdefault("source", []).append((source + first).astype(np.uint16))
        found.setdefault("target", []).append(target.astype(np.uint16))
        for name in _SYNAPSE[:-1]:
            found.setdefault(name, []).append(arrays[prefix + name][source, target])
    if not sum(counts):
        raise RivuletError("the wiring has no synapses")
    tensors |= {f"synapse.{name}": np.concatenate(pieces) for name, pieces in found.items()}
    return tensors, counts


def _inputs(arrays: Arrays, inputs: int, settings: Settings) -> Arrays:
    """Return the input mapping on raw inputs: raw scale + offset."""
    normalisation = settings["normalisation"]
    scale = arrays.get("input_w", np.ones(inputs)) * np.array(normalisation["scale"])
    offset = arrays.get("input_b", np.zeros(inputs)) - scale * np.array(normalisation["offset"])
    return {"input.scale": scale, "input.offset": offset}
