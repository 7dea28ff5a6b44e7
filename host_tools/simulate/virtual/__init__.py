"""The virtual board: the firmware on a real MicroPython interpreter, behind a serial port."""

from host_tools.simulate.virtual.board import VirtualBoard, wiring_file
from host_tools.simulate.virtual.relay import Wire

__all__ = ["VirtualBoard", "Wire", "wiring_file"]
