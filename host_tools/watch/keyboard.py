"""Single keys of the terminal, read while a program runs."""

import os
import select
import sys

from host_tools.errors import RivuletError


class Keyboard:
    """Reads keys without Return in a `with` block, then sets the terminal back.

    Ctrl-C stays an interrupt. Raises RivuletError without a terminal.
    """

    def __init__(self) -> None:
        if not sys.stdin.isatty():
            raise RivuletError("--keys needs a terminal: without one, record with --label")

    if os.name == "posix":

        def __enter__(self) -> "Keyboard":
            import termios
            import tty

            self._terminal = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._terminal)
            tty.setcbreak(self._terminal)
            return self

        def __exit__(self, *_: object) -> None:
            import termios

            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)

        def pressed(self) -> str:
            """Return the keys pressed since the last call."""
            keys = b""
            while select.select([self._terminal], [], [], 0)[0]:
                piece = os.read(self._terminal, 64)
                if not piece:  # the terminal has hung up
                    break
                keys += piece
            return keys.decode(errors="replace")

    else:

        def __enter__(self) -> "Keyboard":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def pressed(self) -> str:
            """Return the keys pressed since the last call."""
            import msvcrt

            keys = ""
            while msvcrt.kbhit():  # type: ignore[attr-defined]
                keys += msvcrt.getwch()  # type: ignore[attr-defined]
            return keys
