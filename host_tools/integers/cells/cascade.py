"""Quantises the cascade; firmware/rivulet/integers/cascade.py has the arithmetic."""

from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.integers.cells import Inputs, Quantised
from host_tools.integers.cells.decay import alpha_range_of, check_rates
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT, Z_LIMIT
from host_tools.integers.references.cascade import CascadeReference
from host_tools.integers.row_scales import Floats, Rows, quantise_rows
from host_tools.integers.tables import TANH_RANGE, coarse, tables_for

__all__ = ["Reference", "check", "quantise"]

Reference = CascadeReference


def check(settings: dict[str, Any]) -> None:
    check_rates(settings)


def quantise(model: ModelFile, inputs: Inputs, events: EventTable | None) -> Quantised:
    settings = model.settings
    layers = _layers(model, inputs)
    # One table serves all layers: its range is that of the largest sum.
    alpha_range = max(
        alpha_range_of(settings["alpha_max"], weights[: len(bias) // 2], bias[: len(bias) // 2])
        for weights, bias, _ in layers
    )
    rows = [_rows(k, *layer, alpha_range) for k, layer in enumerate(layers, start=1)]
    tables = tables_for(settings, alpha_range, 1.0)
    tensors = {
        "inward.weight": np.vstack([one.weight[:, -len(inputs.scale) :] for one in rows]),
        "inward.bias": np.concatenate([one.bias for one in rows]),
        "inward.multiplier": np.concatenate([one.multiplier for one in rows]),
        **tables,
    }
    for k, (one, (_, _, below)) in enumerate(zip(rows, layers, strict=True), start=1):
        if below:
            height = len(model.tensors[f"layer{k}.weight"])
            tensors[f"layer{k}.weight"] = one.weight[-height:, :below]
    return Quantised(tensors, {}, 1.0, coarse(settings, alpha_range, tables["table.alpha"]))


def _layers(model: ModelFile, inputs: Inputs) -> list[tuple[Floats, Floats, int]]:
    """Return (weights, bias, below) of each layer: its rows over [the layer below; inputs].

    Rows of alpha, then those of q. below: the number of columns for the layer below.
    """
    gates = model.tensors["inward.weight"].astype(np.float64)
    inward, bias = inputs.unfolded(gates[:, :-1])
    bias = bias + gates[:, -1]
    found = []
    first = below = 0
    for k, size in enumerate(model.settings["layers"], start=1):
        rows = slice(2 * first, 2 * (first + size))
        seen = np.zeros((2 * size, below))
        if below:
            own = model.tensors[f"layer{k}.weight"]
            seen[2 * size - len(own) :] = own
        found.append((np.hstack([seen, inward[rows]]), bias[rows], below))
        first, below = first + size, size
    return found


def _rows(k: int, weights: Floats, bias: Floats, below: int, alpha_range: float) -> Rows:
    size = len(bias) // 2
    limits = np.array([STATE_LIMIT] * below + [INPUT_LIMIT] * (weights.shape[1] - below))
    per_unit = np.repeat([Z_LIMIT / alpha_range, Z_LIMIT / TANH_RANGE], size)
    names = [
        f"{gate} gate of unit {i} of layer {k}" for gate in ("alpha", "drive") for i in range(size)
    ]
    return quantise_rows(weights, bias, per_unit, limits, names)
