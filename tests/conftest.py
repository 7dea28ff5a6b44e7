"""What tests share: the MicroPython interpreter that device code is tested on."""

from pathlib import Path

import pytest

from host_tools.interpreter import find_micropython


@pytest.fixture(scope="session")
def micropython() -> Path:
    return find_micropython()
