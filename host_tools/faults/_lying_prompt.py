"""A pseudo-terminal behind which something answers like a MicroPython prompt, but falsely."""

import contextlib
import json
import os
import random
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from host_tools.boards import load_board
from host_tools.deploy.flash import flash
from host_tools.errors import RivuletError
from host_tools.faults._liar import TEXTS, garbled, warped

_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_FACTS = {
    **{"name": "micropython", "version": "1.28.0", "platform": "linux", "mpy": 0, "ulab": None},
    **{"float_bytes": 8, "block_bytes": 4096, "free_bytes": 1 << 24, "active": "", "failed": ""},
    "installed": [],
}
# Of the time-outs: nothing here is slow, but what lies by being so.
_SCALE = 0.03


def flash_at_a_lying_prompt(draw: random.Random) -> None:
    """Flash a board that lies. Raises RivuletError, unless the board's lies made a success."""
    with _prompt(draw) as port:
        report = flash(port, load_board("virtual"), timeout_scale=_SCALE)
    if not report.port:
        raise RivuletError("no port")


@contextmanager
def _prompt(draw: random.Random) -> Iterator[str]:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    over = threading.Event()
    thread = threading.Thread(target=_Prompt(draw, ours).run, args=(over,))
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        over.set()
        thread.join()
        os.close(theirs)
        os.close(ours)


class _Prompt:
    """What answers. Most of them play the raw REPL well, or nothing behind it would be reached."""

    def __init__(self, draw: random.Random, descriptor: int) -> None:
        self._draw = draw
        self._descriptor = descriptor
        self._kind = draw.choice(("noise", "echo", "drip", *["raw"] * 6))
        self._honesty = draw.choice((0.3, 0.9, 0.99))
        self._code = b""

    def run(self, over: threading.Event) -> None:
        while not over.wait(0.002):
            try:
                data = os.read(self._descriptor, 65536)
            except BlockingIOError:
                data = b""
            except OSError:
                return
            if self._kind == "noise":
                self._say(self._draw.choice(TEXTS).encode("utf-8", "replace") + b"\r\n")
            elif self._kind == "echo":
                self._say(data)
            elif self._kind == "drip":
                self._say(b"x")
            else:
                self._say(b"".join(self._raw(byte) for byte in data))

    def _raw(self, byte: int) -> bytes:
        """Answer one byte as the raw REPL without its paste mode does."""
        if byte in (0x01, 0x03):
            self._code = b""
            return b"\r\n" + _BANNER if byte == 0x01 else b""
        if byte == 0x05:
            self._code = b""
            return b""
        if byte != 0x04:
            self._code += bytes((byte,))
            # The request for paste mode.
            return b"" if not self._code.endswith(b"A\x01") else b"R\x00"
        code, self._code = self._code.strip(b"\r"), b""
        if code[:1] == b"A":
            code = code[1:]
        if not code:
            return b"OK\r\nMPY: soft reboot\r\n" + _BANNER
        return b"OK" + self._output(code) + b"\x04" + self._error() + b"\x04>"

    def _output(self, code: bytes) -> bytes:
        draw = self._draw
        honest = draw.random() < self._honesty
        if b"statvfs" in code:
            if honest:
                return json.dumps(_FACTS).encode()
            text = json.dumps(warped(draw, _FACTS, draw.choice((1, 2)))).encode("utf-8", "replace")
            return garbled(draw, text) if draw.random() < 0.3 else text
        if not honest:
            return draw.choice(TEXTS).encode("utf-8", "replace") * draw.choice((1, 1, 2000))
        return b"-\r\n" * code.count(b"print(digest(")

    def _error(self) -> bytes:
        draw = self._draw
        if draw.random() < self._honesty:
            return b""
        text = draw.choice(("OSError: 28", "OSError: [Errno 2] ENOENT", "\r\n", *TEXTS))
        return b"Traceback:\r\n" + text.encode("utf-8", "replace")

    def _say(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._descriptor, data) :]
