"""One life of the interpreter behind the virtual board."""

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


class InterpreterProcess:
    """A running child; its stderr is the side channel from the simulated world."""

    def __init__(self, command: Sequence[str], stdin: socket.socket, stdout: int) -> None:
        # A session of its own: the terminal's Ctrl-C is for the host tool, not for the board.
        self._process = subprocess.Popen(
            command,
            stdin=stdin.fileno(),
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stderr is not None
        self._stderr = self._process.stderr
        os.set_blocking(self._stderr.fileno(), False)
        self._partial = b""

    @property
    def stderr(self) -> int:
        return self._stderr.fileno()

    def read_lines(self) -> list[str] | None:
        """The lines that came on the side channel; None when the process has ended."""
        try:
            data = os.read(self.stderr, 65536)
        except BlockingIOError:
            return []
        if not data:
            return None
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    @property
    def waits_for_a_lock(self) -> bool:
        """Whether it waits for one of its own locks now; False where the system does not say.

        A SIGINT raises KeyboardInterrupt wherever MicroPython 1.25 is, also while it allocates.
        The lock of the heap then stays taken, and the next allocation waits for it for ever.
        """
        with suppress(OSError):  # it has ended, or this is no Linux
            waits_in = Path(f"/proc/{self._process.pid}/wchan").read_bytes()
            return waits_in.startswith(b"futex")
        return False

    def end(self) -> int:
        """Kill it if it still runs; returns how it ended."""
        self._process.kill()
        self._stderr.close()
        return self._process.wait()
