"""The integer step of an int8 model in numpy: what every kernel must compute, bit for bit.

`>>` is floor everywhere. Every value that a kernel keeps in a 32-bit register passes `_int32`,
which raises OverflowError if it would not fit: the reference proves that the kernels may wrap.

Quantities, of a model with n units, m inputs and k outputs:
    X      state / state_scale, Q30                   v      [X; u] as factors of the product, Q12
    alpha  rates in 1/s, Q20                          q      what the state is drawn to, Q15
    s      alpha * dt, Q26, at most 12                gain   1 - exp(-s), Q30
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.sparse import dense

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]
Tensors = dict[str, np.ndarray]

ONE = 1 << 30  # 1.0 in Q30
INPUT_LIMIT = 32767  # of v: 8 - 1/4096 normalised units
LONGEST_US = (ONE - 1) << 10  # 12.7 days, in units of 1024 us
_MOST = 12 << 26  # exp(-12) is below what Q15 resolves


def _int32(values: Ints) -> Ints:
    if values.size and (values.max() >= 1 << 31 or values.min() < -(1 << 31)):
        raise OverflowError("a 32-bit register would overflow")
    return values


def mul_shift(value: Ints, mantissa: Ints, shift: Ints) -> Ints:
    """value * mantissa * 2^-(16 + shift), of a 32-bit value and a 15-bit mantissa."""
    high = _int32((value >> 16) * mantissa)
    low = _int32((value & 0xFFFF) * mantissa) >> 16
    return _int32(high + low) >> shift


def look_up(table: Ints, z: Ints) -> Ints:
    """Between the 513 nodes of a table, of which node i stands at z = 64 (i - 256)."""
    at = (z >> 6) + 256
    lower = table[at]
    return _int32(lower + (_int32((table[at + 1] - lower) * (z & 63)) >> 6))


def interval(dt_us: Ints) -> tuple[Ints, Ints]:
    """(mantissa, shift) of intervals of 1 us or more: dt * 2^26 / (2^20 * 10^6) as a product."""
    dt = np.minimum(dt_us, LONGEST_US)
    # frexp is exact: an interval has at most 30 bits.
    length = np.frexp(dt.astype(np.float64))[1].astype(np.int64)
    power = length - 16
    mantissa = np.where(power < 0, dt << np.maximum(-power, 0), dt >> np.maximum(power, 0))
    return _int32(mantissa * 17180) >> 15, power + 2


def exponent(alpha: Ints, mantissa: Ints, shift: Ints) -> Ints:
    """s = alpha * dt in Q26, at most 12."""
    high = _int32((alpha >> 15) * mantissa)
    low = _int32((alpha & 0x7FFF) * mantissa) >> 15
    left = np.maximum(shift, 0)
    product = _int32(high + low) >> np.maximum(-shift, 0)
    return np.where(product > _MOST >> left, _MOST, np.minimum(product, _MOST >> left) << left)


def gain(s: Ints, decay: Ints) -> Ints:
    """1 - exp(-s) in Q30: a table of exp in steps of 1/16 and 1 - r + r^2/2 around its nodes."""
    node = (s + (1 << 21)) >> 22
    rest = s - (node << 22)
    short = rest >> 6
    part = rest - (_int32(short * short) >> 15)
    kept = decay[node]
    far = ((65536 - kept) << 14) + (_int32(kept * (part >> 6)) >> 6)
    return _int32(np.where(node == 0, part << 4, far))


def move(value: Ints, target: Ints, gain_q30: Ints) -> Ints:
    """value + gain * (target - value), a Q30 value and a Q15 target."""
    way = target - (value >> 15)
    coarse = _int32(way * (gain_q30 >> 15))
    fine = _int32(way * (gain_q30 & 0x7FFF)) >> 15
    return _int32(value + coarse + fine)


class FixedReference:
    """An int8 model's tensors and settings, and the state of `streams` runs side by side.

    Every array of the state has one row a stream. Times are differences in microseconds.
    """

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        def whole(name: str) -> Ints:
            return np.asarray(tensors[name]).astype(np.int64)

        # Products are summed in float64, where integers below 2^53 are exact: much faster.
        inputs = len(settings["channels"])
        self._gates = dense(tensors, inputs).astype(np.float64).T
        self._readout = whole("readout.weight").astype(np.float64).T
        self._gates_bias, self._readout_bias = whole("gates.bias"), whole("readout.bias")
        self._gates_factor = _unpack(whole("gates.multiplier"))
        self._readout_factor = _unpack(whole("readout.multiplier"))
        self._alpha_table, self._drive_table = whole("table.alpha"), whole("table.drive")
        self._decay = whole("table.decay")
        self._reciprocal = whole("table.reciprocal") if "table.reciprocal" in tensors else None
        self._mean_rate = int(settings["mean_rate"])
        self._input_first = settings["convention"] == "current"
        self._output_unit = 0.5 ** int(settings["output_bits"])
        self._state_scale = float(settings["state_scale"])
        normalisation = settings["normalisation"]
        self._offset = np.array(normalisation["offset"], dtype=np.float64)
        self._scale = np.array(normalisation["scale"], dtype=np.float64)
        hidden = self._gates.shape[1] // 2
        self.hidden = hidden
        self.state: Ints = np.zeros((streams, hidden), np.int64)
        self.mean: Ints = np.zeros((streams, hidden), np.int64)
        self.confidence: Ints = np.zeros((streams, 1), np.int64)
        self.inputs: Ints = np.zeros((streams, len(self._offset)), np.int64)
        self.alpha, self.target = self._evaluate()

    def normalised(self, values: ArrayLike) -> Ints:
        """Physical values as inputs in Q12, saturated."""
        u = (np.asarray(values, dtype=np.float64) - self._offset) * self._scale
        return np.clip(np.floor(u * 4096 + 0.5), -INPUT_LIMIT, INPUT_LIMIT).astype(np.int64)

    def measured(self, dt_us: ArrayLike, values: ArrayLike) -> None:
        """An event that carries physical values; NaN where a channel is not carried."""
        given = np.broadcast_to(np.asarray(values, dtype=np.float64), self.inputs.shape)
        missing = np.isnan(given)
        fresh = self.normalised(np.where(missing, self._offset, given))
        self.event(dt_us, np.where(missing, self.inputs, fresh))

    def event(self, dt_us: ArrayLike, inputs: ArrayLike) -> None:
        """An event `dt_us` >= 0 after the last one; `inputs` in Q12, all channels."""
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
        mantissa, shift = interval(np.maximum(dt, 1))
        alpha, target = self._evaluate()
        self.alpha = np.where(moving, alpha, self.alpha)
        self.target = np.where(moving, target, self.target)
        gains = gain(exponent(self.alpha, mantissa, shift), self._decay)
        self.state = np.where(moving, move(self.state, self.target, gains), self.state)
        if self._mean_rate:
            share = gain(exponent(np.array(self._mean_rate), mantissa, shift), self._decay)
            self._average(np.where(moving, share, 0))

    def outputs(self) -> Ints:
        """(streams, outputs), integers in units of 2^-output_bits."""
        feature = _rounded(self.mean if self._mean_rate else self.state)
        total = self._readout_bias + (feature @ self._readout).astype(np.int64)
        return mul_shift(_int32(total), *self._readout_factor)

    def values(self) -> Floats:
        """The outputs as the user's numbers."""
        return self.outputs() * self._output_unit

    def states(self) -> Floats:
        """The state as the float path has it."""
        return self.state * (self._state_scale / ONE)

    def _evaluate(self) -> tuple[Ints, Ints]:
        """(alpha, target) for the present state and inputs."""
        factors = np.concatenate([_rounded(self.state), self.inputs], axis=1)
        total = self._gates_bias + (factors @ self._gates).astype(np.int64)
        z = np.clip(mul_shift(_int32(total), *self._gates_factor), -16384, 16383)
        alpha = look_up(self._alpha_table, z[:, : self.hidden])
        target = look_up(self._drive_table, z[:, self.hidden :])
        if self._reciprocal is not None:
            inverse = look_up(self._reciprocal, z[:, : self.hidden])
            target = _int32(target * inverse) >> 15
        return alpha, target

    def _average(self, share: Ints) -> None:
        """Take the new state into the mean; `share` is the interval's gain, one a stream."""
        missing = ONE - self.confidence
        gained = (missing >> 15) * (share >> 15)
        gained = gained + (_int32((missing & 0x7FFF) * (share >> 15)) >> 15)
        gained = gained + (_int32((missing >> 15) * (share & 0x7FFF)) >> 15)
        grown = _int32(self.confidence + gained)
        grown = np.where(grown > ONE - 1024, ONE, grown)
        part = np.where(share >= grown, ONE, (share << 30) // np.maximum(grown, 1))
        rate = np.where(self.confidence < ONE, part, share)
        self.confidence = np.where(share > 0, grown, self.confidence)
        moved = move(self.mean, self.state >> 15, rate)
        self.mean = np.where(share > 0, moved, self.mean)


def _rounded(state: Ints) -> Ints:
    """Q30 as a factor of the product, Q12."""
    return (state + (1 << 17)) >> 18


def _unpack(packed: Ints) -> tuple[Ints, Ints]:
    return packed & 0xFFFF, packed >> 16
