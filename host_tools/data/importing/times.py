"""A column of times as whole microseconds: its unit, and whether it counts from 1970."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from host_tools.choices import Decimals, TimeUnit
from host_tools.data.importing import dates
from host_tools.data.importing.cells import PLAIN, plain_number
from host_tools.data.importing.names import parse_heading
from host_tools.data.importing.table import Column
from host_tools.data.spans import span_text
from host_tools.errors import RivuletError

# Powers of ten from each unit to microseconds.
_POWER = {TimeUnit.s: 6, TimeUnit.ms: 3, TimeUnit.us: 0, TimeUnit.ns: -3}
UNIT_US = {TimeUnit.s: 1_000_000, TimeUnit.ms: 1000, TimeUnit.us: 1}
_UNIT_NAMES = {
    "s": TimeUnit.s,
    "sec": TimeUnit.s,
    "secs": TimeUnit.s,
    "second": TimeUnit.s,
    "seconds": TimeUnit.s,
    "sekunden": TimeUnit.s,
    "ms": TimeUnit.ms,
    "msec": TimeUnit.ms,
    "millis": TimeUnit.ms,
    "milliseconds": TimeUnit.ms,
    "us": TimeUnit.us,
    "µs": TimeUnit.us,
    "μs": TimeUnit.us,
    "usec": TimeUnit.us,
    "micros": TimeUnit.us,
    "microseconds": TimeUnit.us,
    "ns": TimeUnit.ns,
    "nsec": TimeUnit.ns,
    "nanos": TimeUnit.ns,
    "nanoseconds": TimeUnit.ns,
}
_SUFFIX = r"(?:[\W_]+(?:utc|iso|local|elapsed|stamp|s|sec|ms|us|ns))?"
_WORDS = (
    "time|timestamps?|datetime|date|epoch|unix|unixtime|elapsed|ticks|zeit|zeitstempel|datum"
    "|uhrzeit|millis|micros|nanos|seconds|milliseconds|microseconds|nanoseconds|temps|tiempo|fecha"
)
_TIME_NAME = re.compile(rf"(?:{_WORDS}|t|ts|clock){_SUFFIX}")
_LONGER_TIME_NAME = re.compile(rf"(?:[^\W_]+[\W_]+)+(?:{_WORDS}){_SUFFIX}")
_LONGEST_NAME = 100
_LIMIT_US = 1 << 61
# What counts as a time since 1970: from 2001 to a year from now.
_EPOCH_US = 978_307_200_000_000
_YEAR_US = 366 * dates.DAY_US
# Steps so long speak against a time since 1970 in this unit: the next smaller unit, counted since
# a start, is as likely.
_LONG_STEP_US = {TimeUnit.s: 60_000_000, TimeUnit.ms: 60_000_000, TimeUnit.us: 1_000_000}


@dataclass
class Times:
    """A column of times, read."""

    # None where a cell holds none.
    t_us: list[int | None]
    unit: TimeUnit
    # Whether t_us counts from 1970 in UTC.
    utc: bool
    # For the report: how the cells were read.
    text: str
    # Whether only the time of day is known, so that midnight begins anew.
    daily: bool = False


def is_time_name(name: str) -> bool:
    """Return whether a column's name says that it holds times: time, t_ms, Zeit, "Time (s)"."""
    return _TIME_NAME.fullmatch(parse_heading(name).name.lower()) is not None


def is_longer_time_name(name: str) -> bool:
    """Return whether a column's name may say so: sample_time, but reaction_time as well."""
    name = parse_heading(name).name.lower()[:_LONGEST_NAME]
    return _LONGER_TIME_NAME.fullmatch(name) is not None


def unit_of_name(column: Column) -> TimeUnit | None:
    """Return the unit that a column's name states, as in time_ms, `t [s]` or seconds_elapsed."""
    heading = parse_heading(column.name)
    unit = (column.unit or heading.unit).lower()
    if unit in _UNIT_NAMES:
        return _UNIT_NAMES[unit]
    words = re.split(r"[\W_]+", heading.name.lower())
    found = {_UNIT_NAMES[word] for word in words if word in _UNIT_NAMES}
    # The name `s` alone is no time, and a name of two units states none.
    return found.pop() if len(found) == 1 and (len(words) > 1 or len(words[0]) > 2) else None


def read_times(column: Column, mark: Decimals, asked: TimeUnit | None, source: str) -> Times:
    """Read a column of times. Raises RivuletError, with the option that decides what is open.

    asked: the unit of --unit.
    """
    if _is_dated(column.cells):
        return _read_dates(column, asked, source)
    known = column.time
    unit = asked or (known.unit if known is not None else unit_of_name(column))
    where = f"{source}: column '{column.name}'"
    if unit in (TimeUnit.iso, TimeUnit.dmy, TimeUnit.mdy):
        raise RivuletError(f"{where} holds no dates ('{_example(column.cells)}')")
    numbers = [_decimal(cell, mark) for cell in column.cells]
    if all(number is None for number in numbers):
        raise RivuletError(f"{where} holds no times ('{_example(column.cells)}')")
    if unit is None:
        unit = _epoch_unit(numbers)
        if unit is None:
            raise RivuletError(_which_unit(where, numbers))
        utc, text = True, f"{unit} since 1970"
    else:
        utc = known.utc if known is not None else _is_epoch(numbers, unit)
        text = f"{unit} since 1970" if utc else f"in {unit}"
    return Times([_to_us(number, unit) for number in numbers], unit, utc, text)


