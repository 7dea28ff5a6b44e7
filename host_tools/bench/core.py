"""An emulated Cortex-M with nothing but memory, to run assembled functions on.

Needs unicorn, which the test extra installs.
"""

import unicorn
from unicorn import arm_const as arm

CODE, RETURN, STACK = 0x10000000, 0x10008000, 0x50000000
_SIZE = 0x100000
_KEPT = [*range(4, 12), 13]
# Double registers that a function keeps: s16 to s31.
_KEPT_FLOATS = [arm.UC_ARM_REG_D8 + number for number in range(8)]


class Core:
    """A Cortex-M; functions are called as MicroPython calls them, with words in r0 to r3."""

    def __init__(
        self,
        code: bytes,
        *,
        entry: int = 0,
        memory: tuple[int, ...] = (),
        cpu: str = "M0",
        traced: bool = False,
    ) -> None:
        """entry: where the function begins in the code; memory: where to have 1 MiB each besides.

        cpu: M0, M4, M33 or M7. Instructions that it lacks are unknown. traced: note each
        instruction, which makes a call several times as long.
        """
        self._begin = CODE + entry | 1
        self.uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.uc.ctl_set_cpu_model(getattr(arm, f"UC_CPU_ARM_CORTEX_{cpu}"))
        for at in (CODE, STACK, *memory):
            self.uc.mem_map(at, _SIZE)
        self._floats = _KEPT_FLOATS if cpu != "M0" else []
        if self._floats:
            self.uc.reg_write(arm.UC_ARM_REG_FPEXC, 1 << 30)
        self.uc.mem_write(CODE, code)
        # (address, size) of each instruction of the last call, if they are noted.
        self.trace: list[tuple[int, int]] = []
        if traced:
            self.uc.hook_add(unicorn.UC_HOOK_CODE, self._note)

    def call(self, *arguments: int) -> None:
        """Run the function to its return; checks what a caller relies on."""
        kept = {}
        for number in _KEPT:
            kept[number] = STACK + _SIZE // 2 if number == 13 else 0x1234567 * number
            self.uc.reg_write(_register(number), kept[number])
        for register in self._floats:
            self.uc.reg_write(register, 0x1234567 * register)
        for number, value in enumerate(arguments):
            self.uc.reg_write(_register(number), value & 0xFFFFFFFF)
        self.uc.reg_write(arm.UC_ARM_REG_LR, RETURN | 1)
        self.trace.clear()
        self.uc.emu_start(self._begin, RETURN)
        for number, value in kept.items():
            assert self.uc.reg_read(_register(number)) == value
        for register in self._floats:
            assert self.uc.reg_read(register) == 0x1234567 * register
        # MicroPython makes an int of it.
        assert self.uc.reg_read(arm.UC_ARM_REG_R0) == 0

    def _note(self, _: object, address: int, size: int, __: object) -> None:
        self.trace.append((address, size))


def _register(number: int) -> int:
    return int(getattr(arm, "UC_ARM_REG_SP" if number == 13 else f"UC_ARM_REG_R{number}"))
