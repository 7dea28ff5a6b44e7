"""Names: of columns, of the channels that they become, and of recordings."""

import re
import unicodedata
from typing import NamedTuple

_UNIT = re.compile(r"(?P<name>.*?)\s*(?:\[(?P<square>[^\[\]]*)\]|\((?P<round>[^()]*)\))\s*")
_LONGEST = 48
# Patterns are tried on no longer text, and no header of columns is.
_LONGEST_HEADING = 400
_RESERVED = re.compile(r"t_us|decision|label|group|(?:y|x|tau)[0-9]+|(?:age|fresh|action)\..*")


class Heading(NamedTuple):
    """The name and the unit in a column's header."""

    name: str
    unit: str


def parse_heading(text: str) -> Heading:
    """Split "acc_x [m/s^2]" or "acc_x (m/s^2)"; the unit is empty without one."""
    text = text.strip()
    found = _UNIT.fullmatch(text) if len(text) <= _LONGEST_HEADING else None
    if found is None or not found["name"]:
        return Heading(text, "")
    unit = found["square"] if found["square"] is not None else found["round"]
    return Heading(found["name"].strip(), unit.strip())


def sound_name(text: str) -> str:
    """Return the text as a channel's name: letters, digits, '_', '.' and '-'."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = plain.encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^A-Za-z0-9_.\-]+", "_", plain).strip("_.-")
    if not plain:
        return ""
    return (plain if plain[0].isalpha() or plain[0] == "_" else f"c_{plain}")[:_LONGEST]


def is_reserved(name: str) -> bool:
    """Return whether no channel may have this name, because recordings or outputs use it."""
    return _RESERVED.fullmatch(name) is not None


def file_name(text: str) -> str:
    """Return the text as the name of a recording's file, without suffix."""
    plain = re.sub(r"[^\w.\-]+", "_", text).strip("._-")
    return plain[:100] or "recording"
