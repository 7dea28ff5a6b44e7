"""Quantises the CfC cell; firmware/rivulet/integers/cfc.py has the arithmetic.

The largest sums and states decide their numbers of fractional bits. For bounded activations the
weights give these bounds, for unbounded ones a calibration does.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.integers import closed_form, mixed
from host_tools.integers.activations import ACTIVATIONS
from host_tools.integers.cells import Inputs, Quantised
from host_tools.integers.closed_form import MARGIN, Factors, Heads, Layer
from host_tools.integers.compare import trace
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT, Z_LIMIT
from host_tools.integers.references.cfc import CfcReference
from host_tools.integers.tables import nodes

__all__ = ["Reference", "check", "quantise"]

Reference = CfcReference


def check(settings: dict[str, Any]) -> None:
    """Take every CfC."""


# Range of the table of an unbounded activation: at least, and at most without a calibration.
_NEAREST, _FARTHEST = 8.0, 32.0


@dataclass(frozen=True)
class _Backbone:
    tensors: dict[str, np.ndarray]
    factors: Factors  # the inputs of the heads
    warnings: list[str]


def quantise(model: ModelFile, inputs: Inputs, events: EventTable | None) -> Quantised:
    settings = model.settings
    seen = None if events is None else _seen(model, events)
    backbone = _Backbone({}, Factors(np.zeros(0)), [])

    def heads(scale: float) -> list[Heads]:
        nonlocal backbone
        *layers, last = _layers(model, inputs, scale)
        n = len(last.bias) // closed_form.rows_per_unit(settings)
        factors = Factors(np.array([STATE_LIMIT] * n + [INPUT_LIMIT] * len(inputs.scale)))
        backbone = _backbone(settings, layers, factors, seen)
        return [Heads("", "", last, backbone.factors)]

    ff1 = None if seen is None else seen[-1]
    tensors, own, scale, warnings = closed_form.quantise(model, heads, ff1, inputs, events)
    return Quantised({**backbone.tensors, **tensors}, own, scale, backbone.warnings + warnings)


def _layers(model: ModelFile, inputs: Inputs, scale: float) -> list[Layer]:
    """Return the layers of backbone and heads; the first takes [x / scale; integer inputs]."""
    names = [f"backbone{i}" for i in range(len(model.settings["backbone"]))] + ["heads"]
    found = [
        Layer(*(model.tensors[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias")))
        for name in names
    ]
    channels = len(inputs.scale)
    first = found[0]
    inward, bias = inputs.unfolded(first.weight[:, :channels])
    weight = np.hstack([first.weight[:, channels:] * scale, inward])
    return [Layer(weight, first.bias + bias), *found[1:]]


def _seen(model: ModelFile, events: EventTable) -> list[float]:
    """Return the largest sum of each layer in a calibration; of the heads, that of ff1."""
    function = ACTIVATIONS[model.settings["activation"]].function
    found = []
    for state, held, _ in trace(model, events):
        state = mixed.recalled(model, state, held)
        values = np.concatenate([held, state])
        sizes = []
        for i in range(len(model.settings["backbone"])):
            tensors = (model.tensors[f"backbone{i}.{part}"] for part in ("weight", "bias"))
            weight, bias = tensors
            sums = weight @ values + bias
            sizes.append(np.abs(sums).max())
            values = function(sums)
        units = len(state)
        ff1 = model.tensors["heads.weight"][:units] @ values + model.tensors["heads.bias"][:units]
        found.append([*sizes, np.abs(ff1).max()])
    return [float(value) for value in np.max(found, axis=0)]


def _backbone(
    settings: dict[str, Any], layers: list[Layer], factors: Factors, seen: list[float] | None
) -> _Backbone:
    if not layers:
        return _Backbone({}, factors, [])
    activation = ACTIVATIONS[settings["activation"]]
    warnings: list[str] = []
    span = activation.span
    if span is None:
        # All layers share one table, whose range is that of the layer with the largest sums.
        span, values = _NEAREST, factors.values
        for i, layer in enumerate(layers):
            reach = float((np.abs(layer.bias) + np.abs(layer.weight) @ values).max())
            if seen is not None:
                reach = min(reach, MARGIN * seen[i])
            elif reach > _FARTHEST:
                warnings.append(
                    f"sums of backbone layer {i} may reach {reach:.0f} and are clipped at "
                    f"{_FARTHEST:g}: --calibrate EVENTS.csv measures their range"
                )
                reach = _FARTHEST
            span = max(span, reach)
            values = np.full(len(layer.bias), reach)
    made = activation.function(nodes(span))
    bits = min(15, math.floor(math.log2(32767 / float(np.abs(made).max()))))
    table = np.round(made * 2.0**bits).astype(np.int16)
    tensors = {"table.activation": table}
    for i, layer in enumerate(layers):
        size = len(layer.bias)
        names = [f"unit {j} of backbone layer {i}" for j in range(size)]
        rows = layer.quantised(factors, np.full(size, Z_LIMIT / span), names)
        tensors |= rows.tensors(f"backbone{i}")
        factors = Factors(np.full(size, int(np.abs(table.astype(int)).max())), bits)
    return _Backbone(tensors, factors, warnings)
