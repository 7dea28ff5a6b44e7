"""Quantises the rows of a weight matrix for the integer kernels: int8, one scale for each row.

A row's largest weight is +-127, and its bias is in units of the row's sum. mul_shift by the row's
multiplier converts the sum to the units of the result.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.errors import RivuletError
from rivulet.integers.arithmetic import ONE

Floats = NDArray[np.float64]

Q12 = 12
_MOST_RATE_BITS, _LEAST_RATE_BITS = 28, 10
LARGEST_BIAS = 1 << 30  # half of the accumulator's range; the products have the other half


@dataclass(frozen=True)
class Rows:
    """Quantised rows with their biases and multipliers."""

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
    """Return the quantised rows. Raises RivuletError, which names the row.

    per_unit: the integer that stands for a result of 1, for each row. limits: largest magnitude of
    each factor of the product, in integers. bits: fractional bits of the factors.
    """
    unit = 1 << bits
    factor = np.maximum(_scales(weights, bias, unit) / unit * per_unit, 2.0**-30)
    # Rounded up, so that the largest weight does not exceed 127.
    mantissa, power = _split(factor, np.ceil)
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
    """Return the most fractional bits that the results of all rows can have; may be negative."""
    unit = 1 << bits
    scale = max(float(_scales(weights, bias, unit).max()), 2.0**-30)
    return math.floor(math.log2(unit / 2 / scale * 0.999))


def rate_bits(fastest_per_s: float, most: int) -> int:
    """Return the fractional bits of rates in 1/s, at most `most`. Raises RivuletError."""
    bits = min(_MOST_RATE_BITS, most, math.floor(math.log2((ONE - 1) / fastest_per_s)))
    if bits < _LEAST_RATE_BITS:
        raise RivuletError(
            f"rates can reach {fastest_per_s:.3g}/s; int8 arithmetic represents up to "
            f"{ONE / 2.0**_LEAST_RATE_BITS:.3g}/s: convert it to float32"
        )
    return bits


def prove(weight: NDArray[np.int8], bias: Floats, limits: NDArray[Any], names: list[str]) -> None:
    """Raise RivuletError, which names the row, if a row's sum can exceed an int32.

    limits: largest magnitude of each factor of the product.
    """
    reach = np.abs(bias) + np.abs(weight.astype(np.float64)) @ limits
    worst = int(np.argmax(reach))
    if reach[worst] >= 2.0**31:
        raise RivuletError(
            f"the {names[worst]} can reach a sum of {reach[worst]:.3g}, more than an int32 holds "
            f"(2147483647): use fewer than {weight.shape[1]} units and channels, or float32"
        )


def packed(factor: Floats) -> NDArray[np.int32]:
    """Return the multipliers nearest to `factor`, each at most 0.5."""
    mantissa, power = _split(np.maximum(factor, 2.0**-30), np.round)
    made: NDArray[np.int32] = mantissa.astype(np.int32) | ((-1 - power).astype(np.int32) << 16)
    return made


def _split(factor: Floats, rounding: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """Return (mantissa, power): factor is about mantissa 2^(power - 15), a mantissa of 15 bits."""
    fraction, power = np.frexp(factor)
    mantissa = rounding(fraction * 32768)
    over = mantissa > 32767
    return np.where(over, 16384, mantissa), np.where(over, power + 1, power)


def power_of_two(value: float) -> float:
    """Return the smallest power of two that is at least `value`."""
    return 2.0 ** math.ceil(math.log2(value))


def _scales(weights: Floats, bias: Floats, unit: int) -> Floats:
    # In a row of small weights, the bias decides the scale.
    widest = np.abs(weights).max(1, initial=0.0) / 127
    scales: Floats = np.maximum(widest, np.abs(bias) * unit / LARGEST_BIAS)
    return scales
