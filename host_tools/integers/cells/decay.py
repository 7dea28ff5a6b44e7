"""Quantises the decay cell; firmware/rivulet/integers/decay.py has the arithmetic."""

from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers import sparse
from host_tools.integers.cells import Inputs, Quantised
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT, Z_LIMIT, IntegerReference
from host_tools.integers.row_scales import Floats, power_of_two, quantise_rows
from host_tools.integers.tables import TANH_RANGE, coarse, tables_for

__all__ = [
    "Reference",
    "alpha_range_of",
    "check",
    "check_rates",
    "quantise",
    "state_bound",
    "unfolded",
]

Reference = IntegerReference

_SOFTPLUS_RANGE = 16.0  # at least: below -16, softplus is negligible next to any alpha_min
_ALPHA_SMALLEST = 1 / 1024  # 1024 in Q20: the exponent's relative error is at most 0.4 %
_ALPHA_LARGEST = 1024.0


def check(settings: dict[str, Any]) -> None:
    for key, known in (("integrator", ("exponential",)), ("drive", ("relaxing", "additive"))):
        if settings.get(key) not in known:
            raise RivuletError(
                f"int8 arithmetic has no {key} '{settings.get(key)}', only {' and '.join(known)}: "
                "convert it to float32"
            )
    check_rates(settings)


def check_rates(settings: dict[str, Any]) -> None:
    """Check the bounds of the rates. Raises RivuletError."""
    for key in ("alpha_min", "alpha_max"):
        if not _ALPHA_SMALLEST <= settings[key] < _ALPHA_LARGEST:
            raise RivuletError(
                f"{key} is {settings[key]:g}/s; int8 arithmetic represents rates from "
                f"{_ALPHA_SMALLEST:.3f} up to {_ALPHA_LARGEST:g}/s"
            )


def quantise(model: ModelFile, inputs: Inputs, events: EventTable | None) -> Quantised:
    settings = model.settings
    recurrent, inward, bias = unfolded(model, inputs)
    state_scale = state_bound(settings)
    hidden = len(recurrent) // 2
    weights = np.hstack([recurrent * state_scale, inward])
    alpha_range = alpha_range_of(settings["alpha_max"], weights[:hidden], bias[:hidden])
    limits = np.array([STATE_LIMIT] * hidden + [INPUT_LIMIT] * inward.shape[1])
    per_unit = np.repeat([Z_LIMIT / alpha_range, Z_LIMIT / TANH_RANGE], hidden)
    names = [f"{gate} gate of unit {i}" for gate in ("alpha", "drive") for i in range(hidden)]
    gates = quantise_rows(weights, bias, per_unit, limits, names)
    tables = tables_for(settings, alpha_range, state_scale)
    tensors = {
        **sparse.store(gates.weight),
        "gates.bias": gates.bias,
        "gates.multiplier": gates.multiplier,
        **tables,
    }
    warnings = coarse(settings, alpha_range, tables["table.alpha"])
    return Quantised(tensors, {}, state_scale, warnings)


def state_bound(settings: dict[str, Any]) -> float:
    """Return a power of two that the state never exceeds."""
    return power_of_two(1.0 / settings["alpha_min"]) if settings["drive"] == "additive" else 1.0


def unfolded(model: ModelFile, inputs: Inputs) -> tuple[Floats, Floats, Floats]:
    """Return (recurrent, inward, bias): the gates for integer inputs."""
    gates = model.tensors["gates.weight"].astype(np.float64)
    hidden = len(gates) // 2
    inward, bias = inputs.unfolded(gates[:, hidden:-1])
    return gates[:, :hidden], inward, gates[:, -1] + bias


def alpha_range_of(alpha_max: float, weights: Floats, bias: Floats) -> float:
    """Return the range of softplus' table: alpha_max or the largest sum, as a power of two."""
    farthest = float((np.abs(bias) + np.abs(weights) @ np.full(weights.shape[1], 8.0)).max())
    return power_of_two(max(_SOFTPLUS_RANGE, min(alpha_max, farthest)))
