"""From a float model to the integers that the fixed-point kernels run: `convert --dtype int8`.

Every row of a weight matrix gets its own scale, so that its largest weight is +-127. Inputs and
state enter the product as Q12, biases stand in units of the row's sum. What the nonlinearities
and the exponential do is tabulated here, on the host: a board's float32 would give other bits.
The arithmetic itself is `fixed_reference`.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools import sparse
from host_tools.calibration import NARROWEST, Events, ranges, uncovered
from host_tools.convert import ModelFile
from host_tools.errors import RivuletError
from host_tools.fixed_reference import INPUT_LIMIT
from host_tools.tables import TANH_RANGE, coarse, tables_for

Floats = NDArray[np.float64]
Tensors = dict[str, np.ndarray]

_Q12 = 4096
_Z_LIMIT = 16384  # of a row's sum as the tables take it
_SOFTPLUS_RANGE = 16.0  # at least: below -16 softplus vanishes beside any alpha_min
_LARGEST_BIAS = 1 << 30  # half of the accumulator; the other half is the products'
_MOST_OUTPUT_BITS = 12
_ALPHA_SMALLEST = 1 / 1024  # 1024 steps of Q20: the exponent is right to 0.4 %
_ALPHA_LARGEST = 1024.0


@dataclass(frozen=True)
class _Rows:
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]


def quantise(model: ModelFile, calibration: Events | None = None) -> ModelFile:
    """The int8 model of a float one. `calibration` sets and checks the inputs' ranges.

    Raises RivuletError for a model that the integer path does not run or cannot represent.
    """
    settings = model.settings
    _check_kind(settings)
    channels = ranges(settings, calibration)
    warnings = list(model.warnings)
    if calibration is not None:
        warnings += uncovered(channels, calibration)

    recurrent, inward, bias, scale = unfolded(model)
    # The integers' normalisation: each channel's range becomes +-8. Short, since boards parse it.
    half = np.array([channel.half for channel in channels])
    fixed_scale = np.array([float(f"{value:.6g}") for value in scale * NARROWEST / half])
    widening = np.divide(scale, fixed_scale, out=np.ones_like(scale), where=fixed_scale != 0)
    state_scale = state_bound(settings)
    hidden, inputs = len(recurrent) // 2, inward.shape[1]
    weights = np.hstack([recurrent * state_scale, inward * widening])
    alpha_range = _alpha_range(settings["alpha_max"], weights[:hidden], bias[:hidden])
    limits = np.array([_Q12] * hidden + [INPUT_LIMIT] * inputs)
    per_unit = np.repeat([_Z_LIMIT / alpha_range, _Z_LIMIT / TANH_RANGE], hidden)
    names = [f"{gate} gate of unit {i}" for gate in ("alpha", "drive") for i in range(hidden)]
    gates = _quantise_rows(weights, bias, per_unit, limits, names)

    readout = model.tensors["readout.weight"].astype(np.float64)
    output_weights, output_bias = readout[:, :-1] * state_scale, readout[:, -1]
    output_bits = _output_bits(output_weights, output_bias)
    outputs = _quantise_rows(
        output_weights,
        output_bias,
        np.full(len(readout), 2.0**output_bits),
        np.full(hidden, _Q12),
        [f"output {i}" for i in range(len(readout))],
    )
    tables = tables_for(settings, alpha_range, state_scale)
    warnings += coarse(settings, alpha_range, tables["table.alpha"])
    tensors: Tensors = {
        **sparse.store(gates.weight),
        "gates.bias": gates.bias,
        "gates.multiplier": gates.multiplier,
        "readout.weight": outputs.weight,
        "readout.bias": outputs.bias,
        "readout.multiplier": outputs.multiplier,
        **tables,
    }
    normalisation = {
        "offset": settings["normalisation"]["offset"],
        "scale": fixed_scale.tolist(),
        "folded": False,
    }
    integer = {
        "arithmetic": "int8",
        "state_scale": state_scale,
        "output_bits": output_bits,
        "mean_rate": _mean_rate(settings),
        "normalisation": normalisation,
    }
    return ModelFile(tensors, {**settings, **integer}, warnings)


def state_bound(settings: dict[str, Any]) -> float:
    """What the state never exceeds, as a power of two."""
    return _power_of_two(1.0 / settings["alpha_min"]) if settings["drive"] == "additive" else 1.0


def unfolded(model: ModelFile) -> tuple[Floats, Floats, Floats, Floats]:
    """(recurrent, inward, bias, scale): the gates as they take normalised inputs."""
    gates = model.tensors["gates.weight"].astype(np.float64)
    hidden = len(gates) // 2
    normalisation = model.settings["normalisation"]
    offset = np.array(normalisation["offset"], dtype=np.float64)
    scale = np.array(normalisation["scale"], dtype=np.float64)
    physical = gates[:, hidden:-1]
    inward = np.divide(physical, scale, out=np.zeros_like(physical), where=scale != 0)
    return gates[:, :hidden], inward, gates[:, -1] + physical @ offset, scale


def prove(weight: NDArray[np.int8], bias: Floats, limits: NDArray[Any], names: list[str]) -> None:
    """Raise RivuletError, with the row, unless no row's sum can leave int32.

    `limits`: how large each factor of the product can be.
    """
    reach = np.abs(bias) + np.abs(weight.astype(np.float64)) @ limits
    worst = int(np.argmax(reach))
    if reach[worst] >= 2.0**31:
        raise RivuletError(
            f"the {names[worst]} can reach a sum of {reach[worst]:.3g}, over the 2147483647 of "
            f"an int32: use fewer than {weight.shape[1]} units and channels, or float32"
        )


def _check_kind(settings: dict[str, Any]) -> None:
    for key, known in (
        ("cell", ("decay",)),
        ("integrator", ("exponential",)),
        ("drive", ("relaxing", "additive")),
    ):
        if settings.get(key) not in known:
            raise RivuletError(
                f"int8 arithmetic has no {key} '{settings.get(key)}', only {' and '.join(known)}: "
                "convert it to float32"
            )
    for key, lowest, highest in (
        ("alpha_min", _ALPHA_SMALLEST, _ALPHA_LARGEST),
        ("alpha_max", _ALPHA_SMALLEST, _ALPHA_LARGEST),
    ):
        if not lowest <= settings[key] < highest:
            raise RivuletError(
                f"{key} is {settings[key]:g}/s; int8 arithmetic represents rates from "
                f"{lowest:.3f} up to {highest:g}/s"
            )


def _alpha_range(alpha_max: float, weights: Floats, bias: Floats) -> float:
    """Softplus is tabulated over +- this: up to alpha_max, or as far as any sum can get."""
    farthest = float((np.abs(bias) + np.abs(weights) @ np.full(weights.shape[1], 8.0)).max())
    return _power_of_two(max(_SOFTPLUS_RANGE, min(alpha_max, farthest)))


def _power_of_two(value: float) -> float:
    """The smallest power of two that is at least `value`."""
    return 2.0 ** math.ceil(math.log2(value))


def _quantise_rows(
    weights: Floats, bias: Floats, per_unit: Floats, limits: NDArray[Any], names: list[str]
) -> _Rows:
    """`per_unit`: what a row's result of 1 is in the integers that come out."""
    scale = np.abs(weights).max(1, initial=0.0) / 127
    # A row of small weights and a large bias: the bias must fit as well.
    scale = np.maximum(scale, np.abs(bias) * _Q12 / _LARGEST_BIAS)
    factor = np.maximum(scale / _Q12 * per_unit, 2.0**-30)
    fraction, power = np.frexp(factor)
    # Up, never down: the largest weight may not pass 127.
    mantissa = np.ceil(fraction * 32768)
    power = np.where(mantissa > 32767, power + 1, power)
    mantissa = np.where(mantissa > 32767, 16384, mantissa)
    shift = -1 - power
    if shift.min() < 0:
        row = int(np.argmin(shift))
        raise RivuletError(
            f"the {names[row]} has weights up to {np.abs(weights[row]).max():.3g}, more than int8 "
            f"arithmetic represents there ({127 * _Q12 / 2 / per_unit[row]:.3g}): scale them down"
        )
    factor = mantissa * np.exp2(power - 15.0)
    scale = factor * _Q12 / per_unit
    weight = np.round(weights / scale[:, None]).astype(np.int8)
    # Half a unit of the result: mul_shift rounds down.
    offset = np.round((bias * per_unit + 0.5) / factor)
    prove(weight, offset, limits, names)
    packed = mantissa.astype(np.int32) | (shift.astype(np.int32) << 16)
    return _Rows(weight, offset.astype(np.int32), packed)


def _output_bits(weights: Floats, bias: Floats) -> int:
    """As many fractional bits as every output's row allows, and are of use."""
    scale = max(np.abs(weights).max() / 127, np.abs(bias).max() * _Q12 / _LARGEST_BIAS, 2.0**-30)
    bits = math.floor(math.log2(_Q12 / 2 / float(scale) * 0.999))
    if bits < 0:
        raise RivuletError(
            f"the readout has weights up to {np.abs(weights).max():.3g}: int8 arithmetic takes "
            f"up to {127 * _Q12 / 2:.3g}; scale the outputs down"
        )
    return min(int(bits), _MOST_OUTPUT_BITS)


def _mean_rate(settings: dict[str, Any]) -> int:
    if settings["readout"] != "mean":
        return 0
    rate = round((1 << 20) / float(settings["readout_tau_s"]))
    if not 1024 <= rate < 1 << 30:
        raise RivuletError(
            f"readout_tau_s is {settings['readout_tau_s']:g} s; int8 arithmetic represents "
            "0.001 to 1024 s"
        )
    return rate
