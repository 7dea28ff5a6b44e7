"""The integer step of a cascade in numpy."""

from typing import Any

import numpy as np

from host_tools.integers.reference import (
    Ints,
    Reference,
    Tensors,
    clamped,
    exponent,
    gain,
    int32,
    look_up,
    move,
    mul_shift,
    short,
    whole,
)


class CascadeReference(Reference):
    """The reference of the cascade. Whether a kernel keeps a sum makes no difference to it."""

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        super().__init__(tensors, settings, streams)
        self._sizes: list[int] = settings["layers"]
        self._reads_inputs = bool(settings["readout_inputs"])
        # Products are summed in float64, which is exact for integers below 2^53.
        self._inward = tensors["inward.weight"].astype(np.float64).T
        self._below = [
            tensors[f"layer{k}.weight"].astype(np.float64).T
            for k in range(2, len(self._sizes) + 1)
        ]
        self._bias = whole(tensors, "inward.bias")
        packed = whole(tensors, "inward.multiplier")
        self._factor = packed & 0xFFFF, packed >> 16
        self._alpha_table = whole(tensors, "table.alpha")
        self._drive_table = whole(tensors, "table.drive")
        self.alpha = self._moved(np.ones_like(self.confidence))[0]

    def _units(self, tensors: Tensors, settings: dict[str, Any]) -> int:
        return sum(settings["layers"])

    def _moved(self, dt_us: Ints) -> tuple[Ints, Ints]:
        span = self._span(dt_us)
        sums = int32(self._bias + (self.inputs @ self._inward).astype(np.int64))
        rates: list[Ints] = []
        states: list[Ints] = []
        first = 0
        for k, size in enumerate(self._sizes):
            rows = slice(2 * first, 2 * (first + size))
            own = sums[:, rows].copy()
            if k:
                fed = (short(states[-1]) @ self._below[k - 1]).astype(np.int64)
                own[:, 2 * size - fed.shape[1] :] += fed
            z = clamped(mul_shift(int32(own), *(part[rows] for part in self._factor)))
            rates.append(look_up(self._alpha_table, z[:, :size]))
            target = look_up(self._drive_table, z[:, size:])
            gains = gain(exponent(rates[-1], *span), self._decay)
            states.append(move(self.state[:, first : first + size], target, gains))
            first += size
        return np.hstack(rates), np.hstack(states)

    def outputs(self) -> Ints:
        seen = short(self.mean if self._mean_rate else self.state)[:, -self._sizes[-1] :]
        if self._reads_inputs:
            seen = np.hstack([seen, self.inputs])
        return self._readout(seen)
