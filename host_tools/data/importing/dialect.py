"""How a text file is laid out: encoding, delimiter, header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from host_tools.data.importing.dates import looks_like_date
from host_tools.data.importing.table import NotATable
from host_tools.errors import RivuletError

MAX_CELL = 1 << 20
_SAMPLE = 200
_LONGEST_NUMBER = 60
_COMMENTS = ("#", "%", "//")
_NUMBER_LIKE = re.compile(r"[+-]?[0-9.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?", re.ASCII)
DELIMITER_NAMES = {",": "','", ";": "';'", "\t": "tabs", "|": "'|'", " ": "spaces"}


class Row(NamedTuple):
    """One row of a file, which may span lines."""

    line: int
    cells: list[str]


class Dialect(NamedTuple):
    """The delimiter, and the row that names the columns: 0 for the first one, -1 for none."""

    delimiter: str
    header: int
    # Cells of most rows.
    width: int


def decode(data: bytes, source: str) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding. Raises RivuletError."""
    for mark, encoding, name in (
        (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8 with byte order mark"),
        (b"\xff\xfe", "utf-16", "UTF-16"),
        (b"\xfe\xff", "utf-16", "UTF-16"),
    ):
        if data.startswith(mark):
            try:
                return data.decode(encoding), name
            except UnicodeDecodeError:
                raise RivuletError(f"{source}: begins as {name}, but is not: damaged?") from None
    if b"\0" in data:
        raise NotATable(f"{source}: not a text file, nor another kind that import reads")
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        # Has a character for nearly every byte, so it never fails and is named in the report.
        return data.decode("cp1252", errors="replace"), "Windows-1252"


def rows(text: str, delimiter: str, source: str) -> Iterator[Row]:
    """Yield the rows that are no comment and not blank. Raises RivuletError, with the line."""
    csv.field_size_limit(MAX_CELL)
    numbers: list[int] = []
    reader = csv.reader(_lines(text, delimiter, numbers), delimiter=delimiter, strict=False)
    read = 0
    try:
        for cells in reader:
            line, read = numbers[read], len(numbers)
            if any("\n" in cell or "\r" in cell for cell in cells):
                # An unclosed quote swallows what follows; a line break in a cell is not worth
                # the risk of losing rows in silence.
                raise RivuletError(f"{source}, line {line}: a quote is not closed in this line")
            if any(cells):
                yield Row(line, [cell.strip() for cell in cells])
    except csv.Error as error:
        where = numbers[min(read, len(numbers) - 1)] if numbers else 1
        raise RivuletError(f"{source}, line {where}: {error}") from None


def _lines(text: str, delimiter: str, numbers: list[int]) -> Iterator[str]:
    """Yield the lines that are rows; `numbers` gets the number of each."""
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        bare = line.strip(" \t\r\n")
        if not bare or bare.startswith(_COMMENTS) or bare.lower().startswith("sep="):
            continue
        numbers.append(number)
        # Columns may be aligned with any number of spaces.
        yield re.sub(r"[ \t]+", " ", bare) + "\n" if delimiter == " " else line


def find(text: str, source: str, delimiter: str, width: int) -> Dialect:
    """Return how a file is laid out. Raises RivuletError if that is open, with what decides.

    delimiter: as --delimiter says, else empty. width: number of columns that --columns names,
    0 if the file has a header.
    """
    stated = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if not delimiter and stated:
        delimiter = stated[1]
    head = text[: 1 << 20]
    found = [_try(head, each, source, width) for each in ([delimiter] if delimiter else ",;\t|")]
    fit = [each for each in found if each is not None]
    if not fit and not delimiter:
        fit = [each for each in [_try(head, " ", source, width)] if each is not None]
    if not fit:
        if width:
            raise RivuletError(
                f"{source}: no delimiter gives the {width} columns that --columns names"
            )
        raise NotATable(f"{source}: no table: no delimiter gives rows of several columns")
    if width:
        # A file without a header, or one whose header --columns replaces.
        fit = [each for each in fit if each.header < 0]
    else:
        counts = " or ".join(str(each.width) for each in fit)
        fit = [each for each in fit if each.header >= 0]
        if not fit:
            raise RivuletError(
                f"{source}: no header above its {counts} columns: name them with --columns, such "
                "as --columns 'time [s],NAME,NAME'"
            )
    if len(fit) > 1:
        names = " or ".join(DELIMITER_NAMES[each.delimiter] for each in fit)
        raise RivuletError(f"{source}: columns may be separated by {names}: say --delimiter")
    return fit[0]


def _try(head: str, delimiter: str, source: str, width: int) -> Dialect | None:
    sample: list[list[str]] = []
    try:
        for row in rows(head, delimiter, source):
            sample.append(row.cells)
            if len(sample) == _SAMPLE:
                break
    except RivuletError:
        if not sample:
            return None
    lengths = [_bare_length(cells) for cells in sample]
    if width:
        most = sum(
            width in (length, len(cells)) for length, cells in zip(lengths, sample, strict=True)
        )
        return Dialect(delimiter, -1, width) if most * 2 > len(sample) else None
    counts = Counter(lengths)
    most_common = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]
    # Rows end in blank cells where a sensor is silent, so the header decides.
    for index, cells in enumerate(sample[:50]):
        if len(cells) >= max(2, most_common) and _names(cells):
            rest = sample[index + 1 :]
            same = sum(_fits(each, len(cells)) for each in rest)
            if same * 2 >= len(rest):
                return Dialect(delimiter, index, len(cells))
    if most_common >= 2 and counts[most_common] * 2 > len(sample):
        return Dialect(delimiter, -1, most_common)
    return None


def _bare_length(cells: list[str]) -> int:
    """Return the number of cells without a blank one that a delimiter at the end makes."""
    return len(cells) - (1 if len(cells) > 1 and not cells[-1] else 0)


def _fits(cells: list[str], width: int) -> bool:
    return len(cells) == width or (len(cells) == width + 1 and not cells[-1])


def _names(cells: list[str]) -> bool:
    """Return whether cells can be a header: names, and no numbers or dates."""
    named = [cell for cell in cells if cell]
    return (
        len(named) >= 2
        and len(named) >= len(cells) - 1 - len(cells) // 4
        and not any(
            _NUMBER_LIKE.fullmatch(cell[:_LONGEST_NUMBER]) or looks_like_date(cell)
            for cell in named
        )
        and not any(_swallowed(cell) for cell in named)
    )


def _swallowed(cell: str) -> bool:
    """Return whether a cell holds several numbers with a delimiter between: another one's row."""
    return any(
        len(parts) > 1
        and all(_NUMBER_LIKE.fullmatch(part.strip()[:_LONGEST_NUMBER]) for part in parts)
        for parts in (cell.split(mark) for mark in ";\t|")
    )
