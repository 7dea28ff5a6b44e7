"""Counts the cycles of the decay cell's step in floats on a core with a floating-point unit."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from host_tools.bench.core import Core
from host_tools.bench.machine_code import machine_code
from host_tools.bench.timings import Instruction, count
from host_tools.bench.traces import calls, decoded
from host_tools.paths import FIRMWARE
from rivulet.arrays.fpu import sizes_of
from rivulet.cells import float_step

_MEMORY = 0x20000000
_BYTES = 0x80000
_Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@dataclass(frozen=True)
class Step:
    """What the kernel leaves: the sums of both gates, rates, targets and states."""

    sums: _Floats
    rates: _Floats
    targets: _Floats
    state: _Floats


class FloatCore:
    """An emulated core with a floating-point unit that runs the kernels of a decay cell."""

    def __init__(self, cpu: str = "M4", traced: bool = False) -> None:
        """cpu, traced: as Core takes them."""
        self._codes = {
            name: machine_code(FIRMWARE / "rivulet" / folder / f"{name}.py", "armv7emsp")[0]
            for folder, name in (
                ("cells", "decay_fpu"),
                ("arrays", "dot_fpu"),
                ("arrays", "blend_fpu"),
            )
        }
        self._cores = {
            name: Core(code, memory=(_MEMORY,), cpu=cpu, traced=traced)
            for name, code in self._codes.items()
        }

    def step(
        self,
        gates: _Floats,
        joint: _Floats,
        seconds: float,
        *,
        additive: bool = False,
        lowest: float = 0.05,
        highest: float = 30.0,
    ) -> Step:
        """Run the step. gates: (2 n, n + m + 1); joint: state, inputs, 1."""
        n = len(gates) // 2
        uc = self._cores["decay_fpu"].uc
        # Behind each array one more float, which has to stay.
        data = [gates, joint, *(np.zeros(size, np.float32) for size in (2 * n, n, n))]
        at = [_MEMORY + 0x1000]
        for array in data:
            guarded = np.append(array.ravel(), np.float32(1.5)).astype(np.float32)
            uc.mem_write(at[-1], guarded.tobytes())
            at.append(at[-1] + guarded.nbytes)
        block = float_step.packed(at[:5], n, len(joint), additive, (lowest, highest))
        uc.mem_write(_MEMORY, bytes(block))
        uc.mem_write(_MEMORY + 0x800, np.float32(seconds).tobytes())
        self._cores["decay_fpu"].call(_MEMORY, _MEMORY + 0x800)
        found = []
        for array, begin in zip(data, at, strict=False):
            values = np.frombuffer(bytes(uc.mem_read(begin, 4 * array.size + 4)), np.float32)
            assert values[-1] == 1.5, "it wrote beyond an array"
            found.append(values[:-1])
        return Step(found[2], found[3], found[4], found[1][:n])

    def product(self, matrix: _Floats, vector: _Floats) -> _Floats:
        """Run the product of at least four rows."""
        rows, columns = matrix.shape
        places = [_MEMORY + part * 0x20000 for part in range(4)]
        uc = self._cores["dot_fpu"].uc
        out = np.ones(rows + 1, np.float32)
        given = (each.tobytes() for each in (matrix, vector, out, sizes_of(rows, columns)))
        for at, data in zip(places, given, strict=True):
            uc.mem_write(at, data)
        self._cores["dot_fpu"].call(*places)
        values = np.frombuffer(bytes(uc.mem_read(places[2], 4 * rows + 4)), np.float32)
        assert values[-1] == 1.0, "it wrote behind the result"
        return values[:-1]

    def blend(self, mean: _Floats, state: _Floats, kept: float) -> _Floats:
        """Run the mean of the state."""
        places = [_MEMORY + part * 0x20000 for part in range(3)]
        uc = self._cores["blend_fpu"].uc
        given = np.append(mean, np.float32(1.5)), state, np.float32(kept)
        for at, data in zip(places, given, strict=True):
            uc.mem_write(at, data.tobytes())
        self._cores["blend_fpu"].call(*places, len(mean))
        values = np.frombuffer(bytes(uc.mem_read(places[0], 4 * len(mean) + 4)), np.float32)
        assert values[-1] == 1.5, "it wrote behind the mean"
        return values[:-1]

    def trace(self, name: str) -> tuple[list[Instruction], list[list[Instruction]]]:
        """Return the instructions of a traced kernel's last run, and those of each call in it."""
        found = decoded(self._codes[name], self._cores[name].trace)
        return found, calls(found, self._cores[name].trace)


def measure(
    units: int, inputs: int, outputs: int, cycles: Callable[[Instruction, Instruction | None], int]
) -> tuple[int, int, int]:
    """Return (weights of the gates, cycles of their product, cycles of a step).

    The step has the mean of the state and the outputs in it.
    """
    random = np.random.default_rng(1)

    def some(*shape: int) -> _Floats:
        return random.normal(0, 0.3, shape).astype(np.float32)

    core = FloatCore(traced=True)
    width = units + inputs + 1
    core.step(some(2 * units, width), some(width), 0.01)
    core.blend(some(units), some(units), 0.5)
    core.product(some(outputs, units + 1), some(units + 1))
    step, (product,) = core.trace("decay_fpu")
    parts = [step, core.trace("blend_fpu")[0], core.trace("dot_fpu")[0]]
    return 2 * units * width, count(product, cycles), sum(count(part, cycles) for part in parts)
