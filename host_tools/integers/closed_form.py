"""Quantises the heads of CfC cells and all that follows them, for one layer or several.

firmware/rivulet/integers/cfc.py has the arithmetic. All units of a model have the same numbers of
fractional bits: those that the largest of their sums and states allow.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers import mixed
from host_tools.integers.inputs import Inputs
from host_tools.integers.reference import Z_LIMIT
from host_tools.integers.row_scales import Q12, Floats, Rows, most_bits, quantise_rows, rate_bits
from host_tools.integers.tables import TANH_RANGE, decay_table, nodes, q15
from rivulet.integers.arithmetic import ONE

MARGIN = 1.25  # over the largest sum in a calibration

_SIGMOID_RANGE = 16.0
_GATE_BITS = 20
_LARGEST_GATE = 1024.0
_STATE_SCALES = tuple(2.0**i for i in range(7))
_MOST_P_SHIFT = 20

Tensors = dict[str, np.ndarray]


@dataclass(frozen=True)
class Factors:
    """A layer's inputs: their largest magnitudes in integers, and their fractional bits."""

    limits: np.ndarray
    bits: int = Q12

    @property
    def values(self) -> Floats:
        made: Floats = self.limits / 2.0**self.bits
        return made


@dataclass(frozen=True)
class Layer:
    weight: Floats
    bias: Floats

    def reach(self, factors: Factors) -> Floats:
        """Return the largest magnitude of each row's sum."""
        made: Floats = np.abs(self.bias) + np.abs(self.weight) @ factors.values
        return made

    def quantised(self, factors: Factors, per_unit: Floats, names: list[str]) -> Rows:
        """Return the int8 rows; per_unit: the integer that stands for a sum of 1, a row."""
        return quantise_rows(self.weight, self.bias, per_unit, factors.limits, names, factors.bits)

    def rows(self, begin: int, end: int) -> "Layer":
        return Layer(self.weight[begin:end], self.bias[begin:end])


