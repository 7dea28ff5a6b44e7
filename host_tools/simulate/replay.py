"""Runs the device code over a file of recorded events, offline."""

import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from host_tools import files
from host_tools.data.events import Event, goes_back, read
from host_tools.errors import RivuletError
from host_tools.interpreter.find import find_micropython
from host_tools.model_header import read_settings
from host_tools.paths import FIRMWARE, ON_DEVICE
from host_tools.simulate.ticks import by_ticks, columns, ticks

_SCRIPT = ON_DEVICE / "replay.py"


@dataclass
class ReplayReport:
    events: int
    late: int
    first_late: str = ""  # says in which line the time goes back for the first time
    by_ticks: bool = False  # rows are ticks of the cadence, not events


def replay(model: Path, events: Path, out: Path, runtime: str = "micropython") -> ReplayReport:
    """Run the device code over EVENTS.csv into OUT.csv, on MicroPython or on numpy.

    Raises RivuletError; an OUT.csv that was there is then left as it was.
    """
    settings, _ = read_settings(model)
    with (
        TemporaryDirectory(prefix="rivulet-replay-") as folder,
        files.replacing(out, (model, events)) as beside,
    ):
        records = Path(folder) / "events"
        try:
            ticked = by_ticks(events, settings)
            late, first_late = _write_records(events, settings, ticked, records)
            if runtime == "numpy":
                from host_tools.on_device import replay as on_device

                count, _ = on_device.replay(str(model), str(records), str(beside))
            else:
                count, _ = _on_micropython(model, records, beside)
        except OSError as error:
            # Its inputs have been read: what fails now is the writing.
            raise files.unwritable(out, error) from None
        except ValueError as error:
            raise RivuletError(f"replay failed: {error}") from None
    return ReplayReport(count, late, first_late, ticked)


def _write_records(
    events: Path, settings: dict[str, Any], ticked: bool, path: Path
) -> tuple[int, str]:
    """Write the model's events as records, in the form that on_device/replay.py documents.

    ticked: make ticks of them.

    Returns how many are late, and what is to be said of the first of them, "" without one.
    """
    late = 0
    first_late = ""

    def noted(event: Event) -> Event:
        nonlocal late, first_late
        if event.back_from is not None:
            late += 1
            first_late = first_late or goes_back(events, event)
        return event

    names = settings["channels"]
    found = map(noted, read(events, columns(settings) if ticked else names, complete=True))
    record = struct.Struct(f"<q{len(names)}d")
    with path.open("wb") as file:
        for event in ticks(found, settings) if ticked else found:
            file.write(record.pack(event.t_us, *event.values))
    return late, first_late


def _on_micropython(model: Path, records: Path, out: Path) -> tuple[int, int]:
    command = [str(find_micropython()), "-X", "heapsize=32M", str(_SCRIPT), str(FIRMWARE)]
    command += [str(path.resolve()) for path in (model, records, out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [
            f"the interpreter ended with {done.returncode}"
        ]
        if lines[-1].isdecimal():  # all that MicroPython says of an OSError
            raise OSError(int(lines[-1]), os.strerror(int(lines[-1])))
        raise RivuletError(f"replay failed: {lines[-1]}")
    count, late = done.stdout.split()[-2:]
    return int(count), int(late)
