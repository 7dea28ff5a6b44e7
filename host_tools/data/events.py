"""Recordings: `t_us,<channel names>[,label][,group]`, an event a row. This is their only reader.

A cell is empty where the event does not carry the channel. Needs no numpy: `rivulet replay` feeds
an interpreter from here. Rows are read one at a time, so a file may be of any length. A file
called NAME.parquet holds the same columns as Parquet.
"""

import csv
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from host_tools import files
from host_tools.errors import RivuletError

# Timestamps stay far inside 64 bits, so that differences of two fit as well.
_LONGEST_US = 1 << 62
_LARGEST = 3.4028234663852886e38  # float32, which boards compute with
# Of a line, and of text that a message quotes, in characters.
_LONGEST_LINE = 1 << 20
_LONGEST_QUOTE = 40
_BLANK = " \t\r\n"
# Python reads more as numbers: 1_000, nan, digits of other scripts. All that is refused.
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_FOREIGN = {";": "';'", "\t": "tabs", "|": "'|'", " ": "spaces"}
# Columns that are no channel: the class of the event, and the group that its recording belongs to.
LABEL, GROUP = "label", "group"
# Their places, beside those of channels, which count from 0.
_LABEL, _GROUP = -1, -2
# Counters of microseconds wrap at 2^30 in MicroPython, at 2^32 in C.
_COUNTERS = (30, 32)


class Event(NamedTuple):
    """One row of the file."""

    # Of the file, from 1, for messages. Rows of Parquet count as those of the same CSV would.
    line: int
    t_us: int
    values: list[float]  # in order of the channels asked for; NaN: the event does not carry it
    # The latest time before it if its own is earlier, else None.
    back_from: int | None = None
    # Empty: the event has none.
    label: str = ""
    group: str = ""


def read(
    path: Path,
    channels: Sequence[str],
    *,
    complete: bool = False,
    whose: str = "the model's",
) -> Iterator[Event]:
    """Yield the events of a recording row by row. Raises RivuletError, with the line.

    complete: every channel needs a column; otherwise one without comes as never carried.
    whose: names the owner of the channels in messages.
    """
    latest = None
    places: list[int] | None = None
    for number, cells in _rows(path):
        where = f"{path}, line {number}"
        if places is None:
            places = _places(where, cells, channels, complete, whose)
            continue
        event = _event(where, number, cells, places, len(channels))
        if latest is not None and event.t_us < latest:
            yield event._replace(back_from=latest)
        else:
            latest = event.t_us
            yield event
    if places is None:
        raise RivuletError(f"{path}, line 1: the first column must be t_us; the file is empty")
    if latest is None:
        raise RivuletError(f"{path}: holds no events")


def channels_of(path: Path) -> list[str]:
    """Return the names of a recording's channels. Raises RivuletError."""
    for number, cells in _rows(path):
        channels = [name for name in cells[1:] if name not in (LABEL, GROUP)]
        _places(f"{path}, line {number}", cells, channels, False, "the recording's")
        return channels
    raise RivuletError(f"{path}, line 1: the first column must be t_us; the file is empty")


