"""Rivulet's device package: liquid cells on events with their true timestamps.

Runs on MicroPython with ulab, on stock MicroPython, and on CPython with numpy.
"""

__version__ = "0.1.0"
