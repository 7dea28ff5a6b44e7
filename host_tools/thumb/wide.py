"""Encodes 32-bit instructions of ARMv7E-M: the DSP extension, and what goes with it."""

import re

_REGISTERS = {f"r{n}": n for n in range(13)} | {"sp": 13, "lr": 14}


def wide(name: str, operands: list[str]) -> tuple[int, int] | None:
    """Return both halfwords, or None for another instruction."""
    match name, operands:
        case "smlad", [target, first, second, added]:
            return 0xFB20 | _of(first), _of(added) << 12 | _of(target) << 8 | _of(second)
        case "sxtb16", [target, value, "ror 8"]:
            return 0xFA2F, 0xF090 | _of(target) << 8 | _of(value)
        case "pkhbt", [target, low, high, "lsl 16"]:
            return 0xEAC0 | _of(low), 0x4000 | _of(target) << 8 | _of(high)
        case (("add.w" | "sub.w"), [target, first, second]):
            return _sum(name) | _of(first), _of(target) << 8 | _of(second)
        case (("add.w" | "sub.w"), [target, first, second, "lsl 8"]):
            return _sum(name) | _of(first), 0x2000 | _of(target) << 8 | _of(second)
        case (("ldr.w" | "str.w"), [register, address]):
            base, offset = address.strip("[]").split(", ")
            return _memory(name, 0xF8C0) | _of(base), _of(register) << 12 | int(offset)
        case (("ldr.w" | "str.w"), [register, address, step]):
            # The address is written back after the access.
            base = address.strip("[]")
            return _memory(name, 0xF840) | _of(base), _of(register) << 12 | 0xB00 | int(step)
        case (("ldm.w" | "stm.w"), [base, listed]):
            bits = sum(1 << _of(register) for register in re.findall(r"\w+", listed))
            loads = 0x10 if name == "ldm.w" else 0
            return 0xE8A0 | loads | _of(base.removesuffix("!")), bits
    return None


def _sum(name: str) -> int:
    return 0xEB00 if name == "add.w" else 0xEBA0


def _memory(name: str, store: int) -> int:
    return store | (0x10 if name == "ldr.w" else 0)


def _of(register: str) -> int:
    if register not in _REGISTERS:
        raise ValueError(f"{register} must be a register")
    return _REGISTERS[register]