def goes_back(path: Path, event: Event) -> str:
    """Return what is wrong with an event whose time goes back, with its line."""
    latest = event.back_from or 0
    for bits in _COUNTERS:
        if event.t_us >= 0 and latest < 1 << bits and latest - event.t_us > 1 << bits - 1:
            hint = f" (a counter that wrapped at 2^{bits}?)"
            break
    else:
        hint = ""
    return f"{path}, line {event.line}: t_us goes back from {latest} to {event.t_us}{hint}"


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of the header and of each row. Raises RivuletError."""
    files.check_input(path)
    if path.suffix.lower() == ".parquet":
        from host_tools.data.parquet import read_rows

        yield from enumerate(read_rows(path), start=1)
        return
    first = True
    try:
        # Bytes that are not UTF-8 come as surrogates, so that their line can be named.
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            for number, line in _lines(path, file):
                if first or line.strip(_BLANK):
                    yield number, _cells(f"{path}, line {number}", line)
                first = False
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None


def _lines(path: Path, file: TextIO) -> Iterator[tuple[int, str]]:
    """Yield the lines, numbered from 1. Raises RivuletError for one that is no text."""
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise RivuletError(f"{path}, line {number}: longer than {_LONGEST_LINE} characters")
        if not line.isascii():
            try:
                line.encode("utf-8")
            except UnicodeEncodeError:
                utf_16 = number == 1 and line[:2] in ("\udcff\udcfe", "\udcfe\udcff")
                kind = "UTF-16" if utf_16 else "not UTF-8"
                raise RivuletError(
                    f"{path}, line {number}: {kind}: save the file as text in UTF-8"
                ) from None
        yield number, line


def _cells(where: str, line: str) -> list[str]:
    """Split a line. A line break inside quotes is an error: no cell has one."""
    line = line.rstrip("\r\n")
    if '"' not in line:
        cells = line.split(",")
    else:
        try:
            # The limit of csv is for a cell, and the line has one already.
            csv.field_size_limit(_LONGEST_LINE)
            cells = next(csv.reader([line], strict=True))
        except csv.Error:
            raise RivuletError(
                f"{where}: a quote is not closed, or text follows a closed one"
            ) from None
    return [cell.strip(_BLANK) for cell in cells]


def _quoted(text: str) -> str:
    """Return text for a message: short, control characters escaped."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "...")


def _named(column: str) -> str:
    plain = column.isprintable() and 0 < len(column) <= _LONGEST_QUOTE
    return column if plain else _quoted(column)


def _places(
    where: str, header: list[str], channels: Sequence[str], complete: bool, whose: str
) -> list[int]:
    """Return which channel each column holds. Raises RivuletError."""
    if header[0] != "t_us":
        for delimiter, name in _FOREIGN.items():
            if header[0].split(delimiter)[0].strip('"') == "t_us":
                raise RivuletError(
                    f"{where}: {name} separate the columns; EVENTS.csv has commas, and a point in "
                    "decimal numbers; 'rivulet import' makes such a file one"
                )
        raise RivuletError(
            f"{where}: the first column must be t_us, not {_quoted(header[0])}; "
            "'rivulet import' makes a recording of other files"
        )
    columns = header[1:]
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise RivuletError(f"{where}: two columns are called {_quoted(twice)}")
    missing = sorted(set(channels) - set(columns)) if complete else []
    roles = {LABEL: _LABEL, GROUP: _GROUP}
    unknown = sorted(set(columns) - set(channels) - set(roles))
    if missing or unknown:
        raise RivuletError(
            f"{where}: columns must be {whose} channels {', '.join(channels)}"
            + (f"; missing: {', '.join(missing)}" if missing else "")
            + (f"; unknown: {', '.join(map(_named, unknown[:10]))}" if unknown else "")
        )
    return [channels.index(name) if name in channels else roles[name] for name in columns]


def _event(where: str, line: int, cells: list[str], places: list[int], channels: int) -> Event:
    if len(cells) != 1 + len(places):
        comma = " (a decimal comma?)" if len(cells) > 1 + len(places) else ""
        raise RivuletError(f"{where}: {len(cells)} cells, the header has {1 + len(places)}{comma}")
    values = [math.nan] * channels
    texts = {_LABEL: "", _GROUP: ""}
    for place, cell in zip(places, cells[1:], strict=True):
        if place < 0:
            texts[place] = cell
        elif cell:
            values[place] = _number(where, cell)
    t_us = _time(where, cells[0])
    return Event(line, t_us, values, None, texts[_LABEL], texts[_GROUP])


def _time(where: str, cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise RivuletError(f"{where}: t_us {_quoted(cell)} is not a whole number in plain digits")
    if len(cell) > 20 or abs(int(cell)) >= _LONGEST_US:
        raise RivuletError(f"{where}: t_us {_quoted(cell)} is beyond 2^62")
    return int(cell)


def _number(where: str, cell: str) -> float:
    if _NUMBER.fullmatch(cell):
        value = float(cell)
        if abs(value) <= _LARGEST:
            return value
        raise RivuletError(f"{where}: {_quoted(cell)} is beyond float32, which boards compute in")
    comma = "decimal comma: write a point" if _DECIMAL_COMMA.fullmatch(cell) else "leave it empty?"
    raise RivuletError(f"{where}: {_quoted(cell)} is not a finite number ({comma})")
