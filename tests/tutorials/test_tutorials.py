"""The tutorials, run as they are written."""

import json
from pathlib import Path

import pytest

from host_tools.paths import DOCS
from tests.page import Page

pytest.importorskip("torch", reason="needs PyTorch")
pytestmark = [pytest.mark.timeout(3000), pytest.mark.usefixtures("micropython")]


def test_own_data(tmp_path: Path) -> None:
    """Six commands from a log to a running model, and no Python."""
    ran = Page(DOCS / "own-data.md", tmp_path).run()
    assert not [line for line in ran if "python" in line]
    metrics = json.loads((tmp_path / "ward" / "build" / "metrics.json").read_text())
    # The commonest class has 57 % of the events.
    assert metrics["accuracy"] > 0.8


def test_a_sensor_of_your_own(tmp_path: Path) -> None:
    Page(DOCS / "tutorial.md", tmp_path).run()
    metrics = json.loads((tmp_path / "gate" / "build" / "metrics.json").read_text())
    assert metrics["accuracy"] > 0.9
