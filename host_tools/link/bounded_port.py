"""A serial port with limits, for mpremote, which waits as long as a board goes on sending."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Endless(Exception):
    """The board did not come to an end. The message says of what, after "the board on PORT"."""


class BoundedPort:
    """Wraps an open serial port. Within `within`, reading raises Endless at its limits.

    most_bytes: how much may be read within one `within`. heard: bytes read so far.
    """

    def __init__(self, port: Any, most_bytes: int) -> None:
        # Not by name, since __setattr__ passes everything else on.
        object.__setattr__(self, "_port", port)
        object.__setattr__(self, "_most", most_bytes)
        object.__setattr__(self, "_limits", None)
        object.__setattr__(self, "heard", 0)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit the time and the bytes of everything that is read in this block."""
        limits = (time.monotonic() + seconds, seconds, self.heard + self._most)
        object.__setattr__(self, "_limits", limits)
        try:
            yield
        finally:
            object.__setattr__(self, "_limits", None)

    def read(self, size: int = 1) -> bytes:
        self._check()
        data: bytes = self._port.read(size)
        object.__setattr__(self, "heard", self.heard + len(data))
        return data

    def inWaiting(self) -> int:  # as mpremote calls it
        self._check()
        return int(self._port.in_waiting)

    @property
    def in_waiting(self) -> int:
        return self.inWaiting()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._port, name, value)

    def _check(self) -> None:
        if self._limits is None:
            return
        end, seconds, most = self._limits
        if time.monotonic() > end:
            raise Endless(f"did not come to an end within {seconds:.0f} s")
        if self.heard > most:
            raise Endless(f"sent more than {self._most} bytes")
