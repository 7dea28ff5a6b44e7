"""Counts the cycles of the decay cell's step from its machine code: docs/bench/cycles.md.

    python -m host_tools.bench.cycles

The step runs on an emulated core, and every instruction of its trace is counted with the cycles
that Arm publishes for it. Needs unicorn, which the test extra installs.
"""

import argparse
from array import array
from collections.abc import Callable
from dataclasses import dataclass

from host_tools import files
from host_tools.bench import float_cycles
from host_tools.bench.core import Core
from host_tools.bench.machine_code import machine_code
from host_tools.bench.timings import Instruction, count, m0_plus, m4
from host_tools.bench.traces import calls, decoded
from host_tools.paths import DOCS, FIRMWARE, need_checkout
from host_tools.printing import note
from rivulet.integers import choice, decay, layout

PAGE = DOCS / "bench" / "cycles.md"
_INPUTS, _OUTPUTS = 4, 4
_UNITS = 32, 64
_INTERVAL_US = 10000
_WORDS, _WEIGHTS, _INPUT_MAP = 0x20000000, 0x30000000, 0x40000000


@dataclass(frozen=True)
class Row:
    """A core, the module and architecture that run on it, and how its cycles are counted."""

    core: str
    cpu: str
    kernel: str
    arch: str
    cycles: Callable[[Instruction, Instruction | None], int]


ROWS = (
    Row("Cortex-M0+", "M0", "thumb", "armv6m", m0_plus),
    Row("Cortex-M4, P = 1", "M4", "thumb", "armv7em", m4(1)),
    Row("Cortex-M4, P = 3", "M4", "thumb", "armv7em", m4(3)),
    Row("Cortex-M4, P = 1", "M4", "dsp", "armv7em", m4(1)),
    Row("Cortex-M4, P = 3", "M4", "dsp", "armv7em", m4(3)),
)
# The rows with DSP of the same cores.
_FLOAT_CORES = {row.core: row.cycles for row in ROWS if row.kernel == "dsp"}
_PAGE = """\
# Cycles of the decay cell's step

Written by `python -m host_tools.bench.cycles`: {inputs} inputs, {outputs} outputs from the mean,
dense int8 weights. Counted, not measured: the machine code ran on an emulated core, and each
instruction of the trace counts as many cycles as Arm's manual gives. Memory has no wait states
here, and flash caches never miss. On a Cortex-M4, a branch that is taken refills the pipeline in P
cycles, 1 to 3. Arm publishes no such cycles for the M33 and the M7.

| core | kernel | units | weights of the gates | cycles a weight, all in | cycles of a step |
| --- | --- | ---: | ---: | ---: | ---: |
{rows}

"All in" is everything between the call of the product and its return: the sum of the vector,
the biases, loops and results included.

## In floats

A model in float32 on a core with a single-precision floating-point unit, with the mean and the
outputs in the step. The ratio is to the integers with DSP in the table above, on the same core.

| core | kernel | units | weights | cycles a weight, all in | cycles of a step | ratio |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
{floats}

The unit takes three cycles a weight at least: one to load it, one to multiply and one to add (a
fused multiply-add takes three by itself). The integers take 1.24 at least. So the ratio grows with
the number of units. The mean's own weight is not in the count: Python computes it, before the
kernels are called.
"""


def page() -> str:
    """Return the page's current text."""
    rows = []
    steps = {}
    for row in ROWS:
        for units in _UNITS:
            weights, product, step = measure(row, units)
            steps[row.core, row.kernel, units] = step
            rows.append(_line(row.core, row.kernel, units, weights, product, step))
    floats = []
    for core, cycles in _FLOAT_CORES.items():
        for units in _UNITS:
            made = float_cycles.measure(units, _INPUTS, _OUTPUTS, cycles)
            ratio = made[2] / steps[core, "dsp", units]
            floats.append(f"{_line(core, 'fpu', units, *made)} {ratio:.2f} |")
    return _PAGE.format(
        inputs=_INPUTS, outputs=_OUTPUTS, rows="\n".join(rows), floats="\n".join(floats)
    )


def _line(core: str, kernel: str, units: int, weights: int, product: int, step: int) -> str:
    return f"| {core} | {kernel} | {units} | {weights} | {product / weights:.2f} | {step} |"


def measure(row: Row, units: int) -> tuple[int, int, int]:
    """Return (weights of the gates, cycles of their product, cycles of a step)."""
    (code,) = machine_code(FIRMWARE / "rivulet" / "integers" / f"decay_{row.kernel}.py", row.arch)
    core = Core(code, memory=(_WORDS, _WEIGHTS, _INPUT_MAP), cpu=row.cpu, traced=True)
    words, weights = _model(units)
    input_map = array("i", (0,))
    for at, data in ((_WORDS, words), (_WEIGHTS, weights), (_INPUT_MAP, input_map)):
        core.uc.mem_write(at, bytes(data))
    core.call(_WORDS, _WEIGHTS, _INTERVAL_US, _INPUT_MAP)
    trace = decoded(code, core.trace)
    # The product of the gates is by far the longest of the step's calls.
    product = max(count(call, row.cycles) for call in calls(trace, core.trace))
    return words[layout.ROWS] * words[layout.COLUMNS], product, count(trace, row.cycles)


def _model(units: int) -> tuple["array[int]", bytearray]:
    words: array[int] = decay.words_for(units, _INPUTS, _OUTPUTS, layout.MEAN)
    weights = layout.weights_for(words)
    choice.fill(weights)
    for entry, length, first, step in (
        (layout.MULTIPLIER_AT, 2 * units, 20000 | 8 << 16, 0),
        (layout.OUT_MULTIPLIER_AT, _OUTPUTS, 20000 | 4 << 16, 0),
        (layout.ALPHA_TABLE_AT, layout.NODES, 50000, 50000),
        (layout.DRIVE_TABLE_AT, layout.NODES, -25600, 100),
        (layout.DECAY_TABLE_AT, layout.DECAY_NODES, 60000, -310),
    ):
        layout.view(words, entry, length)[:] = array(
            "i", [first + i * step for i in range(length)]
        )
    layout.view(words, layout.ALPHA_AT, units + 1)[units] = 1 << 19
    return words, weights


def main() -> None:
    need_checkout("counting cycles")
    argparse.ArgumentParser(prog="python -m host_tools.bench.cycles").parse_args()
    files.write_text(PAGE, page())
    note(f"written: {PAGE}")


if __name__ == "__main__":
    main()
