"""Published cycles of instructions, and the count of a trace.

Cortex-M0+: its Technical Reference Manual (DDI 0484), table 3-1, with the one-cycle multiplier of
the RP2040. Cortex-M4: its Technical Reference Manual (DDI 0439), table 3-1; a branch that is taken
refills the pipeline in P cycles, 1 to 3. Those of its floating-point unit are table 7-1; a result
of its arithmetic that the next instruction uses takes one cycle more. Arm publishes no such table
for the M33 and the M7. The count is of the core alone: memory without wait states, and no cache.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Instruction:
    """An executed instruction: its kind, and how many registers it moves.

    kind: "alu", "load", "store", "multiple", "pop pc", "branch", "call" or "jump" (to a register);
    of the floating-point unit "float" (arithmetic and conversions), "divide", "float move", "float
    load" or "multiple". result, operands: numbers of single registers.
    """

    kind: str
    registers: int = 0
    taken: bool = False
    result: int | None = None
    operands: frozenset[int] = frozenset()


def decode(first: int, second: int, taken: bool) -> Instruction:
    """Return the instruction of these halfwords; taken: whether another than the next follows.

    Raises ValueError if a table has no single figure for it.
    """
    if first >> 11 in (0b11101, 0b11110, 0b11111):
        return _wide(first, second, taken)
    if first >> 12 == 0xD or first >> 11 == 0b11100:
        return Instruction("branch", taken=taken)
    if taken and first >> 8 == 0xBD:
        return Instruction("pop pc", (first & 0x1FF).bit_count())
    if taken:
        return Instruction("jump", taken=True)
    if first >> 9 in (0b1011010, 0b1011110):
        return Instruction("multiple", (first & 0x1FF).bit_count())
    if first >> 12 == 0xC:
        return Instruction("multiple", (first & 0xFF).bit_count())
    if first >> 12 == 5:
        return Instruction("load" if first >> 9 & 7 >= 3 else "store", 1)
    if first >> 12 in (6, 7, 8, 9):
        return Instruction("load" if first & 0x800 else "store", 1)
    return Instruction("load" if first >> 11 == 0b01001 else "alu")


def _wide(first: int, second: int, taken: bool) -> Instruction:
    if first >> 8 in (0xEC, 0xED, 0xEE) and second >> 8 & 15 == 10:
        return _single(first, second)
    if first >> 11 == 0b11110 and second & 0x8000:
        return Instruction("call" if second & 0x4000 else "branch", taken=taken)
    if first & 0xFE40 == 0xE800:
        kind = "pop pc" if taken else "multiple"
        return Instruction(kind, second.bit_count())
    if first & 0xFE00 == 0xF800:
        return Instruction("load" if first & 0x10 else "store", 1)
    if first & 0xFE40 == 0xE840 or first & 0xFFD0 == 0xFB90:
        raise ValueError(f"no cycles are known for 0x{first:04X} 0x{second:04X}")
    return Instruction("alu")


def _single(first: int, second: int) -> Instruction:
    """Return an instruction of the floating-point unit in single precision.

    Raises ValueError for one that no recipe uses.
    """
    target = (second >> 12) << 1 | first >> 6 & 1
    left = (first & 15) << 1 | second >> 7 & 1
    right = (second & 15) << 1 | second >> 5 & 1
    loads = first >> 4 & 1
    if first >> 8 != 0xEE:
        one = first & 0xFF20 == 0xED00  # vldr, vstr
        count = 1 if one else second & 0xFF
        stored = frozenset() if loads else frozenset(range(target, target + count))
        return Instruction("float load" if one else "multiple", count, operands=stored)
    if second & 0x10:
        # To or from a register of the core; vmrs moves the flags.
        read = {left} if first >> 4 == 0xEE1 else ()
        return Instruction("float move", 1, operands=frozenset(read))
    opcode = first >> 4 & 0xB
    if opcode == 0xB:
        number = first & 15
        if number == 4 or number == 5:
            compared = {target} if number == 5 else {target, right}
            return Instruction("float move", operands=frozenset(compared))
        if number == 0 and second >> 6 & 3 == 1:
            return Instruction("float move", operands=frozenset({right}))
        return Instruction("float", result=target, operands=frozenset({right}))
    if opcode not in (2, 3, 8) or (opcode == 2 and second & 0x40):
        raise ValueError(f"no cycles are known for 0x{first:04X} 0x{second:04X}")
    kind = "divide" if opcode == 8 else "float"
    return Instruction(kind, result=target, operands=frozenset({left, right}))


def m0_plus(each: Instruction, _: Instruction | None) -> int:
    """Return the cycles of an instruction on a Cortex-M0+."""
    if each.kind == "branch":
        return 2 if each.taken else 1
    simple = {"alu": 1, "load": 2, "store": 2, "call": 3, "jump": 2}
    if each.kind in simple:
        return simple[each.kind]
    return each.registers + (3 if each.kind == "pop pc" else 1)


def m4(refill: int) -> Callable[[Instruction, Instruction | None], int]:
    """Return what counts the cycles of an instruction on a Cortex-M4 with P = refill.

    It takes the instruction before as well: a load or store directly after another one takes one
    cycle.
    """

    def cycles(each: Instruction, before: Instruction | None) -> int:
        waits = before is not None and before.result in each.operands
        return waits + own(each, before)

    def own(each: Instruction, before: Instruction | None) -> int:
        if each.kind == "divide":
            return 14
        if each.kind == "float load":
            return 2
        if each.kind in ("load", "store"):
            follows = before is not None and before.kind in ("load", "store")
            return 1 if follows or each.kind == "store" else 2
        if each.kind in ("multiple", "pop pc"):
            return 1 + each.registers + (refill if each.kind == "pop pc" else 0)
        return 1 if not each.taken else 1 + refill

    return cycles


def count(
    instructions: list[Instruction], cycles: Callable[[Instruction, Instruction | None], int]
) -> int:
    """Return the cycles of a trace."""
    before: list[Instruction | None] = [None, *instructions]
    return sum(map(cycles, instructions, before))
