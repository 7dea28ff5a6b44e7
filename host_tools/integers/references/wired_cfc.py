"""The integer step of a wired CfC model in numpy."""

from typing import Any

import numpy as np

from host_tools.integers.reference import Ints, Tensors, short
from host_tools.integers.references.cfc import Heads
from host_tools.integers.references.mixed import ReferenceWithMemory


class WiredCfcReference(ReferenceWithMemory):
    """The reference of the wired CfC."""

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        super().__init__(tensors, settings, streams)
        self._rate_shift = 20 - int(settings["rate_bits"])
        self._layers = []
        first = 0
        for i, units in enumerate(settings["layers"]):
            own = slice(first, first + units)
            self._layers.append((own, Heads(tensors, settings, f"layer{i}.", own)))
            first += units
        self.alpha = self._moved(np.ones_like(self.confidence))[0]

    def _advance(self, x: Ints, dt_us: Ints) -> tuple[Ints, Ints]:
        span = self._span(dt_us)
        below, rates, states = self.inputs, [], []
        for own, heads in self._layers:
            factors = np.concatenate([below, short(x[:, own])], axis=1)
            alpha, state = heads.moved(factors, *span)
            below = short(state)
            rates.append(alpha)
            states.append(state)
        return np.concatenate(rates, axis=1), np.concatenate(states, axis=1)
