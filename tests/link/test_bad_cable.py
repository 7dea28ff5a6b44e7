"""Pushes over a cable that hits one byte in a thousand get through, whatever bytes it hits."""

import hashlib
import random
from collections import Counter
from pathlib import Path

import pytest
from fixtures import model_bytes, settings, tensors

from host_tools.faults._in_process import Client, Near


class Lossy:
    """Loses, doubles, changes and inserts bytes, never making a control character."""

    def __init__(self, seed: int, share: float) -> None:
        self._random = random.Random(seed)
        self._share = share
        self.hits = 0

    def _corrupt(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if self._random.random() >= self._share:
                out.append(byte)
                continue
            self.hits += 1
            other = self._random.randrange(0x20, 0x100)
            out += (b"", bytes((byte, byte)), bytes((other,)), bytes((byte, other)))[
                self._random.randrange(4)
            ]
        return bytes(out)

    to_board = _corrupt
    to_host = _corrupt


@pytest.mark.parametrize("seed", range(8))
def test_pushes_get_through(tmp_path: Path, seed: int) -> None:
    """Eight cables that each hit something else: what the host does may not depend on luck."""
    cable = Lossy(seed, 0.001)
    with Client(Near(tmp_path, cable), Counter()) as board:
        for number in range(4):
            model = model_bytes(settings(version=number), tensors(seed=number))
            board.push(model)
            assert board.status()["model_hash"] == hashlib.sha256(model).hexdigest()
    assert cable.hits > 5
