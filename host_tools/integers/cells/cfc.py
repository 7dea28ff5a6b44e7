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
from host_tools.errors import RivuletError
from host_tools.integers.activations import ACTIVATIONS
from host_tools.integers.cells import Inputs, Quantised
from host_tools.integers.compare import trace
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT, Z_LIMIT
from host_tools.integers.references.cfc import CfcReference
from host_tools.integers.row_scales import Q12, Floats, Rows, most_bits, quantise_rows, rate_bits
from host_tools.integers.tables import TANH_RANGE, decay_table, nodes, q15
from rivulet.integers.arithmetic import ONE

__all__ = ["Reference", "check", "quantise"]

Reference = CfcReference

_SIGMOID_RANGE = 16.0
# Range of the table of an unbounded activation: at least, and at most without a calibration.
_NEAREST, _FARTHEST = 8.0, 32.0
_MARGIN = 1.25  # over the largest sum in a calibration
_GATE_BITS = 20
_LARGEST_GATE = 1024.0
_STATE_SCALES = tuple(2.0**i for i in range(7))
_MOST_P_SHIFT = 20


@dataclass(frozen=True)
class _Layer:
    weight: Floats
    bias: Floats

    def reach(self, factors: "_Factors") -> Floats:
        """Return the largest magnitude of each row's sum."""
        made: Floats = np.abs(self.bias) + np.abs(self.weight) @ factors.values
        return made

    def quantised(self, factors: "_Factors", per_unit: Floats, names: list[str]) -> Rows:
        """Return the int8 rows; per_unit: the integer that stands for a sum of 1, a row."""
        return quantise_rows(self.weight, self.bias, per_unit, factors.limits, names, factors.bits)

    def rows(self, begin: int, end: int) -> "_Layer":
        return _Layer(self.weight[begin:end], self.bias[begin:end])


@dataclass(frozen=True)
class _Factors:
    """A layer's inputs: their largest magnitudes in integers, and their fractional bits."""

    limits: np.ndarray
    bits: int = Q12

    @property
    def values(self) -> Floats:
        made: Floats = self.limits / 2.0**self.bits
        return made


@dataclass(frozen=True)
class _Backbone:
    tensors: dict[str, np.ndarray]
    factors: _Factors  # the inputs of the heads
    warnings: list[str]


def check(settings: dict[str, Any]) -> None:
    if settings["mixed_memory"]:
        raise RivuletError("int8 arithmetic has no mixed memory: convert it to float32")


def quantise(model: ModelFile, inputs: Inputs, events: EventTable | None) -> Quantised:
    settings = model.settings
    seen = None if events is None else _seen(model, events)
    if settings["mode"] == "pure":
        return _pure(model, inputs, seen)
    scale = 2.0 if settings["mode"] == "no_gate" else 1.0
    *layers, heads = _layers(model, inputs, scale)
    n = len(heads.bias) // 4
    backbone = _backbone(settings, layers, _factors(n, inputs), seen)
    factors = backbone.factors
    driven, timed = heads.rows(0, 2 * n), heads.rows(2 * n, 4 * n)
    per_unit = np.full(2 * n, Z_LIMIT / TANH_RANGE)
    rows = driven.quantised(factors, per_unit, _names(n, "ff1", "ff2"))
    times, own = _times(timed, factors, float(settings["time_unit_s"]))
    tensors = {
        **backbone.tensors,
        **rows.tensors("heads"),
        **times,
        "table.tanh": q15(np.tanh(nodes(TANH_RANGE))),
        "table.sigmoid": q15(1.0 / (1.0 + np.exp(-nodes(_SIGMOID_RANGE)))),
        "table.decay": decay_table(),
    }
    return Quantised(tensors, own, scale, backbone.warnings)


def _factors(units: int, inputs: Inputs) -> _Factors:
    return _Factors(np.array([STATE_LIMIT] * units + [INPUT_LIMIT] * len(inputs.scale)))


def _names(units: int, *parts: str) -> list[str]:
    return [f"{part} of unit {i}" for part in parts for i in range(units)]


