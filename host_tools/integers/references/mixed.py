"""The integer step of mixed memory in numpy."""

from typing import Any

import numpy as np

from host_tools.integers.reference import (
    LONGEST_US,
    Ints,
    Layer,
    Reference,
    Tensors,
    clamped,
    int32,
    look_up,
    short,
    whole,
)
from rivulet.integers.arithmetic import ONE


class Memory:
    """The LSTM that updates [x; c] before the cell moves x."""

    def __init__(self, tensors: Tensors, settings: dict[str, Any]) -> None:
        self._candidate = Layer(tensors, "memory.candidate")
        self._gates = Layer(tensors, "memory.gates")
        self._tanh, self._sigmoid, self._forget = (
            whole(tensors, f"table.{name}") for name in ("tanh", "sigmoid", "forget")
        )
        self._shift = int(settings["memory_shift"])
        self._bits = int(settings["rate_bits"])

    def moved(self, state: Ints, inputs: Ints, dt_us: Ints) -> tuple[Ints, Ints, Ints]:
        """Return (x, c, rates of c) after an interval of `dt_us` > 0."""
        x, c = np.split(state, 2, axis=1)
        factors = np.concatenate([short(x), inputs], axis=1)
        a = look_up(self._tanh, clamped(self._candidate(factors)))
        arguments = [clamped(z) for z in np.split(self._gates(factors), 3, axis=1)]
        enter, forget, leave = (look_up(self._sigmoid, z) for z in arguments)
        kept = int32((c >> 15) * forget) + (int32((c & 0x7FFF) * forget) >> 15)
        c = np.clip(int32(kept + (int32(a * enter) >> self._shift)), 1 - ONE, ONE - 1)
        z = clamped((c + (1 << (18 - self._shift))) >> (19 - self._shift))
        x = int32(look_up(self._tanh, z) * leave) >> self._shift
        return x, c, self._rates(look_up(self._forget, arguments[1]), dt_us)

    def _rates(self, lost: Ints, dt_us: Ints) -> Ints:
        dt = np.minimum(dt_us, LONGEST_US)
        power = np.frexp(dt.astype(np.float64))[1].astype(np.int64) - 16
        mantissa = np.where(power < 0, dt << np.maximum(-power, 0), dt >> np.maximum(power, 0))
        rate = int32(int32(lost * (ONE // mantissa)) >> 15) * 15625
        shift = np.maximum(self._bits - 20 - power, -31)
        rate = np.where(shift < 0, rate >> np.maximum(-shift, 0), rate << np.maximum(shift, 0))
        made: Ints = np.clip(rate, 1, ONE - 1)
        return made


class ReferenceWithMemory(Reference):
    """The reference of a cell that may have mixed memory; `_advance` moves the cell alone."""

    def __init__(self, tensors: Tensors, settings: dict[str, Any], streams: int = 1) -> None:
        super().__init__(tensors, settings, streams)
        self._memory = Memory(tensors, settings) if settings["mixed_memory"] else None

    def _moved(self, dt_us: Ints) -> tuple[Ints, Ints]:
        if self._memory is None:
            return self._advance(self.state, dt_us)
        x, c, rates = self._memory.moved(self.state, self.inputs, dt_us)
        alpha, x = self._advance(x, dt_us)
        return np.concatenate([alpha, rates], axis=1), np.concatenate([x, c], axis=1)

    def _advance(self, x: Ints, dt_us: Ints) -> tuple[Ints, Ints]:
        """Return (alpha, x) after an interval of `dt_us` > 0 under the held inputs."""
        raise NotImplementedError
