"""Translates instructions of the single-precision floating-point unit.

Those that MicroPython's assembler has keep its names, so that a MicroPython for cores without the
unit refuses the module. The others are encoded.
"""

import re

_NATIVE = {"vadd": 3, "vsub": 3, "vmul": 3, "vdiv": 3, "vneg": 2, "vcmp": 2}
# Sd, Sm: the first halfword, and the second without its registers.
_TWO = {
    "vabs": (0xEEB0, 0x0AC0),
    "vcvt.s32.f32": (0xEEBD, 0x0AC0),  # towards zero
    "vcvt.f32.s32": (0xEEB8, 0x0AC0),
}
# Without the base register, the first single register and the number of them.
_MANY = {"vldm": 0xECB0, "vstm": 0xECA0, "vpush": 0xED2D, "vpop": 0xECBD}
_ONE = {"vldr": 0xED90, "vstr": 0xED80}


def is_single(operand: str) -> bool:
    """Return whether the operand is a register of the unit, s0 to s31."""
    return re.fullmatch(r"s([12]?\d|3[01])", operand) is not None


def vfp(name: str, operands: list[str]) -> str:
    """Return the line for MicroPython's assembler. Raises ValueError."""
    if name == "vmrs" and not operands:
        return "vmrs(APSR_nzcv, FPSCR)"
    if _NATIVE.get(name) == len(operands) and all(map(is_single, operands)):
        return f"{name}({', '.join(operands)})"
    if name == "vmov" and len(operands) == 2 and not all(map(is_single, operands)):
        return f"{name}({', '.join(operands)})"
    first, second = _encoded(name, operands)
    return f"data(2, 0x{first:04X}, 0x{second:04X})  # {name} {', '.join(operands)}"


def _encoded(name: str, operands: list[str]) -> tuple[int, int]:
    match name, operands:
        case "vmov", [target, value]:
            return _two((0xEEB0, 0x0A40), target, value)
        case "vcmp", [value, "0"]:
            return _one((0xEEB5, 0x0A40), value)
        case _, [target, value] if name in _TWO:
            return _two(_TWO[name], target, value)
        case _, [value, address] if name in _ONE:
            base, _, offset = address.strip("[]").partition(", ")
            if not 0 <= int(offset) < 1024 or int(offset) % 4:
                raise ValueError(f"{address}: the offset must be a multiple of 4 from 0 to 1020")
            return _one((_ONE[name] | _core(base), 0x0A00 | int(offset) // 4), value)
        case (("vldm" | "vstm"), [base, listed]) if base.endswith("!"):
            return _listed(_MANY[name] | _core(base[:-1]), listed)
        case (("vpush" | "vpop"), [listed]):
            return _listed(_MANY[name], listed)
    raise ValueError(f"no instruction or macro is called {name}")


def _one(halves: tuple[int, int], target: str) -> tuple[int, int]:
    number = _single(target)
    return halves[0] | (number & 1) << 6, halves[1] | number >> 1 << 12


def _two(halves: tuple[int, int], target: str, value: str) -> tuple[int, int]:
    first, second = _one(halves, target)
    number = _single(value)
    return first, second | (number & 1) << 5 | number >> 1


def _listed(first: int, listed: str) -> tuple[int, int]:
    """{s4} or {s4-s7}: neighbours, as the unit moves no others."""
    begin, _, end = listed.strip("{}").partition("-")
    count = _single(end or begin) - _single(begin) + 1
    if count < 1:
        raise ValueError(f"{listed} must be in ascending order")
    return _one((first, 0x0A00 | count), begin)


def _single(operand: str) -> int:
    if not is_single(operand):
        raise ValueError(f"{operand} must be one of s0 to s31")
    return int(operand[1:])


def _core(operand: str) -> int:
    if re.fullmatch(r"r(\d|1[012])", operand) is None:
        raise ValueError(f"{operand} must be one of r0 to r12")
    return int(operand[1:])