@dataclass(frozen=True)
class Heads:
    """The heads of some units: the layer with the rows of ff1, ff2, time_a and time_b, or of ff1.

    prefix: of the tensors' names. place: follows a unit in messages.
    """

    prefix: str
    place: str
    layer: Layer
    factors: Factors

    def part(self, first: int, count: int, parts: int) -> Layer:
        """Return `count` of the layer's `parts` parts, from the number `first` on."""
        n = len(self.layer.bias) // parts
        return self.layer.rows(first * n, (first + count) * n)

    def names(self, *parts: str) -> list[str]:
        units = range(len(self.layer.bias) // (1 if parts == ("ff1",) else 4))
        return [f"{part} of unit {i}{self.place}" for part in parts for i in units]


def rows_per_unit(settings: dict[str, Any]) -> int:
    return 1 if settings["mode"] == "pure" else 4


def quantise(
    model: ModelFile,
    heads: Callable[[float], list[Heads]],
    seen: float | None,
    inputs: Inputs,
    events: EventTable | None,
) -> tuple[Tensors, dict[str, Any], float, list[str]]:
    """Return (tensors, settings, scale of the state, warnings), mixed memory included.

    heads(scale): all heads, for a state in units of `scale`. seen: the largest sum of ff1 in a
    calibration.
    """
    least, warning = mixed.scale_of(model, inputs, events)
    make = _pure if model.settings["mode"] == "pure" else _gated
    tensors, own, scale = make(model, heads, seen, least)
    memory, settings = mixed.quantise(model, inputs, scale)
    return {**memory, **tensors}, {**settings, **own}, scale, [warning] if warning else []


def _gated(
    model: ModelFile, heads: Callable[[float], list[Heads]], seen: float | None, least: float
) -> tuple[Tensors, dict[str, Any], float]:
    moved = 2.0 if model.settings["mode"] == "no_gate" else 1.0
    scale = max(moved, least)
    made = heads(scale)
    unit_s = float(model.settings["time_unit_s"])
    bits = min(_rate_bits(each.part(2, 1, 4), each.factors, unit_s, 0.0) for each in made)
    gate_bits = min(_gate_bits(each) for each in made)
    tensors = {
        "table.tanh": q15(np.tanh(nodes(TANH_RANGE))),
        "table.sigmoid": q15(1.0 / (1.0 + np.exp(-nodes(_SIGMOID_RANGE)))),
        "table.decay": decay_table(),
    }
    for each in made:
        driven, timed = each.part(0, 2, 4), each.part(2, 2, 4)
        n = len(driven.bias) // 2
        per_unit = np.full(2 * n, Z_LIMIT / TANH_RANGE)
        rows = driven.quantised(each.factors, per_unit, each.names("ff1", "ff2"))
        tensors |= rows.tensors(f"{each.prefix}heads")
        per_unit = np.repeat([2.0**bits / unit_s, 2.0**gate_bits], n)
        rows = timed.quantised(each.factors, per_unit, each.names("time_a", "time_b"))
        tensors |= rows.tensors(f"{each.prefix}times")
    own = {"rate_bits": bits, "gate_shift": _GATE_BITS - gate_bits}
    if model.settings["mixed_memory"]:
        # The kernel of a CfC has no scale but its own.
        own["memory_fit"] = round(math.log2(scale / moved))
    return tensors, own | {"f_shift": 0, "f_limit": 0, "p_shift": 0}, scale


def _gate_bits(heads: Heads) -> int:
    """Return the most fractional bits that the results of time_b can have, at most 20."""
    shifts = heads.part(3, 1, 4)
    bits = min(_GATE_BITS, most_bits(shifts.weight, shifts.bias, heads.factors.bits))
    reach = shifts.reach(heads.factors)
    worst = int(np.argmax(reach))
    if reach[worst] >= _LARGEST_GATE or bits < 0:
        raise RivuletError(
            f"time_b of unit {worst}{heads.place} can reach {reach[worst]:.3g}; int8 arithmetic "
            f"represents up to {_LARGEST_GATE:g}: scale it down, or convert it to float32"
        )
    return bits


def _rate_bits(layer: Layer, factors: Factors, unit_s: float, leak: float) -> int:
    """Return the most fractional bits that rates in 1/s, |sums| + leak, can have."""
    per_s = (float(layer.reach(factors).max()) + leak) / unit_s
    most = most_bits(layer.weight / unit_s, layer.bias / unit_s, factors.bits)
    return rate_bits(max(per_s, 1e-9), most)


def _pure(
    model: ModelFile, heads: Callable[[float], list[Heads]], seen: float | None, least: float
) -> tuple[Tensors, dict[str, Any], float]:
    rest, leak = (_of_all_layers(model, name) for name in ("A", "w_tau"))
    unit_s = float(model.settings["time_unit_s"])
    for scale in (scale for scale in _STATE_SCALES if scale >= least):
        made = heads(scale)
        reach = max(float(each.layer.reach(each.factors).max()) for each in made)
        if seen is not None:
            reach = min(reach, MARGIN * seen)
        if float(np.abs(rest).max()) * (1.0 + reach) < scale:
            break
    else:
        raise RivuletError(
            f"by its weights, the state of a pure CfC can exceed +-{_STATE_SCALES[-1]:g}: "
            "--calibrate EVENTS.csv measures its range"
        )
    bits = min(_rate_bits(each.layer, each.factors, unit_s, float(leak.max())) for each in made)
    per_unit = 2.0**bits / unit_s
    f_shift = max(0, math.ceil(math.log2(max(reach * per_unit / 32767, 1.0))))
    f_limit = max(1, math.floor(reach * per_unit / 2.0**f_shift))
    # A times one unit of f, in Q30. The product stays below 2^30 for every shift.
    factor = rest / scale * ONE * 2.0**f_shift / per_unit
    largest = max(float(np.abs(factor).max()) * f_limit, 2.0**-_MOST_P_SHIFT)
    p_shift = min(_MOST_P_SHIFT, math.floor(math.log2(ONE / largest)))
    tensors = {
        "table.decay": decay_table(),
        "pure.leak": np.round(leak * per_unit).astype(np.int32),
        "pure.rest": np.round(rest / scale * ONE).astype(np.int32),
        "pure.factor": np.round(factor * 2.0**p_shift).astype(np.int32),
    }
    for each in made:
        size = len(each.layer.bias)
        rows = each.layer.quantised(each.factors, np.full(size, per_unit), each.names("ff1"))
        tensors |= rows.tensors(f"{each.prefix}heads")
    own = {"rate_bits": bits, "gate_shift": 0, "f_shift": f_shift, "f_limit": f_limit}
    return tensors, own | {"p_shift": p_shift}, scale


def _of_all_layers(model: ModelFile, name: str) -> Floats:
    """Return a constant of all units, of a cell with one layer or with several."""
    layers = range(len(model.settings.get("layers", ())))
    names = [f"layer{i}.{name}" for i in layers] or [name]
    return np.concatenate([model.tensors[each].astype(np.float64) for each in names])
