"""A bad cable between a host and a board."""

import random


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
