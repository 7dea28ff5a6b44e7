"""Byte stream over a serial port, by pyserial."""

import contextlib
import time

import serial

from host_tools.errors import BoardGone, NoReply
from host_tools.link.ports import unlock, unusable_port

_READ_S = 0.05


class SerialStream:
    """Byte stream over a serial port, which it locks for itself. Raises PortUnusable."""

    def __init__(self, port: str, write_timeout_s: float) -> None:
        self.name = port
        self._timeout_s = write_timeout_s
        try:
            self._serial = serial.Serial(
                port, 115200, timeout=_READ_S, write_timeout=write_timeout_s, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise unusable_port(port, error) from None

    @property
    def now_s(self) -> float:
        return time.monotonic()

    def read(self) -> bytes:
        try:
            data: bytes = self._serial.read(max(1, self._serial.in_waiting))
        # TypeError: pyserial's, where another thread closes the port.
        except (OSError, TypeError):
            raise self._gone() from None
        return data

    def wait_at_most(self, seconds: float) -> None:
        self._serial.timeout = seconds

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            raise NoReply(
                f"{self.name}: the board takes no more bytes, within {self._timeout_s:g} s none: "
                "reset it"
            ) from None
        except OSError:
            raise self._gone() from None

    def close(self) -> None:
        unlock(self._serial)
        # Closing fails as well once the cable is out.
        with contextlib.suppress(OSError):
            self._serial.close()

    def _gone(self) -> BoardGone:
        return BoardGone(f"{self.name}: the board went away (cable pulled, or switched off)")
