"""The integer step of an LTC model in numpy."""

from typing import Any

import numpy as np

from host_tools.integers.reference import (
    Floats,
    Ints,
    Tensors,
    clamped,
    int32,
    look_up,
    move,
    mul_shift,
    short,
    whole,
)
from host_tools.integers.references.mixed import ReferenceWithMemory
from rivulet.integers.arithmetic import ONE


class LtcReference(ReferenceWithMemory):
    """The reference of the LTC cell."""

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        super().__init__(tensors, settings, streams)
        self._unfolds = int(settings["unfolds"])
        self._scale_q28 = int(settings["step_micro"])
        self._rate_shift = 20 - int(settings["rate_bits"]) - int(settings["step_shift"])
        names = ("source", "sigma", "offset", "conductance", "current")
        parts = [whole(tensors, f"synapse.{name}") for name in names]
        counts = np.split(whole(tensors, "synapse.counts"), 2)
        sensory = int(counts[0].sum())
        shifts = int(settings["sensory_shift"]), int(settings["recurrent_shift"])
        self._sensory = _Synapses([part[:sensory] for part in parts], counts[0], shifts[0])
        self._recurrent = _Synapses([part[sensory:] for part in parts], counts[1], shifts[1])
        self._table = whole(tensors, "table.sigmoid")
        self._leak = np.split(whole(tensors, "leak.bias"), 2)
        packed = whole(tensors, "rate.multiplier")
        self._factor = packed & 0xFFFF, packed >> 16
        self.alpha = self._moved(np.ones_like(self.confidence))[0]

    def _advance(self, x: Ints, dt_us: Ints) -> tuple[Ints, Ints]:
        mantissa, shift = self._span(dt_us)
        state, alpha = x, np.zeros_like(x)
        leak = [np.broadcast_to(part, state.shape) for part in self._leak]
        held = self._sensory.sums(leak, self._seen(state), self._table)
        for _ in range(self._unfolds):
            conductance, current = self._recurrent.sums(held, self._seen(state), self._table)
            alpha = np.clip(mul_shift(conductance, *self._factor), 1, ONE - 1)
            high = int32((alpha >> 15) * mantissa)
            p = int32(high + (int32((alpha & 0x7FFF) * mantissa) >> 15))
            state = move(state, quotient(current, conductance), step_gain(p, shift))
        return alpha, state

    def _seen(self, state: Ints) -> Ints:
        # No synapse comes from a memory.
        memories = self.state[:, state.shape[1] :]
        return np.concatenate([short(state), memories, self.inputs], axis=1)


class _Synapses:
    """The synapses of the inputs, or those of the neurons."""

    def __init__(self, parts: list[Ints], counts: Ints, shift: int) -> None:
        self._source, self._sigma, self._offset, self._conductance, self._current = parts
        self._shift = shift
        target = np.repeat(np.arange(len(counts)), counts)
        # A product in float64 sums over targets: exact, and much faster than integers.
        self._onto: Floats = (target[:, None] == np.arange(len(counts))).astype(np.float64)

    def sums(self, begin: list[Ints], seen: Ints, table: Ints) -> list[Ints]:
        """Return [conductances, currents] of all neurons, starting from the sums `begin`."""
        z = int32(int32(seen[:, self._source] * self._sigma) + self._offset) >> self._shift
        share = look_up(table, clamped(z))
        return [
            int32(first + ((part * share) @ self._onto).astype(np.int64))
            for first, part in zip(begin, (self._conductance, self._current), strict=True)
        ]


def reciprocal(d: Ints) -> tuple[Ints, Ints]:
    """Return (r, c) with 1 / d = r 2^-(30 + c), d > 0.

    The relative error is above -2^-14 and below 2^-15.
    """
    shift = np.frexp(d.astype(np.float64))[1].astype(np.int64) - 16
    inverse: Ints = ONE // shifted(d, shift)
    return inverse, shift


def quotient(numerator: Ints, d: Ints) -> Ints:
    """Return numerator / d in Q15, for |numerator| <= d."""
    inverse, shift = reciprocal(np.maximum(d, 1))
    made: Ints = np.clip(int32(shifted(numerator, shift) * inverse) >> 15, -32767, 32767)
    return made


def step_gain(p: Ints, shift: Ints) -> Ints:
    """Return s / (1 + s) in Q30, for s = p 2^(shift - 26)."""
    half = p >> 1
    one = np.broadcast_to(25 - shift, p.shape)
    right = np.maximum(one - 29, 0)
    unit = np.where(one >= 0, 1 << np.maximum(one - right, 0), 0)
    inverse, down = reciprocal(np.maximum(int32((half >> right) + unit), 1))
    high = int32((half >> 15) * inverse)
    k = int32(high + (int32((half & 0x7FFF) * inverse) >> 15))
    made: Ints = np.minimum(shifted(k, down + right - 15), ONE)
    return made


def shifted(value: Ints, right: Ints) -> Ints:
    """Return value >> right, shifted to the left where `right` is negative."""
    down: Ints = value >> np.clip(right, 0, 62)
    up: Ints = value << np.clip(-right, 0, 30)
    return int32(np.where(right > 0, down, up))
