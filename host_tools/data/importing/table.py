"""A table as a source gives it: columns of text, before anything is made of them."""

from dataclasses import dataclass, field
from typing import NamedTuple

from host_tools.choices import TimeUnit
from host_tools.errors import RivuletError


class NotATable(RivuletError):
    """Raised for a file that holds no events. Within a folder it is left out."""


class KnownTime(NamedTuple):
    """What the source itself says of a column of times."""

    unit: TimeUnit
    # Whether times count from 1970 in UTC.
    utc: bool = False


@dataclass
class Column:
    """One column. A blank cell is an empty text."""

    # As the source writes it, with the unit; empty for none.
    name: str
    cells: list[str]
    # None: to be found out.
    time: KnownTime | None = None
    # The unit, where the source has it apart from the name.
    unit: str = ""


class Left(NamedTuple):
    """A row that is not imported."""

    line: int
    reason: str


@dataclass
class Table:
    """One file, or one part of it."""

    # For messages: the path, or the archive and its member.
    source: str
    # Path without suffix, from the folder or archive that was named.
    place: str
    # How it was read, for the report.
    form: str
    columns: list[Column]
    # Of the file, one for each row.
    lines: list[int]
    left: list[Left] = field(default_factory=list)
    # Where several things are read from one file: which of them this is.
    part: str = ""
    # The label of every row, where the source gives one for the whole file, and how.
    label: str = ""
    label_from: str = ""
    # Microseconds to add to the times for UTC since 1970, where the source tells.
    utc_offset_us: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def columns_text(self) -> str:
        """Names of the columns for a message."""
        names = [column.name or "(no name)" for column in self.columns]
        more = f" and {len(names) - 30} more" if len(names) > 30 else ""
        return ", ".join(names[:30]) + more
