"""Power cuts on the flash of an emulated Pico; runs when PICO_UF2 names an image for it."""

from pathlib import Path

import pytest

from host_tools.faults import Given
from tests.pico_image import NEEDED, UF2

pytestmark = NEEDED


@pytest.mark.timeout(1200)
def test_nothing_is_lost_whenever_the_power_goes(tmp_path: Path, micropython: Path) -> None:
    from host_tools.faults._pico import sweep

    for row in sweep(Given(False, 1, tmp_path, micropython), Path(UF2), boots=2):
        print(row.injected, row.times, row.seen)
        assert row.times > 0 and not row.broken, row
