"""Runs the device code over a file of recorded events, offline."""

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from host_tools import files
from host_tools.data.events import read
from host_tools.errors import RivuletError
from host_tools.interpreter.find import find_micropython
from host_tools.model_header import read_settings
from host_tools.paths import FIRMWARE, ON_DEVICE

_SCRIPT = ON_DEVICE / "replay.py"


@dataclass
class ReplayReport:
    events: int
    late: int


def replay(model: Path, events: Path, out: Path, runtime: str = "micropython") -> ReplayReport:
    """Run the device code over EVENTS.csv into OUT.csv, on MicroPython or on numpy.

    Raises RivuletError; an OUT.csv that was there is then left as it was.
    """
    settings, _ = read_settings(model)
    with TemporaryDirectory(prefix="rivulet-replay-") as folder, files.replacing(out) as beside:
        records = Path(folder) / "events"
        try:
            _write_records(events, settings["channels"], records)
            if runtime == "numpy":
                from host_tools.on_device import replay as on_device

                count, late = on_device.replay(str(model), str(records), str(beside))
            else:
                count, late = _on_micropython(model, records, beside)
        except (OSError, ValueError) as error:
            raise RivuletError(f"replay failed: {error}") from None
    return ReplayReport(count, late)


def _write_records(events: Path, channels: list[str], path: Path) -> None:
    record = struct.Struct(f"<q{len(channels)}d")
    with path.open("wb") as file:
        for event in read(events, channels, complete=True):
            file.write(record.pack(event.t_us, *event.values))


def _on_micropython(model: Path, records: Path, out: Path) -> tuple[int, int]:
    command = [str(find_micropython()), "-X", "heapsize=32M", str(_SCRIPT), str(FIRMWARE)]
    command += [str(path.resolve()) for path in (model, records, out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [
            f"the interpreter ended with {done.returncode}"
        ]
        raise RivuletError(f"replay failed: {lines[-1]}")
    count, late = done.stdout.split()[-2:]
    return int(count), int(late)
