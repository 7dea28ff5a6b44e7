"""A CSV file that grows while a program runs: whatever ends the program leaves whole rows."""

import contextlib
import csv
import io
import os
import time
from collections.abc import Sequence
from pathlib import Path

from host_tools import files
from host_tools.errors import RivuletError

_FLUSH_S = 1.0


class RowFile:
    """Appends rows to a CSV file, which gets its first rows at once and others once a second.

    A full disk leaves the rows that had room. Raises RivuletError, also if the file exists and is
    not to be overwritten. remedy: what the message then offers besides another name.
    """

    def __init__(
        self, path: Path, header: Sequence[str], overwrite: bool = False, remedy: str = ""
    ) -> None:
        files.check(path)
        try:
            # Unbuffered: the position in the file tells what has been written.
            self._file = path.open("wb" if overwrite else "xb", buffering=0)
        except FileExistsError:
            raise RivuletError(f"{path} exists: choose another name{remedy}") from None
        except (OSError, ValueError) as error:
            raise files.unwritable(path, error) from None
        self._path = path
        self._start = 0  # where the first of the waiting bytes belongs
        self._waiting = bytearray(row(header))
        self._flush_at = 0.0

    def append(self, line: bytes) -> None:
        """Append a row as `row` makes it. Raises RivuletError if the file takes no more."""
        self._waiting += line
        self.tick()

    def tick(self) -> None:
        """Write the rows that have waited for a second. Raises RivuletError."""
        if time.monotonic() >= self._flush_at:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait. Raises RivuletError."""
        self._flush_at = time.monotonic() + _FLUSH_S
        try:
            # A signal may have stopped an earlier flush anywhere.
            while (done := self._file.tell() - self._start) < len(self._waiting):
                self._file.write(self._waiting[done:])
        except OSError as error:
            done = self._file.tell() - self._start
            whole = self._waiting.rfind(b"\n", 0, done) + 1
            with contextlib.suppress(OSError):
                self._file.truncate(self._start + whole)
                self._file.seek(0, os.SEEK_END)
            self._waiting.clear()
            raise files.unwritable(self._path, error) from None
        self._start, self._waiting = self._file.tell(), bytearray()

    def close(self) -> None:
        """Write what waits, bring it to the disk and close the file. Raises RivuletError."""
        try:
            self.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise files.unwritable(self._path, error) from None
        finally:
            self._file.close()


def row(cells: Sequence[str]) -> bytes:
    """Return cells as a line, quoted where they have to be."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8")
