"""The emulated Pico's USB console, on a pseudo-terminal."""

import contextlib
import os
import select
import time
from pathlib import Path
from typing import Any

from host_tools.simulate.virtual.terminal import Terminal

_CHUNK_BYTES = 4096
# The system does not tell when a host opens the port: it has to be looked at.
_OPEN_CHECK_S = 0.01


class Console:
    """Bridges the emulated USB serial device `cdc` and the port called `link`."""

    def __init__(self, link: Path, cdc: Any, usb: Any) -> None:
        self._terminal = Terminal(link)
        self._present = False
        self._check_at = 0.0
        self._cdc = cdc
        self._to_host = bytearray()
        # The emulator answers a board that waits for input at once, with nothing if there is
        # nothing, and the board asks again: it would never sleep. On a real bus the host lets it
        # wait, and so does this.
        self._waiting: tuple[int, int] | None = None
        self._answer = usb.on_endpoint_read
        self._forget = usb.on_reset
        usb.on_endpoint_read = self._asked
        usb.on_reset = self._reset
        cdc.on_serial_data = self._to_host.extend

    def register(self, poll: select.poll) -> None:
        """Have `poll` watch for what `serve` can move."""
        now = time.monotonic()
        if not self._present and now >= self._check_at:
            self._present = self._terminal.opened()
            self._check_at = now + _OPEN_CHECK_S
        if self._present:
            wanted = select.POLLIN if self._room() else 0
            poll.register(self._terminal.master, wanted | (select.POLLOUT if self._to_host else 0))

    def serve(self, happened: dict[int, int]) -> None:
        if not self._present:
            # As with USB: what a board says to nobody is gone.
            self._to_host.clear()
            return
        mask = happened.get(self._terminal.master, 0)
        if mask & select.POLLIN:
            self._from_host()
        elif mask & select.POLLHUP and self._room():
            self._present = False
            self._to_host.clear()
            self._terminal.discard_unread()
        if mask & select.POLLOUT:
            with contextlib.suppress(OSError):
                del self._to_host[: os.write(self._terminal.master, self._to_host)]

    def close(self) -> None:
        self._terminal.close()

    def _room(self) -> int:
        fifo = self._cdc.tx_fifo
        return int(fifo.size - fifo.item_count)

    def _from_host(self) -> None:
        try:
            data = os.read(self._terminal.master, min(_CHUNK_BYTES, self._room()))
        except OSError:  # closed in this moment
            return
        for byte in data:
            self._cdc.send_serial_byte(byte)
        if self._waiting is not None and data:
            asked, self._waiting = self._waiting, None
            self._answer(*asked)

    def _asked(self, endpoint: int, size: int) -> None:
        if endpoint and self._cdc.tx_fifo.empty:
            self._waiting = (endpoint, size)
        else:
            self._answer(endpoint, size)

    def _reset(self) -> None:
        self._waiting = None
        self._forget()
