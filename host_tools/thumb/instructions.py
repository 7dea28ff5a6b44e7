"""An instruction in ARM's syntax -> the line for MicroPython's assembler.

What that assembler lacks is encoded here; those are 16-bit forms of ARMv6-M.
"""

import re

_REGISTERS = {f"r{n}": n for n in range(13)} | {"sp": 13, "lr": 14, "pc": 15}
# MicroPython names these without the s.
_SET_FLAGS = {"movs", "lsls", "lsrs", "asrs", "adds", "subs", "muls", "negs", "adcs", "eors"}
_BRANCHES = "b bl bx bcc bcs beq bne bge bgt ble blt bhi bmi bpl"
_OTHERS = {*_BRANCHES.split(), "mov", "cmp", "ldr", "str", "ldrb", "push", "pop"}


def is_register(operand: str) -> bool:
    return operand in _REGISTERS


def micropython(name: str, operands: list[str]) -> str:
    """Return the line. Raises ValueError if there is no such instruction."""
    for word in re.findall(r"(?<!\w)[a-z]\w*", " ".join(operands)):
        if not is_register(word):
            raise ValueError(f"no register is called {word}")
    two_registers = len(operands) == 2 and all(map(is_register, operands))
    if name in ("mov", "movs") and (name == "mov") != two_registers:
        raise ValueError("mov is between registers and keeps the flags, movs is of a number")
    code = _code(name, operands)
    if code is not None:
        return f"data(2, 0x{code:04X})  # {name} {', '.join(operands)}"
    if name == "adds" and two_registers:
        operands = [operands[0], *operands]
    if name in _SET_FLAGS:
        name = name[:-1]
    elif name not in _OTHERS:
        raise ValueError(f"no instruction or macro is called {name}")
    return f"{name}({', '.join(operands)})"


def _code(name: str, operands: list[str]) -> int | None:
    """The encoding, or None if MicroPython's assembler has the instruction."""
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
            if bits >> pointer & 1:
                raise ValueError(f"{base} changes and is in {listed}")
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
        raise ValueError(f"no word is at {address}")
    return 0x9000 | load | _low(register) << 8 | int(offset) >> 2


def _is_high(operand: str) -> bool:
    return _REGISTERS.get(operand, 0) > 7


def _low(operand: str) -> int:
    if not is_register(operand) or _is_high(operand):
        raise ValueError(f"one of r0 to r7 is needed, not {operand}")
    return _REGISTERS[operand]


def _any(target: str, value: str) -> int:
    """The bits of two registers, high ones as well."""
    if not is_register(value):
        raise ValueError(f"a register is needed, not {value}")
    first, second = _REGISTERS[target], _REGISTERS[value]
    return (first & 8) << 4 | second << 3 | first & 7


def _listed(listed: str) -> list[str]:
    """The registers of {r1, r2}. Memory has them by their numbers, in whatever order written."""
    registers = re.findall(r"\w+", listed)
    numbers = [_REGISTERS[register] for register in registers]
    if numbers != sorted(set(numbers)):
        raise ValueError(f"{listed} is not in the order that memory has")
    return registers
