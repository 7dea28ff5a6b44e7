"""The integer step of an int8 model in numpy: the reference that every kernel matches bit for bit.

`>>` rounds down everywhere. Every value that a kernel keeps in a 32-bit register passes `int32`,
which raises OverflowError if it does not fit. So a run of the reference shows that no kernel
overflows.

Quantities, of a model with n units, m inputs and k outputs:
    X      state / state_scale, Q30                   v      [X; u] as factors of the product, Q12
    alpha  rates in 1/s, Q20                          q      target of the state, Q15
    s      alpha * dt, Q26, at most 12                gain   1 - exp(-s), Q30
"""

import importlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.integers.sparse import dense
from rivulet.integers.arithmetic import ONE, US_SCALE

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]
Tensors = dict[str, np.ndarray]

STATE_LIMIT = 4096  # a state of 1 as a factor of a product
INPUT_LIMIT = 32767  # of v: 8 - 1/4096 normalised units
Z_LIMIT = 16384  # of a row's sum as the argument of a table
LONGEST_US = (ONE - 1) << 10  # 12.7 days, in units of 1024 us
_MOST = 12 << 26  # exp(-12) is below the resolution of Q15


def int32(values: Ints) -> Ints:
    """Return the values. Raises OverflowError if one does not fit in 32 bits."""
    if values.size and (values.max() >= 1 << 31 or values.min() < -(1 << 31)):
        raise OverflowError("a 32-bit register would overflow")
    return values


def mul_shift(value: Ints, mantissa: Ints, shift: Ints) -> Ints:
    """Return value * mantissa * 2^-(16 + shift), of a 32-bit value and a 15-bit mantissa."""
    high = int32((value >> 16) * mantissa)
    low = int32((value & 0xFFFF) * mantissa) >> 16
    return int32(high + low) >> shift


def look_up(table: Ints, z: Ints) -> Ints:
    """Interpolate between the 513 nodes of a table, node i at z = 64 (i - 256)."""
    at = (z >> 6) + 256
    lower = table[at]
    return int32(lower + (int32((table[at + 1] - lower) * (z & 63)) >> 6))


def interval(dt_us: Ints, scale: int = US_SCALE) -> tuple[Ints, Ints]:
    """Return (mantissa, shift) of intervals of at least 1 us: dt * 2^26 / (2^20 * 10^6).

    scale: that factor in Q28.
    """
    dt = np.minimum(dt_us, LONGEST_US)
    # frexp is exact: an interval has at most 30 bits.
    length = np.frexp(dt.astype(np.float64))[1].astype(np.int64)
    power = length - 16
    mantissa = np.where(power < 0, dt << np.maximum(-power, 0), dt >> np.maximum(power, 0))
    return int32(mantissa * scale) >> 15, power + 2


def exponent(alpha: Ints, mantissa: Ints, shift: Ints) -> Ints:
    """Return s = alpha * dt in Q26, at most 12."""
    high = int32((alpha >> 15) * mantissa)
    low = int32((alpha & 0x7FFF) * mantissa) >> 15
    left = np.maximum(shift, 0)
    product = int32(high + low) >> np.maximum(-shift, 0)
    return np.where(product > _MOST >> left, _MOST, np.minimum(product, _MOST >> left) << left)


def gain(s: Ints, decay: Ints) -> Ints:
    """Return 1 - exp(-s) in Q30: a table of exp in steps of 1/16, 1 - r + r^2/2 around a node."""
    node = (s + (1 << 21)) >> 22
    rest = s - (node << 22)
    short = rest >> 6
    part = rest - (int32(short * short) >> 15)
    kept = decay[node]
    far = ((65536 - kept) << 14) + (int32(kept * (part >> 6)) >> 6)
    return int32(np.where(node == 0, part << 4, far))


