"""Runs the device code over a file of recorded events, offline."""

import csv
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools import files
from host_tools.errors import RivuletError
from host_tools.interpreter.find import find_micropython
from host_tools.paths import FIRMWARE, ON_DEVICE
from rivulet.model import running as device_model

_SCRIPT = ON_DEVICE / "replay.py"


@dataclass
class ReplayReport:
    events: int
    late: int


def read_settings(model: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """(settings, tensors) of a model file, checked as the board checks them."""
    try:
        with model.open("rb") as file:
            settings, tensors = device_model.read_header(file, model.stat().st_size)
        device_model.check(settings, tensors)
    except OSError as error:
        raise RivuletError(f"{model}: {error.strerror}") from None
    except device_model.ModelError as error:
        raise RivuletError(f"{model}: {error}") from None
    return settings, tensors


def check_events(events: Path, channels: list[str]) -> None:
    """Raise RivuletError, with the line, if an EVENTS.csv is not one for these channels."""
    try:
        with events.open(newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if header[:1] != ["t_us"]:
                raise RivuletError(f"{events}: the first column must be t_us")
            missing = sorted(set(channels) - set(header[1:]))
            extra = sorted(set(header[1:]) - set(channels))
            if missing or extra:
                raise RivuletError(
                    f"{events}: columns must be the model's channels {', '.join(channels)}"
                    + (f"; missing: {', '.join(missing)}" if missing else "")
                    + (f"; unknown: {', '.join(extra)}" if extra else "")
                )
            count = 0
            for row in rows:
                if row:
                    _check_row(events, rows.line_num, row, len(header))
                    count += 1
    except OSError as error:
        raise RivuletError(f"{events}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RivuletError(f"{events}: not a text file") from None
    if not count:
        raise RivuletError(f"{events}: holds no events")


def _check_row(events: Path, line: int, row: list[str], columns: int) -> None:
    where = f"{events}, line {line}"
    if len(row) != columns:
        raise RivuletError(f"{where}: {len(row)} cells, the header has {columns}")
    try:
        if abs(int(row[0])) >= 1 << 62:
            raise ValueError
    except ValueError:
        raise RivuletError(f"{where}: t_us '{row[0]}' is not a whole number") from None
    for cell in row[1:]:
        try:
            finite = not cell or math.isfinite(float(cell))
        except ValueError:
            finite = False
        if not finite:
            raise RivuletError(f"{where}: '{cell}' is not a finite number (leave it empty?)")


def replay(model: Path, events: Path, out: Path, runtime: str = "micropython") -> ReplayReport:
    """Run the device code over EVENTS.csv into OUT.csv, on MicroPython or on numpy."""
    settings, _ = read_settings(model)
    check_events(events, settings["channels"])
    with files.replacing(out) as beside:
        try:
            if runtime == "numpy":
                from host_tools.on_device import replay as on_device

                count, late = on_device.replay(str(model), str(events), str(beside))
            else:
                count, late = _on_micropython(model, events, beside)
        except (OSError, ValueError) as error:
            raise RivuletError(f"replay failed: {error}") from None
    return ReplayReport(count, late)


def _on_micropython(model: Path, events: Path, out: Path) -> tuple[int, int]:
    command = [str(find_micropython()), "-X", "heapsize=32M", str(_SCRIPT), str(FIRMWARE)]
    command += [str(path.resolve()) for path in (model, events, out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [
            f"the interpreter ended with {done.returncode}"
        ]
        raise RivuletError(f"replay failed: {lines[-1]}")
    count, late = done.stdout.split()[-2:]
    return int(count), int(late)
