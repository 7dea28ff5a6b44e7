"""Rows of a weight matrix as the integer kernels take them: int8, each with a scale of its own.

A row's largest weight is +-127; its bias stands in units of the row's sum; mul_shift by its
multiplier brings the sum to the integers that are wanted.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.errors import RivuletError

Floats = NDArray[np.float64]

Q12 = 12
LARGEST_BIAS = 1 << 30  # half of the accumulator; the other half is the products'


@dataclass(frozen=True)
class Rows:
    weight: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]

    def tensors(self, name: str) -> dict[str, np.ndarray]:
        return {
            f"{name}.weight": self.weight,
            f"{name}.bias": self.bias,
            f"{name}.multiplier": self.multiplier,
        }


def quantise_rows(
    weights: Floats,
    bias: Floats,
    per_unit: Floats,
    limits: NDArray[Any],
    names: list[str],
    bits: int = Q12,
) -> Rows:
    """`per_unit`: what a row's result of 1 is in the integers that come out; `bits`: fractional
    ones of the factors, which are at most `limits`. Raises RivuletError, with the row."""
    unit = 1 << bits
    factor = np.maximum(_scales(weights, bias, unit) / unit * per_unit, 2.0**-30)
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
            f"arithmetic represents there ({127 * unit / 2 / per_unit[row]:.3g}): scale them down"
        )
    factor = mantissa * np.exp2(power - 15.0)
    scale = factor * unit / per_unit
    weight = np.round(weights / scale[:, None]).astype(np.int8)
    # Half a unit of the result: mul_shift rounds down.
    offset = np.round((bias * per_unit + 0.5) / factor)
    prove(weight, offset, limits, names)
    packed = mantissa.astype(np.int32) | (shift.astype(np.int32) << 16)
    return Rows(weight, offset.astype(np.int32), packed)


def most_bits(weights: Floats, bias: Floats, bits: int = Q12) -> int:
    """As many fractional bits as the results of every row can have; negative: not even units."""
    unit = 1 << bits
    scale = max(float(_scales(weights, bias, unit).max()), 2.0**-30)
    return math.floor(math.log2(unit / 2 / scale * 0.999))


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


def packed(factor: Floats) -> NDArray[np.int32]:
    """The multipliers that are nearest to factors of at most a half."""
    fraction, power = np.frexp(np.maximum(factor, 2.0**-30))
    mantissa = np.round(fraction * 32768)
    power = np.where(mantissa > 32767, power + 1, power)
    mantissa = np.where(mantissa > 32767, 16384, mantissa)
    made: NDArray[np.int32] = mantissa.astype(np.int32) | ((-1 - power).astype(np.int32) << 16)
    return made


def power_of_two(value: float) -> float:
    """The smallest power of two that is at least `value`."""
    return 2.0 ** math.ceil(math.log2(value))


def _scales(weights: Floats, bias: Floats, unit: int) -> Floats:
    # A row of small weights and a large bias: the bias must fit as well.
    widest = np.abs(weights).max(1, initial=0.0) / 127
    scales: Floats = np.maximum(widest, np.abs(bias) * unit / LARGEST_BIAS)
    return scales
