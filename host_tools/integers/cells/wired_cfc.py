"""Quantises the wired CfC; firmware/rivulet/integers/wired_cfc.py has the arithmetic.

The kernels multiply whole matrices, so the synapses of the wiring become rows with zeros.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.integers import closed_form, mixed
from host_tools.integers.cells import Inputs, Quantised
from host_tools.integers.closed_form import Factors, Heads, Layer
from host_tools.integers.compare import trace
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT
from host_tools.integers.references.wired_cfc import WiredCfcReference
from host_tools.integers.row_scales import Floats

__all__ = ["Reference", "check", "quantise"]

Reference = WiredCfcReference


def check(settings: dict[str, Any]) -> None:
    """Take every wired CfC."""


def quantise(model: ModelFile, inputs: Inputs, events: EventTable | None) -> Quantised:
    layers = _layers(model, len(inputs.scale))

    def heads(scale: float) -> list[Heads]:
        found = []
        for i, layer in enumerate(layers):
            n = model.settings["layers"][i]
            width = layer.weight.shape[1] - n
            limits = np.full(width + n, STATE_LIMIT)
            inward, bias = layer.weight[:, :width] * scale, layer.bias
            if i == 0:
                limits[:width] = INPUT_LIMIT
                inward, moved = inputs.unfolded(layer.weight[:, :width])
                bias = bias + moved
            made = Layer(np.hstack([inward, layer.weight[:, width:] * scale]), bias)
            found.append(Heads(f"layer{i}.", f" of layer {i}", made, Factors(limits)))
        return found

    pure = model.settings["mode"] == "pure"
    seen = None if events is None or not pure else _seen(model, layers, events)
    return Quantised(*closed_form.quantise(model, heads, seen, inputs, events))


def _layers(model: ModelFile, channels: int) -> list[Layer]:
    """Return all rows of each layer over [y; x], for the values of the float model."""
    found = []
    width = channels
    for i, n in enumerate(model.settings["layers"]):
        tensors = {
            name: model.tensors[f"layer{i}.{name}"]
            for name in ("weight", "source", "target", "recurrent", "bias")
        }
        driven: Floats = np.zeros((len(tensors["recurrent"]), width + n))
        np.add.at(driven, (tensors["target"], tensors["source"]), tensors["weight"])
        driven[:, width:] = tensors["recurrent"]
        weights = [driven]
        if model.settings["mode"] != "pure":
            weights.append(model.tensors[f"layer{i}.time"].astype(np.float64))
        found.append(Layer(np.vstack(weights), tensors["bias"].astype(np.float64)))
        width = n
    return found


def _seen(model: ModelFile, layers: list[Layer], events: EventTable) -> float:
    """Return the largest sum of a pure model's ff1 in a calibration."""
    largest = 0.0
    *ends, units = np.cumsum(model.settings["layers"])
    for (state, held, _), (after, _, _) in pairwise(trace(model, events)):
        below: Any = held
        x = mixed.recalled(model, state, held)
        states = zip(np.split(x, ends), np.split(after[:units], ends), strict=True)
        for layer, (own, moved) in zip(layers, states, strict=True):
            sums = layer.weight @ np.concatenate([below, own]) + layer.bias
            largest = max(largest, float(np.abs(sums).max()))
            below = moved
    return largest
