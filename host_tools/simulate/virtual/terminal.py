"""The virtual board's end of its serial port: a pseudo-terminal behind a stable name."""

import contextlib
import os
import select
import termios
import tty
from pathlib import Path


class Terminal:
    """A pty whose slave side is what the host opens; `link` is a stable name for it."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master, slave = os.openpty()
        # Opened and closed once: only then does the system report "nobody has it open".
        tty.setraw(slave)
        self.device = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self.master, False)
        fresh = link.with_name(f".{link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.device)
        fresh.replace(link)

    def opened(self) -> bool:
        """Whether a host has the port open now."""
        poll = select.poll()
        poll.register(self.master, 0)
        return not any(happened & select.POLLHUP for _, happened in poll.poll(0))

    def discard_unread(self) -> None:
        """Throw away output that the last host left unread, so that the next one starts afresh."""
        # The slave's input queue can only be flushed from its own side. A host that has just
        # locked the port for itself makes this fail, and has discarded that output already.
        with contextlib.suppress(OSError, termios.error):
            slave = os.open(self.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                termios.tcflush(slave, termios.TCIFLUSH)
            finally:
                os.close(slave)

    def close(self) -> None:
        """Power is gone: so is the port."""
        if self.link.is_symlink() and os.readlink(self.link) == self.device:
            self.link.unlink()
        os.close(self.master)
