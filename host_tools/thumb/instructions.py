"""Translates an instruction in ARM's syntax to a line for MicroPython's assembler.

Instructions that this assembler lacks are encoded here; they are 16-bit forms of ARMv6-M. wide.py
has the others.
"""

import re

from host_tools.thumb.vfp import is_single, vfp
from host_tools.thumb.wide import wide

_REGISTERS = {f"r{n}": n for n in range(13)} | {"sp": 13, "lr": 14, "pc": 15}
# MicroPython names these without the s.
_SET_FLAGS = {
    *("movs", "lsls", "lsrs", "asrs", "adds", "subs", "muls", "negs", "adcs", "eors", "ands"),
    "bics",
}
_BRANCHES = "b bl bx bcc bcs beq bne bge bgt ble bls blt bhi bmi bpl bne_w"
_OTHERS = {*_BRANCHES.split(), "mov", "cmp", "ldr", "str", "ldrb", "push", "pop"}


def is_register(operand: str) -> bool:
    return operand in _REGISTERS


def can_be_named(operand: str) -> bool:
    """Return whether a recipe may give this register a name."""
    return is_register(operand) or is_single(operand)


def micropython(name: str, operands: list[str]) -> str:
    """Return the line. Raises ValueError for an unknown or wrong instruction."""
    for word in re.findall(r"(?<!\w)[a-z]\w*", " ".join(operands)):
        if not can_be_named(word) and word not in ("lsl", "ror"):
            raise ValueError(f"no register is called {word}")
    if name.startswith("v"):
        return vfp(name, operands)
    two_registers = len(operands) == 2 and all(map(is_register, operands))
    if name in ("mov", "movs") and (name == "mov") != two_registers:
        raise ValueError("mov takes two registers and keeps the flags, movs takes a number")
    halves = wide(name, operands)
    if halves is not None:
        written = f"{name} {', '.join(operands)}"
        return f"data(2, 0x{halves[0]:04X}, 0x{halves[1]:04X})  # {written}"
    code = _code(name, operands)
    if code is not None:
        return f"data(2, 0x{code:04X})  # {name} {', '.join(operands)}"
    if name == "adds" and two_registers:
        operands = [operands[0], *operands]
    if name in _SET_FLAGS:
        name = "and_" if name == "ands" else name[:-1]
    elif name not in _OTHERS:
        raise ValueError(f"no instruction or macro is called {name}")
    return f"{name}({', '.join(operands)})"


def _code(name: str, operands: list[str]) -> int | None:
    """Return the encoding, or None if MicroPython's assembler has the instruction."""
    match name, operands:
        case "uxth", [target, value]:
            return 0xB280 | _low(value) << 3 | _low(target)
        case "add", [target, value]:
            return 0x4400 | _any(target, value)
        case "cmp", [first, second] if _is_high(first) or _is_high(second):
            return 0x4500 | _any(first, second)
        case (("ldr" | "str"), [register, address]):
            return _memory(int(name == "ldr") << 11, register, address)
        case (("ldm" | "stm"), [base, listed]):
            bits = sum(1 << _low(register) for register in _listed(listed))
            pointer = _low(base.removesuffix("!"))
            if bits >> pointer & 1 and base.endswith("!"):
                raise ValueError(f"{base} is written back and must not be in {listed}")
            if not bits >> pointer & 1 and not base.endswith("!"):
                raise ValueError(f"{base} must be in {listed}, or written back")
            return 0xC000 | int(name == "ldm") << 11 | pointer << 8 | bits
        case (("push" | "pop"), [listed]):
            _listed(listed)
    return None


def _memory(load: int, register: str, address: str) -> int | None:
    base, offset = address.strip("[]").split(", ")
    if is_register(offset):
        return 0x5000 | load | _low(offset) << 6 | _low(base) << 3 | _low(register)
    if base != "sp":
        return None
    if int(offset) % 4 or not 0 <= int(offset) < 1024:
        raise ValueError(f"{address}: the offset must be a multiple of 4 from 0 to 1020")
    return 0x9000 | load | _low(register) << 8 | int(offset) >> 2


def _is_high(operand: str) -> bool:
    return _REGISTERS.get(operand, 0) > 7


def _low(operand: str) -> int:
    if not is_register(operand) or _is_high(operand):
        raise ValueError(f"{operand} must be one of r0 to r7")
    return _REGISTERS[operand]


def _any(target: str, value: str) -> int:
    """Return the bits of two registers, which may be high."""
    if not is_register(value):
        raise ValueError(f"{value} must be a register")
    first, second = _REGISTERS[target], _REGISTERS[value]
    return (first & 8) << 4 | second << 3 | first & 7


def _listed(listed: str) -> list[str]:
    """Return the registers of {r1, r2}. The processor orders them by their numbers."""
    registers = re.findall(r"\w+", listed)
    numbers = [_REGISTERS[register] for register in registers]
    if numbers != sorted(set(numbers)):
        raise ValueError(f"{listed} must be in ascending order")
    return registers
