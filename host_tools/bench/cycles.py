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
from host_tools.bench.core import CODE, Core
from host_tools.bench.machine_code import machine_code
from host_tools.bench.timings import Instruction, count, decode, m0_plus, m4
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
"""


def page() -> str:
    """Return the page's current text."""
    rows = []
    for row in ROWS:
        for units in _UNITS:
            weights, product, step = measure(row, units)
            rows.append(
                f"| {row.core} | {row.kernel} | {units} | {weights} | {product / weights:.2f} | "
                f"{step} |"
            )
    return _PAGE.format(inputs=_INPUTS, outputs=_OUTPUTS, rows="\n".join(rows))


def measure(row: Row, units: int) -> tuple[int, int, int]:
    """Return (weights of the gates, cycles of their product, cycles of a step)."""
    (code,) = machine_code(FIRMWARE / "rivulet" / "integers" / f"decay_{row.kernel}.py", row.arch)
    core = Core(code, memory=(_WORDS, _WEIGHTS, _INPUT_MAP), cpu=row.cpu)
    words, weights = _model(units)
    input_map = array("i", (0,))
    for at, data in ((_WORDS, words), (_WEIGHTS, weights), (_INPUT_MAP, input_map)):
        core.uc.mem_write(at, bytes(data))
    core.call(_WORDS, _WEIGHTS, _INTERVAL_US, _INPUT_MAP)
    trace = _decoded(code, core.trace)
    # The product of the gates is by far the longest of the step's calls.
    product = max(count(call, row.cycles) for call in _calls(trace, core.trace))
    return words[layout.ROWS] * words[layout.COLUMNS], product, count(trace, row.cycles)


def _decoded(code: bytes, trace: list[tuple[int, int]]) -> list[Instruction]:
    following = [at for at, _ in trace[1:]] + [0]
    made = []
    for (at, size), after in zip(trace, following, strict=True):
        halves = [
            int.from_bytes(code[at - CODE + i : at - CODE + i + 2], "little") for i in (0, 2)
        ]
        made.append(decode(halves[0], halves[1], after != at + size))
    return made


def _calls(
    instructions: list[Instruction], trace: list[tuple[int, int]]
) -> list[list[Instruction]]:
    """Return the instructions of each call, from the branch to the return."""
    calls = []
    for i, each in enumerate(instructions):
        if each.kind == "call":
            back = trace[i][0] + trace[i][1]
            end = next(j for j in range(i, len(trace)) if trace[j][0] == back)
            calls.append(instructions[i:end])
    return calls


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
