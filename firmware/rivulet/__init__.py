"""Rivulet's device package: liquid cells on events with their true timestamps.

Runs on MicroPython with ulab, on stock MicroPython, and on CPython with numpy.
"""

import sys

__version__ = "0.1.0"

# MicroPython looks for these modules on flash first, at every import: 5 ms each on a Pico, with
# which a start spent 180 ms. With a u before its name, its own module is meant.
if sys.implementation.name == "micropython":
    for name in ("array", "binascii", "errno", "json", "select", "struct"):
        try:
            sys.modules.setdefault(name, __import__("u" + name))
        except ImportError:
            pass  # this interpreter lacks it
