"""The core of an emulated Pico with nothing on it: runs machine code and counts its cycles.

The emulator and its cycles are those that run a whole Pico with MicroPython. Code and data lie in
RAM, which has no wait states. Needs the emulator extra.
"""

import importlib.util
from collections.abc import Sequence
from typing import Any

from host_tools.errors import RivuletError

RAM, RAM_BYTES = 0x20000000, 264 * 1024
HZ = 125_000_000
# Where a call returns to. The code never runs on from here.
_RETURN = RAM + RAM_BYTES - 16
_STACK = _RETURN - 16
_STACK_BYTES = 8192
_PAINT = 0xA5
# A step that takes a second of the board's time does not end.
_MOST_CYCLES = HZ


class BareCore:
    """A Cortex-M0+ with the Pico's RAM."""

    def __init__(self) -> None:
        if importlib.util.find_spec("rp2040py") is None:
            raise RivuletError("the emulator is missing: pip install 'rivulet[emulator]'")
        from rp2040py.rp2040 import RP2040

        # The core keeps only a weak hold of its chip.
        self._chip: Any = RP2040()
        self._core: Any = self._chip.core

    def write(self, address: int, data: bytes) -> None:
        """Raises RivuletError if that is not in RAM, below the stack."""
        at = address - RAM
        if at < 0 or address + len(data) > _STACK - _STACK_BYTES:
            raise RivuletError(
                f"{len(data)} bytes at 0x{address:08X} are outside the RAM that a step may use: "
                f"link it to 0x{RAM:08X}, below 0x{_STACK - _STACK_BYTES:08X}"
            )
        self._chip.sram[at : at + len(data)] = data

    def read(self, address: int, size: int) -> bytes:
        at = address - RAM
        return bytes(self._chip.sram[at : at + size])

    def call(self, address: int, arguments: Sequence[int] = ()) -> tuple[int, int]:
        """Call a function with words in r0 to r3; returns (cycles, bytes of stack).

        Raises RivuletError if it does not return within a second of the board's time.
        """
        core = self._core
        bottom = _STACK - _STACK_BYTES
        at = bottom - RAM
        self._chip.sram[at : at + _STACK_BYTES] = bytes([_PAINT]) * _STACK_BYTES
        for number, value in enumerate(arguments):
            core.registers[number] = value & 0xFFFFFFFF
        core.sp, core.lr, core.pc = _STACK, _RETURN | 1, address
        cycles = 0
        while core.pc != _RETURN:
            cycles += core.execute_instruction()
            if cycles > _MOST_CYCLES:
                raise RivuletError(
                    f"the function at 0x{address:08X} did not return within a second"
                )
        left = self.read(bottom, _STACK_BYTES)
        return cycles, _STACK_BYTES - (len(left) - len(left.lstrip(bytes([_PAINT]))))
