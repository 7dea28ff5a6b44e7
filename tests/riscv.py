"""A RISC-V core with nothing but memory, and what MicroPython's assembler makes for it."""

from pathlib import Path

import unicorn
from unicorn import riscv_const as riscv

from host_tools.deploy.mpy import compile_module

_CODE, _RETURN, _STACK = 0x10000000, 0x10008000, 0x50000000
_SIZE = 0x100000
_ASSEMBLED = 3  # the kind of a function's code in an .mpy
_RET = b"\x82\x80"  # c.jr ra
# What a caller expects to find again: sp, s0, s1, s2 to s11.
_KEPT = [2, 8, 9, *range(18, 28)]


def machine_code(source: Path) -> bytes:
    """What the one @micropython.asm_rv32 function of a module assembles to."""
    module = compile_module(source, "rv32imc", source.name)
    end = module.rindex(_RET) + len(_RET)
    found = []
    for at in range(end - 2):
        # Its length and kind stand before it, seven bits a byte.
        value = (module[at] & 0x7F) << 7 | module[at + 1]
        long = module[at] & 0x80 and not module[at + 1] & 0x80
        if long and value & 7 == _ASSEMBLED and at + 2 + (value >> 3) == end:
            found.append(module[at + 2 : end])
    (code,) = found
    return code


class Core:
    """An RV32 core; the function is called as MicroPython calls it, with words in a0 to a3."""

    def __init__(self, code: bytes, memory: tuple[int, ...]) -> None:
        """memory: where to have 1 MiB each besides."""
        self.uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        for at in (_CODE, _STACK, *memory):
            self.uc.mem_map(at, _SIZE)
        self.uc.mem_write(_CODE, code)

    def call(self, *arguments: int) -> None:
        """Run the function to its return; checks what a caller relies on."""
        kept = {number: 0x1234560 * number for number in _KEPT}
        kept[2] = _STACK + _SIZE // 2
        for number, value in kept.items():
            self.uc.reg_write(riscv.UC_RISCV_REG_X0 + number, value)
        for number, value in enumerate(arguments):
            self.uc.reg_write(riscv.UC_RISCV_REG_A0 + number, value & 0xFFFFFFFF)
        self.uc.reg_write(riscv.UC_RISCV_REG_RA, _RETURN)
        self.uc.emu_start(_CODE, _RETURN)
        for number, value in kept.items():
            assert self.uc.reg_read(riscv.UC_RISCV_REG_X0 + number) == value
        assert self.uc.reg_read(riscv.UC_RISCV_REG_A0) == 0