def _is_dated(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells[:1000] if cell] or [cell for cell in cells if cell]
    dated = sum(dates.looks_like_date(cell) for cell in filled)
    return dated * 2 > len(filled)


def _read_dates(column: Column, asked: TimeUnit | None, source: str) -> Times:
    where = f"{source}: column '{column.name}'"
    if asked in _POWER:
        raise RivuletError(f"{where} holds dates ('{_example(column.cells)}'): say --unit iso")
    order = asked if asked in (TimeUnit.dmy, TimeUnit.mdy) else dates.day_order(column.cells)
    if order is None:
        raise RivuletError(
            f"{where}: in '{_example(column.cells)}' either number may be the day: "
            "say --unit dmy or --unit mdy"
        )
    moments = [dates.moment(cell, order) for cell in column.cells]
    zoned = {found.zoned for found in moments if found is not None}
    if not zoned:
        raise RivuletError(f"{where} holds no valid dates ('{_example(column.cells)}')")
    if len(zoned) > 1:
        raise RivuletError(f"{where}: some times have a zone and some have none")
    daily = all(dates.is_clock_only(cell) for cell in column.cells if cell)
    kind = "times of day" if daily else "dates"
    if order is not TimeUnit.iso:
        kind += ", the day first" if order is TimeUnit.dmy else ", the month first"
    text = f"{kind} with zone" if zoned == {True} else f"{kind} without zone"
    t_us = [None if found is None else found.us for found in moments]
    return Times(t_us, TimeUnit.iso, zoned == {True}, text, daily)


def _decimal(cell: str, mark: Decimals) -> Decimal | int | None:
    """Return a number exactly as written, None for text."""
    if cell.isascii() and cell.isdigit() and len(cell) < 25:
        return int(cell)
    plain = plain_number(cell, mark)
    if len(plain) > 40 or not PLAIN.fullmatch(plain):
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return value if value.adjusted() < 24 else None


def _to_us(number: Decimal | int | None, unit: TimeUnit) -> int | None:
    if number is None:
        return None
    power = _POWER[unit]
    if isinstance(number, int):
        t_us = number * 10**power if power >= 0 else (number + 500) // 1000
    else:
        t_us = int(number.scaleb(power).to_integral_value(ROUND_HALF_UP))
    return t_us if abs(t_us) < _LIMIT_US else None


def _present(numbers: Sequence[Decimal | int | None]) -> list[Decimal | int]:
    return [number for number in numbers if number is not None]


def _is_epoch(numbers: Sequence[Decimal | int | None], unit: TimeUnit) -> bool:
    """Return whether times in this unit all lie between 2001 and a year from now."""
    present = _present(numbers)
    latest = int(datetime.now(UTC).timestamp()) * 1_000_000 + _YEAR_US
    ends = [_to_us(end, unit) for end in (min(present), max(present))]
    return all(end is not None and _EPOCH_US < end < latest for end in ends)


def median_step_us(numbers: Sequence[Decimal | int | None], unit: TimeUnit) -> int:
    """Return the median difference of neighbours that differ, 0 without one."""
    us = [_to_us(number, unit) or 0 for number in _present(numbers)[:10_000]]
    steps = sorted(abs(b - a) for a, b in zip(us, us[1:], strict=False) if a != b)
    return steps[len(steps) // 2] if steps else 0


def _epoch_unit(numbers: Sequence[Decimal | int | None]) -> TimeUnit | None:
    for unit in _POWER:
        if _is_epoch(numbers, unit):
            longest = _LONG_STEP_US.get(unit, dates.DAY_US)
            return unit if median_step_us(numbers, unit) <= longest else None
    return None


def _which_unit(where: str, numbers: Sequence[Decimal | int | None]) -> str:
    present = _present(numbers)
    first = ", ".join(str(number) for number in present[:3])
    readings = ", ".join(
        f"--unit {unit} (median step {span_text(median_step_us(numbers, unit))})"
        for unit in (TimeUnit.s, TimeUnit.ms, TimeUnit.us)
    )
    return f"{where} ({first}, ...) does not say in which unit: {readings}"


def _example(cells: Sequence[str]) -> str:
    return next((cell for cell in cells if cell), "")[:40]


def utc_text(us: int) -> str:
    """Return microseconds since 1970 as ISO 8601, exactly. Empty beyond the years of dates."""
    try:
        moment = datetime(1970, 1, 1) + timedelta(microseconds=us)
    except OverflowError:
        return ""
    return moment.isoformat(timespec="microseconds" if us % 1_000_000 else "seconds") + "Z"


def parse_utc(text: str) -> int | None:
    """Return microseconds since 1970 of a date with a zone, else None."""
    found = dates.moment(text, TimeUnit.iso)
    return found.us if found is not None and found.zoned else None
