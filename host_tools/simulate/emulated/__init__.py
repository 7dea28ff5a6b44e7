"""The emulated Pico: a MicroPython image run instruction by instruction, behind a serial port."""

from host_tools.simulate.emulated.board import EmulatedPico

__all__ = ["EmulatedPico"]
