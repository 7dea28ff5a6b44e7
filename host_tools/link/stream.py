"""Byte stream to a board, whatever carries the bytes."""

from typing import Protocol

from host_tools.link.ports import is_socket


class Stream(Protocol):
    """Byte stream to a board.

    SerialStream and TcpStream are implementations. host_tools/faults/_in_process.py has a third,
    to a board in the same process and in simulated time. `read` and `write` raise BoardGone when
    the other end has gone.
    """

    @property
    def name(self) -> str:
        """The name of the port, for messages."""
        ...

    @property
    def now_s(self) -> float:
        """The clock of all waits at this stream, in seconds."""
        ...

    def read(self) -> bytes:
        """Return the bytes that have arrived; wait a moment, at most 0.05 s, if there are none."""
        ...

    def wait_at_most(self, seconds: float) -> None:
        """Let `read` wait no longer than this from now on."""
        ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


def open_stream(port: str, write_timeout_s: float) -> Stream:
    """Open a serial port, or socket://HOST:PORT. Raises PortUnusable.

    write_timeout_s: how long `write` waits for a board that takes no bytes.
    """
    if is_socket(port):
        from host_tools.link.tcp_stream import TcpStream

        return TcpStream(port, write_timeout_s)
    from host_tools.link.serial_stream import SerialStream

    return SerialStream(port, write_timeout_s)
