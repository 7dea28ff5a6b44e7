"""EVENTS.csv: `t_us,<channel names>`, one event a row. This is its only reader.

A cell is empty where the event does not carry the channel. Needs no numpy: `rivulet replay` feeds
an interpreter from here.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from host_tools.errors import RivuletError

# Columns of a recording that hold no channel.
NO_CHANNELS = ("label", "group")
# Timestamps stay far inside 64 bits, so that differences of two fit as well.
_LONGEST_US = 1 << 62


class Event(NamedTuple):
    """One row of the file."""

    line: int  # of the file, from 1, for messages
    t_us: int
    values: list[float]  # in order of the channels asked for; NaN: the event does not carry it


def read(
    path: Path,
    channels: Sequence[str],
    *,
    complete: bool = False,
    whose: str = "the model's",
    ignored: Sequence[str] = (),
) -> Iterator[Event]:
    """Yield the events of an EVENTS.csv row by row. Raises RivuletError, with the line.

    complete: every channel needs a column; otherwise one without comes as never carried.
    whose: names the owner of the channels in messages. ignored: columns that may be there.
    """
    line, found = 1, False
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            places = _places(path, header, channels, complete, whose, ignored)
            for row in rows:
                line = rows.line_num
                if row:
                    found = True
                    yield _event(f"{path}, line {line}", line, row, places, len(channels))
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RivuletError(f"{path}: not a text file") from None
    except csv.Error as error:
        raise RivuletError(f"{path}, after line {line}: {error}") from None
    if not found:
        raise RivuletError(f"{path}: holds no events")


def _places(
    path: Path,
    header: list[str],
    channels: Sequence[str],
    complete: bool,
    whose: str,
    ignored: Sequence[str],
) -> list[int]:
    """Which channel each column holds, -1 for one that is ignored."""
    if header[:1] != ["t_us"]:
        raise RivuletError(f"{path}: the first column must be t_us")
    missing = sorted(set(channels) - set(header[1:])) if complete else []
    unknown = sorted(set(header[1:]) - set(channels) - set(ignored))
    if missing or unknown:
        raise RivuletError(
            f"{path}: columns must be {whose} channels {', '.join(channels)}"
            + (f"; missing: {', '.join(missing)}" if missing else "")
            + (f"; unknown: {', '.join(unknown)}" if unknown else "")
        )
    return [channels.index(name) if name in channels else -1 for name in header[1:]]


def _event(where: str, line: int, row: list[str], places: list[int], channels: int) -> Event:
    if len(row) != 1 + len(places):
        raise RivuletError(f"{where}: {len(row)} cells, the header has {1 + len(places)}")
    try:
        t_us = int(row[0])
    except ValueError:
        t_us = _LONGEST_US
    if abs(t_us) >= _LONGEST_US:
        raise RivuletError(f"{where}: t_us '{row[0]}' is not a whole number")
    values = [math.nan] * channels
    for place, cell in zip(places, row[1:], strict=True):
        if place < 0 or not cell.strip():
            continue
        try:
            values[place] = float(cell)
        except ValueError:
            values[place] = math.nan
        if not math.isfinite(values[place]):
            raise RivuletError(f"{where}: '{cell}' is not a finite number (leave it empty?)")
    return Event(line, t_us, values)
