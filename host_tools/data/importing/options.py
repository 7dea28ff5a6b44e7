"""What a person says about the files to import, read from the texts of the options."""

import re
from dataclasses import dataclass, field

from host_tools.choices import Decimals, TimeUnit
from host_tools.data.importing.names import Heading, is_reserved, parse_heading, sound_name
from host_tools.errors import RivuletError

_DELIMITERS = {"tab": "\t", "\\t": "\t", "space": " "}


@dataclass(frozen=True)
class Options:
    """Answers to what the files leave open. Empty: not said."""

    time: str = ""
    unit: TimeUnit | None = None
    label: str = ""
    group: str = ""
    label_from_name: re.Pattern[str] | None = None
    group_from_name: re.Pattern[str] | None = None
    # Names of the columns of a file without a header.
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    # Label in the file -> class.
    classes: dict[str, str] = field(default_factory=dict)
    # Column, as its header or as its name -> name and unit of the channel.
    channels: dict[str, Heading] = field(default_factory=dict)
    sort: bool = False
    # Longest gap within a recording; 0: no limit.
    gap_us: int = 3_600_000_000
    delimiter: str = ""
    decimal: Decimals | None = None
    # Whether the files of a folder or an archive are sensors of one recording.
    merge: bool | None = None


def read_columns(text: str | None) -> tuple[str, ...]:
    """Return the names of --columns. Raises RivuletError."""
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise RivuletError("--columns: a name is empty; write --columns time,NAME,NAME")
    return names


def read_classes(text: str | None) -> dict[str, str]:
    """Return the classes of --classes 1=bed,2=chair. Raises RivuletError."""
    found: dict[str, str] = {}
    for part in text.split(",") if text is not None else ():
        label, equals, name = (piece.strip() for piece in part.partition("="))
        if not (equals and label and name):
            raise RivuletError(f"--classes: '{part}' is not LABEL=NAME, such as 1=bed,2=chair")
        if label in found:
            raise RivuletError(f"--classes: '{label}' stands twice")
        found[label] = name
    return found


def read_channels(texts: list[str]) -> dict[str, Heading]:
    """Return the channels of --channel "COLUMN=NAME [UNIT]". Raises RivuletError."""
    found: dict[str, Heading] = {}
    for text in texts:
        column, equals, name = (piece.strip() for piece in text.rpartition("="))
        if not (equals and column and name):
            raise RivuletError(f"--channel: '{text}' is not COLUMN=NAME, such as ax=accel_x")
        heading = parse_heading(name)
        if heading.name != sound_name(heading.name) or is_reserved(heading.name):
            raise RivuletError(
                f"--channel: '{heading.name}' is no name for a channel: letters, digits, '_', '.' "
                "and '-', not t_us, label, group, or y, x or tau with a number"
            )
        if column in found:
            raise RivuletError(f"--channel: '{column}' stands twice")
        unit = heading.unit or parse_heading(column).unit
        found[column] = Heading(heading.name, unit)
    return found


def read_pattern(option: str, text: str | None) -> re.Pattern[str] | None:
    """Return a regular expression. Raises RivuletError."""
    if text is None:
        return None
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise RivuletError(f"{option}: '{text}' is no regular expression: {error}") from None


def read_delimiter(text: str | None) -> str:
    """Return the character of --delimiter. Raises RivuletError."""
    if text is None:
        return ""
    character = _DELIMITERS.get(text, text)
    if len(character) != 1 or character.isalnum() or character in "\"'\r\n.+-":
        raise RivuletError(f"--delimiter: '{text}' is no delimiter; such as ';', tab or space")
    return character


def read_gap(seconds: float) -> int:
    """Return the longest gap in microseconds. Raises RivuletError."""
    if not 0 <= seconds <= 1e9:
        raise RivuletError("--gap: a number of seconds from 0 (never) to 1e9")
    return round(seconds * 1e6)
