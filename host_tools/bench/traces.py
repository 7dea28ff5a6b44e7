"""Instructions of a trace, and the calls among them."""

from host_tools.bench.core import CODE
from host_tools.bench.timings import Instruction, decode


def decoded(code: bytes, trace: list[tuple[int, int]]) -> list[Instruction]:
    """Return the instructions of a trace, which `Core` took of the code."""
    following = [at for at, _ in trace[1:]] + [0]
    made = []
    for (at, size), after in zip(trace, following, strict=True):
        halves = [
            int.from_bytes(code[at - CODE + i : at - CODE + i + 2], "little") for i in (0, 2)
        ]
        made.append(decode(halves[0], halves[1], after != at + size))
    return made


def calls(
    instructions: list[Instruction], trace: list[tuple[int, int]]
) -> list[list[Instruction]]:
    """Return the instructions of each call, from the branch to the return."""
    found = []
    for i, each in enumerate(instructions):
        if each.kind == "call":
            back = trace[i][0] + trace[i][1]
            end = next(j for j in range(i, len(trace)) if trace[j][0] == back)
            found.append(instructions[i:end])
    return found