def move(value: Ints, target: Ints, gain_q30: Ints) -> Ints:
    """Return value + gain * (target - value), of a Q30 value and a Q15 target."""
    way = target - (value >> 15)
    coarse = int32(way * (gain_q30 >> 15))
    fine = int32(way * (gain_q30 & 0x7FFF)) >> 15
    return int32(value + coarse + fine)


class Reference:
    """An int8 model with the state of `streams` independent runs.

    Every array of the state has one row for each stream. Times are differences in microseconds.
    Each cell has its own subclass; see `reference`.
    """

    # Factor and shift that make a rate times microseconds an exponent in Q26; see `interval`.
    _scale_q28, _rate_shift = US_SCALE, 0

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        self._readout = Layer(tensors, "readout")
        self._decay = whole(tensors, "table.decay")
        self._mean_rate = int(settings["mean_rate"])
        self._input_first = settings["convention"] == "current"
        self._output_unit = 0.5 ** int(settings["output_bits"])
        self._state_scale = float(settings["state_scale"])
        normalisation = settings["normalisation"]
        self._offset = np.array(normalisation["offset"], dtype=np.float64)
        self._scale = np.array(normalisation["scale"], dtype=np.float64)
        hidden = self._units(tensors, settings)
        self.hidden = hidden
        self.state: Ints = np.zeros((streams, hidden), np.int64)
        self.mean: Ints = np.zeros((streams, hidden), np.int64)
        self.confidence: Ints = np.zeros((streams, 1), np.int64)
        self.inputs: Ints = np.zeros((streams, len(self._offset)), np.int64)
        self.alpha: Ints = np.zeros((streams, hidden), np.int64)

    def _units(self, tensors: Tensors, settings: dict[str, Any]) -> int:
        return int(tensors["readout.weight"].shape[1])

    def normalised(self, values: ArrayLike) -> Ints:
        """Return physical values as inputs in Q12, saturated."""
        u = (np.asarray(values, dtype=np.float64) - self._offset) * self._scale
        return np.clip(np.floor(u * 4096 + 0.5), -INPUT_LIMIT, INPUT_LIMIT).astype(np.int64)

    def measured(self, dt_us: ArrayLike, values: ArrayLike) -> None:
        """Process an event with physical values; NaN for a channel that it does not carry."""
        given = np.broadcast_to(np.asarray(values, dtype=np.float64), self.inputs.shape)
        missing = np.isnan(given)
        fresh = self.normalised(np.where(missing, self._offset, given))
        self.event(dt_us, np.where(missing, self.inputs, fresh))

    def event(self, dt_us: ArrayLike, inputs: ArrayLike) -> None:
        """Process an event `dt_us` >= 0 after the last one; `inputs`: all channels, Q12."""
        fresh = np.broadcast_to(np.asarray(inputs, dtype=np.int64), self.inputs.shape).copy()
        if self._input_first:
            self.inputs = fresh
            self.step(dt_us)
        else:
            self.step(dt_us)
            self.inputs = fresh

    def step(self, dt_us: ArrayLike) -> None:
        """Move state and mean over `dt_us` under the held inputs; streams with 0 stay."""
        given = np.asarray(dt_us, dtype=np.int64).reshape(-1, 1)
        dt = np.broadcast_to(given, self.confidence.shape)
        moving = dt > 0
        alpha, state = self._moved(np.maximum(dt, 1))
        self.alpha = np.where(moving, alpha, self.alpha)
        self.state = np.where(moving, state, self.state)
        if self._mean_rate:
            span = self._span(np.maximum(dt, 1))
            share = gain(exponent(np.array(self._mean_rate), *span), self._decay)
            self._average(np.where(moving, share, 0))

    def _span(self, dt_us: Ints) -> tuple[Ints, Ints]:
        mantissa, shift = interval(dt_us, self._scale_q28)
        return mantissa, shift + self._rate_shift

    def _moved(self, dt_us: Ints) -> tuple[Ints, Ints]:
        """Return (alpha, state) after an interval of `dt_us` > 0 under the held inputs."""
        raise NotImplementedError

    def outputs(self) -> Ints:
        """Return the outputs, shape (streams, outputs), integers in units of 2^-output_bits."""
        return self._readout(short(self.mean if self._mean_rate else self.state))

    def values(self) -> Floats:
        return self.outputs() * self._output_unit

    def states(self) -> Floats:
        states: Floats = self.state * (self._state_scale / ONE)
        return states

    def _average(self, share: Ints) -> None:
        """Take the new state into the mean; `share`: the interval's gain for each stream."""
        missing = ONE - self.confidence
        gained = (missing >> 15) * (share >> 15)
        gained = gained + (int32((missing & 0x7FFF) * (share >> 15)) >> 15)
        gained = gained + (int32((missing >> 15) * (share & 0x7FFF)) >> 15)
        grown = int32(self.confidence + gained)
        grown = np.where(grown > ONE - 1024, ONE, grown)
        part = np.where(share >= grown, ONE, (share << 30) // np.maximum(grown, 1))
        rate = np.where(self.confidence < ONE, part, share)
        self.confidence = np.where(share > 0, grown, self.confidence)
        moved = move(self.mean, self.state >> 15, rate)
        self.mean = np.where(share > 0, moved, self.mean)


class Layer:
    """Rows of int8 weights. A call returns z = mul_shift(bias + W v)."""

    def __init__(self, tensors: Tensors, name: str, weight: np.ndarray | None = None) -> None:
        if weight is None:
            weight = tensors[f"{name}.weight"]
        # Products are summed in float64, which is faster and exact for integers below 2^53.
        self._weight = weight.astype(np.float64).T
        self._bias = whole(tensors, f"{name}.bias")
        packed = whole(tensors, f"{name}.multiplier")
        self._factor = packed & 0xFFFF, packed >> 16

    def __call__(self, factors: Ints) -> Ints:
        total = self._bias + (factors @ self._weight).astype(np.int64)
        return mul_shift(int32(total), *self._factor)


def whole(tensors: Tensors, name: str) -> Ints:
    return np.asarray(tensors[name]).astype(np.int64)


def short(state: Ints) -> Ints:
    """Return a state in Q30 as a factor of a product, Q12."""
    return (state + (1 << 17)) >> 18


def clamped(z: Ints) -> Ints:
    """Return z clamped to the range of the tables."""
    return np.clip(z, -16384, 16383)


class IntegerReference(Reference):
    """The reference of the decay cell."""

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        super().__init__(tensors, settings, streams)
        self._gates = Layer(tensors, "gates", dense(tensors, len(settings["channels"])))
        self._alpha_table = whole(tensors, "table.alpha")
        self._drive_table = whole(tensors, "table.drive")
        additive = "table.reciprocal" in tensors
        self._reciprocal = whole(tensors, "table.reciprocal") if additive else None
        self.alpha, self.target = self._evaluate()

    def _moved(self, dt_us: Ints) -> tuple[Ints, Ints]:
        alpha, self.target = self._evaluate()
        gains = gain(exponent(alpha, *self._span(dt_us)), self._decay)
        return alpha, move(self.state, self.target, gains)

    def _evaluate(self) -> tuple[Ints, Ints]:
        """Return (alpha, target) for the present state and inputs."""
        z = clamped(self._gates(np.concatenate([short(self.state), self.inputs], axis=1)))
        alpha = look_up(self._alpha_table, z[:, : self.hidden])
        target = look_up(self._drive_table, z[:, self.hidden :])
        if self._reciprocal is not None:
            inverse = look_up(self._reciprocal, z[:, : self.hidden])
            target = int32(target * inverse) >> 15
        return alpha, target


def reference(tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> Reference:
    cell = importlib.import_module(f"host_tools.integers.cells.{settings['cell']}")
    made: Reference = cell.Reference(tensors, settings, streams)
    return made