def _layers(model: ModelFile, inputs: Inputs, scale: float) -> list[_Layer]:
    """Return the layers of backbone and heads; the first takes [x / scale; integer inputs]."""
    names = [f"backbone{i}" for i in range(len(model.settings["backbone"]))] + ["heads"]
    found = [
        _Layer(
            *(model.tensors[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias"))
        )
        for name in names
    ]
    channels = len(inputs.scale)
    first = found[0]
    inward, bias = inputs.unfolded(first.weight[:, :channels])
    weight = np.hstack([first.weight[:, channels:] * scale, inward])
    return [_Layer(weight, first.bias + bias), *found[1:]]


def _seen(model: ModelFile, events: EventTable) -> list[float]:
    """Return the largest sum of each layer in a calibration; of the heads, that of ff1."""
    function = ACTIVATIONS[model.settings["activation"]].function
    found = []
    for state, held, _ in trace(model, events):
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
    settings: dict[str, Any], layers: list[_Layer], factors: _Factors, seen: list[float] | None
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
                reach = min(reach, _MARGIN * seen[i])
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
        factors = _Factors(np.full(size, int(np.abs(table.astype(int)).max())), bits)
    return _Backbone(tensors, factors, warnings)


def _times(
    layer: _Layer, factors: _Factors, unit_s: float
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the tensors of time_a and time_b, and the settings with their fractional bits."""
    n = len(layer.bias) // 2
    bits = _rate_bits(layer.rows(0, n), factors, unit_s, 0.0)
    shifts = layer.rows(n, 2 * n)
    gate_bits = min(_GATE_BITS, most_bits(shifts.weight, shifts.bias, factors.bits))
    reach = shifts.reach(factors)
    worst = int(np.argmax(reach))
    if reach[worst] >= _LARGEST_GATE or gate_bits < 0:
        raise RivuletError(
            f"time_b of unit {worst} can reach {reach[worst]:.3g}; int8 arithmetic represents up "
            f"to {_LARGEST_GATE:g}: scale it down, or convert it to float32"
        )
    per_unit = np.repeat([2.0**bits / unit_s, 2.0**gate_bits], n)
    names = _names(n, "time_a", "time_b")
    rows = layer.quantised(factors, per_unit, names)
    shift = _GATE_BITS - gate_bits
    own = {"rate_bits": bits, "gate_shift": shift, "f_shift": 0, "f_limit": 0, "p_shift": 0}
    return rows.tensors("times"), own


def _rate_bits(layer: _Layer, factors: _Factors, unit_s: float, leak: float) -> int:
    """Return the most fractional bits that rates in 1/s, |sums| + leak, can have."""
    per_s = (float(layer.reach(factors).max()) + leak) / unit_s
    most = most_bits(layer.weight / unit_s, layer.bias / unit_s, factors.bits)
    return rate_bits(max(per_s, 1e-9), most)


def _pure(model: ModelFile, inputs: Inputs, seen: list[float] | None) -> Quantised:
    rest = model.tensors["A"].astype(np.float64)
    leak = model.tensors["w_tau"].astype(np.float64)
    unit_s = float(model.settings["time_unit_s"])
    n = len(rest)
    for scale in _STATE_SCALES:
        *layers, heads = _layers(model, inputs, scale)
        backbone = _backbone(model.settings, layers, _factors(n, inputs), seen)
        reach = float(heads.reach(backbone.factors).max())
        if seen is not None:
            reach = min(reach, _MARGIN * seen[-1])
        if float(np.abs(rest).max()) * (1.0 + reach) < scale:
            break
    else:
        raise RivuletError(
            f"by its weights, the state of a pure CfC can exceed +-{_STATE_SCALES[-1]:g}: "
            "--calibrate EVENTS.csv measures its range"
        )
    factors = backbone.factors
    bits = _rate_bits(heads, factors, unit_s, float(leak.max()))
    per_unit = 2.0**bits / unit_s
    rows = heads.quantised(factors, np.full(n, per_unit), _names(n, "ff1"))
    f_shift = max(0, math.ceil(math.log2(max(reach * per_unit / 32767, 1.0))))
    f_limit = max(1, math.floor(reach * per_unit / 2.0**f_shift))
    # A times one unit of f, in Q30. The product stays below 2^30 for every shift.
    factor = rest / scale * ONE * 2.0**f_shift / per_unit
    largest = max(float(np.abs(factor).max()) * f_limit, 2.0**-_MOST_P_SHIFT)
    p_shift = min(_MOST_P_SHIFT, math.floor(math.log2(ONE / largest)))
    tensors = {
        **backbone.tensors,
        **rows.tensors("heads"),
        "table.decay": decay_table(),
        "pure.leak": np.round(leak * per_unit).astype(np.int32),
        "pure.rest": np.round(rest / scale * ONE).astype(np.int32),
        "pure.factor": np.round(factor * 2.0**p_shift).astype(np.int32),
    }
    own = {
        "rate_bits": bits,
        "gate_shift": 0,
        "f_shift": f_shift,
        "f_limit": f_limit,
        "p_shift": p_shift,
    }
    return Quantised(tensors, own, scale, backbone.warnings)
