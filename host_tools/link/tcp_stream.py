"""Byte stream over TCP: to a serial server, or to an emulator that listens on a port."""

import contextlib
import select
import socket
import time
from urllib.parse import urlsplit

from host_tools.errors import BoardGone, NoReply, PortUnusable

_READ_S = 0.05
_CHUNK_BYTES = 4096


class TcpStream:
    """Byte stream over TCP. name: socket://HOST:PORT. Raises PortUnusable."""

    def __init__(self, name: str, write_timeout_s: float) -> None:
        self.name = name
        self._timeout_s = write_timeout_s
        self._read_s = _READ_S
        host, port = _address(name)
        try:
            self._socket = socket.create_connection((host, port), write_timeout_s)
        except OSError as error:
            reason = error.strerror or str(error)
            raise PortUnusable(f"{name} does not accept a connection: {reason}") from None
        # A request is one small write, which is not to wait for more.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def now_s(self) -> float:
        return time.monotonic()

    def read(self) -> bytes:
        try:
            if not select.select([self._socket], [], [], self._read_s)[0]:
                return b""
            data = self._socket.recv(_CHUNK_BYTES)
        # ValueError: another thread closed the socket.
        except (OSError, ValueError):
            raise self._gone() from None
        if not data:
            raise self._gone()
        return data

    def wait_at_most(self, seconds: float) -> None:
        self._read_s = seconds

    def write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise NoReply(
                f"{self.name}: the board takes no more bytes, within {self._timeout_s:g} s none: "
                "reset it"
            ) from None
        except OSError:
            raise self._gone() from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def _gone(self) -> BoardGone:
        return BoardGone(f"{self.name}: the connection was closed at the other end")


def _address(name: str) -> tuple[str, int]:
    try:
        parts = urlsplit(name)
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise PortUnusable(f"{name} is not an address: write socket://HOST:PORT")
