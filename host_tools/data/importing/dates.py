"""Dates and times of day as whole microseconds, without rounding on the way."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from host_tools.choices import TimeUnit

DAY_US = 86_400_000_000
_PART = r"(?:[.,](?P<part>[0-9]{1,12}))?"
_CLOCK = rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?::(?P<second>[0-9]{{2}}){_PART})?"
_HALF = r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
_ZONE = r"\s*(?P<zone>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?(?:\[[A-Za-z_/+-]+\])?"
_YMD = r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})"
_COMPACT = r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
_ANY = (
    r"(?P<first>[0-9]{1,2})(?P<mark>[-/.])(?P<second_number>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})"
)
_TAIL = rf"(?:[T ,_]+{_CLOCK}{_HALF}{_ZONE})?"
_YEAR_FIRST = re.compile(_YMD + _TAIL, re.ASCII)
_YEAR_LAST = re.compile(_ANY + _TAIL, re.ASCII)
_DENSE = re.compile(
    _COMPACT
    + r"T(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})"
    + _PART
    + r"(?P<half>)"
    + _ZONE,
    re.ASCII,
)
_CLOCK_ONLY = re.compile(_CLOCK + _HALF + r"(?P<zone>)", re.ASCII)
_DATES_ONLY = (re.compile(_YMD, re.ASCII), re.compile(_ANY, re.ASCII))
_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


class Moment(NamedTuple):
    """A point of time in microseconds since 1970, of UTC if it states a zone."""

    us: int
    zoned: bool


def looks_like_date(cell: str) -> bool:
    """Return whether a cell is a date, a date with a time, or a time of day."""
    return len(cell) < 60 and any(
        pattern.fullmatch(cell) for pattern in (_YEAR_FIRST, _YEAR_LAST, _CLOCK_ONLY, _DENSE)
    )


def is_date_only(cell: str) -> bool:
    """Return whether a cell is a date without a time of day."""
    return any(pattern.fullmatch(cell) for pattern in _DATES_ONLY)


def is_clock_only(cell: str) -> bool:
    """Return whether a cell is a time of day without a date."""
    return _CLOCK_ONLY.fullmatch(cell) is not None


def day_order(cells: Iterable[str]) -> TimeUnit | None:
    """Return which number of 3/4/2026 is the day: `dmy`, `mdy`, None if that is open.

    Dates with points have the day first. `iso`: no date is written in this way.
    """
    order: TimeUnit | None = TimeUnit.iso
    for cell in cells:
        found = _YEAR_LAST.fullmatch(cell) if len(cell) < 60 else None
        if found is None:
            continue
        if found["mark"] == "." or int(found["first"]) > 12:
            return TimeUnit.dmy
        if int(found["second_number"]) > 12:
            return TimeUnit.mdy
        order = None
    return order


def moment(cell: str, order: TimeUnit) -> Moment | None:
    """Return the point of time in a cell; None if it holds none."""
    if len(cell) >= 60:
        return None
    for pattern in (_YEAR_FIRST, _DENSE, _YEAR_LAST):
        found = pattern.fullmatch(cell)
        if found is not None:
            break
    else:
        found = _CLOCK_ONLY.fullmatch(cell)
        if found is None:
            return None
        clock = _clock_us(found)
        return None if clock is None else Moment(clock, False)
    parts = found.groupdict()
    if "first" in parts:
        day, month = int(parts["first"]), int(parts["second_number"])
        if order is TimeUnit.mdy:
            day, month = month, day
    else:
        day, month = int(parts["day"]), int(parts["month"])
    try:
        days = datetime(int(parts["year"]), month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    clock = _clock_us(found) if parts["hour"] else 0
    zone = _zone_us(parts["zone"])
    if clock is None or zone is None:
        return None
    return Moment(days * DAY_US + clock - zone, bool(parts["zone"]))


def _clock_us(found: re.Match[str]) -> int | None:
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    half = (found["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    # 60: a leap second, the same as the first one of the next minute.
    if hour > 24 or minute > 59 or second > 60:
        return None
    digits = (found["part"] or "").ljust(12, "0")
    part = (int(digits) + 500_000) // 1_000_000
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + part


def _zone_us(zone: str | None) -> int | None:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 15 or minutes > 59:
        return None
    return (1 if zone[0] == "+" else -1) * (hours * 60 + minutes) * 60_000_000
