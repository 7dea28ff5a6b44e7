"""The integer step of a CfC model in numpy."""

from typing import Any

import numpy as np

from host_tools.integers.reference import (
    Ints,
    Layer,
    Tensors,
    clamped,
    exponent,
    gain,
    int32,
    look_up,
    short,
    whole,
)
from host_tools.integers.references.mixed import ReferenceWithMemory
from rivulet.integers.arithmetic import ONE

_COARSER = 6  # from Q26 to Q20


class Heads:
    """The heads of some units, and the closed form behind them.

    prefix: of the tensors' names. units: which of all units they are.
    """

    def __init__(
        self, tensors: Tensors, settings: dict[str, Any], prefix: str, units: slice
    ) -> None:
        self._settings = settings
        self._driven = Layer(tensors, f"{prefix}heads")
        self._tables = {name: whole(tensors, name) for name in tensors if name[:6] == "table."}
        if settings["mode"] == "pure":
            self._constants = [
                whole(tensors, f"pure.{name}")[units] for name in ("leak", "rest", "factor")
            ]
        else:
            self._timed = Layer(tensors, f"{prefix}times")

    def moved(self, factors: Ints, mantissa: Ints, shift: Ints) -> tuple[Ints, Ints]:
        """Return (alpha, state) after an interval, from the inputs of the heads."""
        if self._settings["mode"] == "pure":
            return self._pure(self._driven(factors), mantissa, shift)
        return self._gated(factors, mantissa, shift - _COARSER)

    def _gated(self, factors: Ints, mantissa: Ints, shift: Ints) -> tuple[Ints, Ints]:
        driven = look_up(self._tables["table.tanh"], clamped(self._driven(factors)))
        g1, g2 = np.split(driven, 2, axis=1)
        rate, offset = np.split(self._timed(factors), 2, axis=1)
        size = np.minimum(np.abs(rate), ONE - 1)
        elapsed = np.sign(rate) * exponent(size, mantissa, shift)
        t = int32(int32(offset << self._settings["gate_shift"]) + elapsed)
        share = look_up(self._tables["table.sigmoid"], clamped(int32(t + 512) >> 10))
        if self._settings["mode"] == "no_gate":
            state = (g1 << 14) + (int32(g2 * share) >> 1)
        else:
            state = (g1 << 15) + int32((g2 - g1) * share)
        return np.maximum(size, 1), int32(state) >> int(self._settings.get("memory_fit", 0))

    def _pure(self, f: Ints, mantissa: Ints, shift: Ints) -> tuple[Ints, Ints]:
        leak, rest, factor = self._constants
        alpha = np.clip(int32(np.abs(f) + leak), 1, ONE - 1)
        kept = ONE - gain(exponent(alpha, mantissa, shift), self._tables["table.decay"])
        down = int(self._settings["f_shift"])
        limit = int(self._settings["f_limit"])
        coarse = np.clip(int32(f + ((1 << down) >> 1)) >> down, -limit, limit)
        pull = int32(coarse * factor) >> int(self._settings["p_shift"])
        state = int32(rest - int32((pull >> 15) * (kept >> 15)))
        state = state - (int32((pull & 0x7FFF) * (kept >> 15)) >> 15)
        state = int32(state - (int32((pull >> 15) * (kept & 0x7FFF)) >> 15))
        return alpha, np.clip(state, 1 - ONE, ONE - 1)


class CfcReference(ReferenceWithMemory):
    """The reference of the CfC cell."""

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        super().__init__(tensors, settings, streams)
        self._rate_shift = 20 - int(settings["rate_bits"])
        names = [f"backbone{i}" for i in range(len(settings["backbone"]))]
        self._backbone = [Layer(tensors, name) for name in names]
        if names:
            self._activation = whole(tensors, "table.activation")
        self._heads = Heads(tensors, settings, "", slice(None))
        self.alpha = self._moved(np.ones_like(self.confidence))[0]

    def _advance(self, x: Ints, dt_us: Ints) -> tuple[Ints, Ints]:
        factors = np.concatenate([short(x), self.inputs], axis=1)
        for layer in self._backbone:
            factors = look_up(self._activation, clamped(layer(factors)))
        return self._heads.moved(factors, *self._span(dt_us))
