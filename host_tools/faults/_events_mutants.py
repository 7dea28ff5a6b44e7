"""EVENTS.csv as spreadsheets, loggers and accidents leave it, and what it has to be read as."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host_tools.data.events import read
from host_tools.errors import RivuletError

CHANNELS = ("a", "b", "c")
Rows = list[tuple[int, list[float]]]


@dataclass
class Sheet:
    """A file in the making: cells of the header and the rows, and how they are put together."""

    cells: list[list[str]]
    end: str = "\n"
    delimiter: str = ","
    mark: bool = False  # a byte order mark

    def data(self) -> bytes:
        text = self.end.join(self.delimiter.join(row) for row in self.cells) + self.end
        return ("\ufeff" if self.mark else "").encode() + text.encode("utf-8", "surrogateescape")


def sheet(draw: random.Random) -> tuple[Sheet, Rows]:
    """Return a good file, and the rows that it holds."""
    order = draw.sample(range(3), 3)
    t_us = draw.choice((0, -5, 1 << 30, 1_700_000_000_000_000, (1 << 62) - 10_000_000))
    cells, rows = [["t_us"] + [CHANNELS[i] for i in order]], []
    for _ in range(draw.randrange(1, 8)):
        t_us += draw.choice((0, 1, 999, 100_000))
        values = [draw.choice((math.nan, 0.0, draw.uniform(-1e3, 1e3))) for _ in CHANNELS]
        rows.append((t_us, values))
        texts = ["" if math.isnan(values[i]) else repr(values[i]) for i in order]
        cells.append([str(t_us), *texts])
    return Sheet(cells), rows


def _place(draw: random.Random, made: Sheet) -> tuple[int, int]:
    return draw.randrange(1, len(made.cells)), draw.randrange(1, 4)


def _replace(text: str, column: int = 0) -> Callable[[random.Random, Sheet], None]:
    def change(draw: random.Random, made: Sheet) -> None:
        row, other = _place(draw, made)
        made.cells[row][0 if column == 0 else other] = text

    return change


def _harmless(draw: random.Random, made: Sheet) -> None:
    made.mark = draw.random() < 0.3
    made.end = draw.choice(("\n", "\r\n", "\r"))
    for row in made.cells:
        for i, cell in enumerate(row):
            how = draw.random()
            if how < 0.1:
                row[i] = f'"{cell}"'
            elif how < 0.2:
                row[i] = f" {cell}\t"
    if draw.random() < 0.3:
        made.cells.insert(draw.randrange(1, len(made.cells) + 1), [""])


def _delimiter(draw: random.Random, made: Sheet) -> None:
    made.delimiter = draw.choice(";\t|")


def _twice(draw: random.Random, made: Sheet) -> None:
    made.cells[0][1] = made.cells[0][2]


def _short(draw: random.Random, made: Sheet) -> None:
    del made.cells[draw.randrange(1, len(made.cells))][-1]


def _longer(draw: random.Random, made: Sheet) -> None:
    made.cells[draw.randrange(1, len(made.cells))].append("5")


# Each must be refused, and the line be named.
_HARMFUL: tuple[Callable[[random.Random, Sheet], None], ...] = (
    *map(_replace, ("1.5", "1e3", "1_0", "\u0661", "", "nan", "0x5", "007", "+5", "9" * 5000)),
    *(
        _replace(text, 1)
        for text in ("nan", "-inf", "1_0", "\u0661", "1e39", "x", "\x1b[2J", "0x1p3", "1,5")
        + ('"1,5"', '"1', '"1"2', "\udcff", "\0", "1 2", "9" * 200_000, "- 1", "1e", ".")
    ),
    _delimiter,
    _twice,
    _short,
    _longer,
)


def _bytes(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 4)):
        at = draw.randrange(len(changed) + 1)
        how = draw.randrange(3)
        if how == 0:
            changed[at : at + 1] = bytes((draw.randrange(256),))
        elif how == 1:
            del changed[at : at + draw.randrange(1, 6)]
        else:
            changed[at:at] = draw.choice((b'"', b",", b"\r", b"\n", b";", b"\0", b"\xff", b"\xc3"))
    return bytes(changed)


def attempt(draw: random.Random, path: Path) -> tuple[bool, str]:
    """Write a file and read it. Returns whether it was taken, and what is wrong; "" if nothing."""
    made, rows = sheet(draw)
    how = draw.randrange(3)
    if how == 1:
        draw.choice(_HARMFUL)(draw, made)
    else:
        _harmless(draw, made)
    data = _bytes(draw, made.data()) if how == 2 else made.data()
    path.write_bytes(data)
    try:
        found = [(event.t_us, event.values) for event in read(path, CHANNELS)]
    except RivuletError as error:
        said = str(error)
        if how == 0:
            return False, f"refused wrongly: {said}: {data[:200]!r}"
        if "\n" in said or "\x1b" in said or len(said) > 500:
            return False, f"not a plain line: {said[:200]!r}"
        return False, "" if how == 2 or ", line " in said else f"names no line: {said}"
    except Exception as error:
        return False, f"raised {error!r}: {data[:200]!r}"
    if how == 1:
        return True, f"taken wrongly: {data[:200]!r}"
    if how == 0 and repr(found) != repr(rows):
        return True, f"misread: {data[:200]!r}"
    return True, ""
