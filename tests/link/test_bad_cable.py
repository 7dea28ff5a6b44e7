"""Pushes over a cable that hits one byte in a thousand get through, whatever bytes it hits."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from fixtures import model_bytes, settings, tensors

from host_tools.faults._in_process import Client, InProcessBoard
from tests.link.lossy import Lossy


@pytest.mark.parametrize("seed", range(8))
def test_pushes_get_through(tmp_path: Path, seed: int) -> None:
    """Eight cables that each hit something else: what the host does may not depend on luck."""
    cable = Lossy(seed, 0.001)
    with Client(InProcessBoard(tmp_path, cable), Counter()) as board:
        for number in range(4):
            model = model_bytes(settings(version=number), tensors(seed=number))
            board.push(model)
            assert board.status()["model_hash"] == hashlib.sha256(model).hexdigest()
    assert cable.hits > 5
