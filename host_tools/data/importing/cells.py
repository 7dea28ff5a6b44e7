"""Cells of text as numbers: which decimal mark, what stands for a missing value."""

import math
import re
from collections.abc import Iterable

from host_tools.choices import Decimals

# What loggers and spreadsheets write where there is no value.
MISSING = frozenset(
    ("", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", "?", "inf", "+inf", "-inf")
    + ("-nan", "infinity", "-infinity", "#value!", "#div/0!", "nat", "<na>", "1.#qnan", "-1.#ind")
)
_TRUTH = {"true": "1", "false": "0"}
PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_LARGEST = 3.4028234663852886e38  # float32, which boards compute with
_LONGEST = 60
_MARKED = re.compile(r"[+-]?[0-9.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?", re.ASCII)
_SAYS_COMMA = re.compile(
    r"[+-]?(?:0?,[0-9]+|[0-9]{4,},[0-9]+|[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*|[0-9]{1,3}(?:\.[0-9]{3}){2,})(?:[eE][+-]?[0-9]+)?"
)
_SAYS_POINT = re.compile(
    r"[+-]?(?:0?\.[0-9]+|[0-9]{4,}\.[0-9]+|[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})"
    r"|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*|[0-9]{1,3}(?:,[0-9]{3}){2,})(?:[eE][+-]?[0-9]+)?"
)


def is_missing(cell: str) -> bool:
    """Return whether a cell says that there is no value."""
    return cell.lower() in MISSING


def decimal_mark(cells: Iterable[str]) -> Decimals | None:
    """Return the decimal mark of these cells; None if 1,234 can be read in two ways.

    A cell such as 0,5 or 1.234,5 decides for the comma, 0.5 for the point.
    """
    comma = point = open_comma = False
    for cell in cells:
        if len(cell) > _LONGEST:
            continue
        if "," in cell and _MARKED.fullmatch(cell):
            comma = comma or _SAYS_COMMA.fullmatch(cell) is not None
            says_point = _SAYS_POINT.fullmatch(cell) is not None
            point = point or says_point
            open_comma = open_comma or not says_point
        elif not point and "." in cell:
            point = _SAYS_POINT.fullmatch(cell) is not None
    if comma != point:
        return Decimals.comma if comma else Decimals.point
    if comma or open_comma:
        return None
    return Decimals.point


def plain_number(cell: str, mark: Decimals) -> str:
    """Return a number with a decimal point and no thousands marks; other text as it is."""
    if mark is Decimals.comma:
        if "," in cell or "." in cell:
            head, comma, tail = cell.rpartition(",")
            if not comma:
                head, tail = cell, ""
            if "." in tail or "," in head or not _thousands(head, "."):
                return cell
            return head.replace(".", "") + ("." + tail if comma else "")
    elif "," in cell:
        head, point, tail = cell.partition(".")
        if "," in tail or not _thousands(head, ","):
            return cell
        return head.replace(",", "") + point + tail
    return cell


def _thousands(head: str, mark: str) -> bool:
    """Return whether every mark in a whole number stands before three digits."""
    first, *rest = head.lstrip("+-").split(mark)
    if not rest:
        return True
    return 1 <= len(first) <= 3 and all(len(part) == 3 for part in rest)


def number(cell: str, mark: Decimals) -> float:
    """Return a cell's value; NaN if it says that there is none. Raises ValueError, with why."""
    if mark is Decimals.point and len(cell) <= _LONGEST and PLAIN.fullmatch(cell):
        value = float(cell)
    elif is_missing(cell):
        return math.nan
    else:
        plain = plain_number(_TRUTH.get(cell.lower(), cell), mark)
        if len(plain) > _LONGEST or not PLAIN.fullmatch(plain):
            raise ValueError("no number")
        value = float(plain)
    if abs(value) > _LARGEST:
        raise ValueError("beyond float32, which boards compute in")
    return value
