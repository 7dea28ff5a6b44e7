"""Quantises mixed memory; firmware/rivulet/integers/mixed.py has the arithmetic.

The state [x; c] has one scale, which has to hold the memory c. A calibration measures its range.
"""

import math
from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import trace
from host_tools.integers.inputs import Inputs
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT, Z_LIMIT
from host_tools.integers.row_scales import Floats as Exact
from host_tools.integers.row_scales import power_of_two, quantise_rows
from host_tools.integers.tables import TANH_RANGE, Floats, nodes, q15

_SIGMOID_RANGE = 16.0
_MARGIN = 1.25  # over the largest memory in a calibration
_FARTHEST, _LARGEST = 16.0, 64.0  # scale without a calibration, and with one
_FORGET_BITS = 11

Tensors = dict[str, np.ndarray]


def scale_of(model: ModelFile, inputs: Inputs, events: EventTable | None) -> tuple[float, str]:
    """Return the least scale of the state, and a warning or an empty text; (0, "") without memory.

    Raises RivuletError.
    """
    if not model.settings["mixed_memory"]:
        return 0.0, ""
    warning = ""
    if events is not None:
        reach = _MARGIN * _seen(model, events)
        if reach > _LARGEST:
            raise RivuletError(
                f"the mixed memory reaches {reach / _MARGIN:.3g} in the calibration; int8 "
                f"arithmetic represents up to {_LARGEST / _MARGIN:.3g}: convert it to float32"
            )
    else:
        reach = _bound(model, inputs)
        if reach > _FARTHEST:
            warning = (
                f"the mixed memory may reach {reach:.0f} and is clipped at {_FARTHEST:g}: "
                "--calibrate EVENTS.csv measures its range"
            )
            reach = _FARTHEST
    return max(power_of_two(max(reach, 2.0**-6)), 1.0), warning


def quantise(model: ModelFile, inputs: Inputs, scale: float) -> tuple[Tensors, dict[str, Any]]:
    """Return (tensors, settings) of the memory for a state in units of `scale`; none without."""
    if not model.settings["mixed_memory"]:
        return {}, {}
    shift = round(math.log2(scale))
    if scale > _LARGEST:
        raise RivuletError(
            f"the state has a scale of {scale:g}, and int8 arithmetic has mixed memory up to "
            f"{_LARGEST:g}: convert it to float32"
        )
    weight, bias = _rows(model, inputs, scale)
    n = len(bias) // 4
    limits = np.array([STATE_LIMIT] * n + [INPUT_LIMIT] * len(inputs.scale))
    tensors: Tensors = {}
    for name, rows, reach, parts in (
        ("candidate", slice(0, n), TANH_RANGE, ("candidate",)),
        ("gates", slice(n, 4 * n), _SIGMOID_RANGE, ("input gate", "forget gate", "output gate")),
    ):
        per_unit = np.full(len(bias[rows]), Z_LIMIT / reach)
        names = [f"{part} of the memory of unit {i}" for part in parts for i in range(n)]
        made = quantise_rows(weight[rows], bias[rows], per_unit, limits, names)
        tensors |= made.tensors(f"memory.{name}")
    lost = np.logaddexp(0.0, -nodes(_SIGMOID_RANGE))
    tensors["table.forget"] = np.minimum(np.round(lost * 2.0**_FORGET_BITS), 32767).astype(
        np.int16
    )
    tensors["table.tanh"] = q15(np.tanh(nodes(TANH_RANGE)))
    tensors["table.sigmoid"] = q15(1.0 / (1.0 + np.exp(-nodes(_SIGMOID_RANGE))))
    return tensors, {"memory_shift": shift, "memory_fit": 0}


def _rows(model: ModelFile, inputs: Inputs, scale: float) -> tuple[Exact, Exact]:
    """Return (weights over [x / scale; integer inputs], biases) of a, i, f and o."""
    recurrent, physical, bias = (
        model.tensors[f"memory.{name}"].astype(np.float64)
        for name in ("recurrent", "input", "bias")
    )
    n = len(bias) // 4
    inward, moved = inputs.unfolded(physical)
    bias = bias + moved
    bias[2 * n : 3 * n] += 1.0
    return np.hstack([recurrent * scale, inward]), bias


def recalled(model: ModelFile, state: Floats, held: Floats) -> Floats:
    """Return the x that the cell moves, in floats; without mixed memory, that of the state."""
    if not model.settings["mixed_memory"]:
        return state
    recurrent, physical, bias = (
        model.tensors[f"memory.{name}"].astype(np.float64)
        for name in ("recurrent", "input", "bias")
    )
    x, c = np.split(state, 2)
    a, enter, forget, leave = np.split(physical @ held + recurrent @ x + bias, 4)
    c = c * _sigmoid(forget + 1.0) + np.tanh(a) * _sigmoid(enter)
    made: Floats = np.tanh(c) * _sigmoid(leave)
    return made


def _sigmoid(z: Floats) -> Floats:
    made: Floats = 0.5 + 0.5 * np.tanh(0.5 * z)
    return made


def _seen(model: ModelFile, events: EventTable) -> float:
    largest = 0.0
    for state, _, _ in trace(model, events):
        largest = max(largest, float(np.abs(state[len(state) // 2 :]).max()))
    return largest


def _bound(model: ModelFile, inputs: Inputs) -> float:
    """Return what |c| cannot exceed: c = c f + a i, with f at its largest."""
    weight, bias = _rows(model, inputs, 1.0)
    n = len(bias) // 4
    factors = np.array([1.0] * n + [INPUT_LIMIT / 4096] * len(inputs.scale))
    reach = np.abs(weight) @ factors
    enter, forget = (bias + reach)[n : 2 * n], (bias + reach)[2 * n : 3 * n]
    most = (1.0 + np.exp(np.minimum(forget, 60.0))) / (1.0 + np.exp(-enter))
    return float(most.max())
