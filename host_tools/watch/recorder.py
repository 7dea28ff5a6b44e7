"""Records a board's telemetry as CSV, so that whatever ends the program leaves a recording."""

import contextlib
import csv
import io
import os
import time
from pathlib import Path

from host_tools import files
from host_tools.errors import RivuletError
from host_tools.link.documents import Model
from host_tools.link.records import Record

_FLUSH_S = 1.0


class Recorder:
    """Appends telemetry records to a CSV file: t_us, decision, y0.., x0.., tau0.., the inputs.

    Rows go to the file itself once a second. A full disk leaves the rows that had room. Raises
    RivuletError, also if the file exists and is not to be overwritten.
    """

    def __init__(self, path: Path, model: Model, overwrite: bool = False) -> None:
        files.check(path)
        try:
            # Unbuffered: the position in the file tells what has been written.
            self._file = path.open("wb" if overwrite else "xb", buffering=0)
        except FileExistsError:
            raise RivuletError(
                f"{path} exists: choose another name, or replace it with --overwrite"
            ) from None
        except (OSError, ValueError) as error:
            raise files.unwritable(path, error) from None
        self._path = path
        self._start = 0  # where the first of the waiting bytes belongs
        self._waiting = bytearray()
        self._flush_at = 0.0
        header = ["t_us", "decision"]
        header += [f"y{i}" for i in range(model["outputs"])]
        header += [f"x{i}" for i in range(model["hidden"])]
        header += [f"tau{i}" for i in range(model["hidden"])]
        line = io.StringIO()
        csv.writer(line).writerow(header + model["channels"])
        self._waiting += line.getvalue().encode("utf-8")

    def add(self, record: Record) -> None:
        """Append one record. Raises RivuletError if the file takes no more."""
        blocks = record.blocks
        values = [*blocks["outputs"], *blocks["state"], *record.tau, *blocks["inputs"]]
        cells = [str(record.t_us), str(record.decision), *(f"{value:.9g}" for value in values)]
        self._waiting += (",".join(cells) + "\r\n").encode("ascii")
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
