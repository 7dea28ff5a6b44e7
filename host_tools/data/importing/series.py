"""The rows of a table as numbers, in order of the file."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.choices import Decimals
from host_tools.data.importing import dates
from host_tools.data.importing.cells import is_missing, number
from host_tools.data.importing.names import Heading
from host_tools.data.importing.options import Options
from host_tools.data.importing.roles import Roles
from host_tools.data.importing.table import Column, Left, Table
from host_tools.data.importing.times import UNIT_US
from host_tools.errors import RivuletError


@dataclass
class Series:
    """Rows of one source and one group."""

    # For messages, and for the name of the recording.
    source: str
    place: str
    channels: list[Heading]
    t_us: NDArray[np.int64]  # (rows,)
    values: NDArray[np.float64]  # (rows, channels); NaN: blank
    # One a row, empty for none; None: there are no labels.
    labels: list[str] | None
    # Empty: no group.
    group: str
    lines: NDArray[np.int64]  # (rows,), of the source
    # Whether t_us counts from 1970 in UTC.
    utc: bool
    # Where times begin anew: after so many microseconds, 0 for never known.
    periods_us: tuple[int, ...]


# How often wrapped counters count: MicroPython's ticks 2^30, C's 2^32 and, of 16 bits, 2^16.
_COUNTER_BITS = (16, 30, 32)


def read_series(table: Table, roles: Roles, options: Options) -> tuple[list[Series], list[Left]]:
    """Return the rows of each group, and those that are left out. Raises RivuletError."""
    left: dict[int, str] = {}
    times = _times(roles, table.utc_offset_us or 0, left)
    columns = []
    for channel in roles.channels:
        columns.append(_numbers(channel.column, roles.mark, left))
    values = np.stack(columns, axis=1) if columns else np.empty((len(times), 0))
    for row in np.flatnonzero(np.isnan(values).all(axis=1)).tolist():
        left.setdefault(row, "no channel has a value")
    rows = [row for row in range(len(times)) if row not in left]
    labels = _labels(table, roles, options)
    groups = _groups(table, roles, options)
    found = []
    for group in dict.fromkeys(groups[row] for row in rows):
        mine = np.array([row for row in rows if groups[row] == group], np.int64)
        found.append(
            Series(
                table.source,
                table.place,
                [Heading(channel.name, channel.unit) for channel in roles.channels],
                times[mine],
                values[mine],
                [labels[row] for row in mine.tolist()] if labels is not None else None,
                group,
                np.array(table.lines, np.int64)[mine],
                roles.times.utc or table.utc_offset_us is not None,
                _periods(roles),
            )
        )
    lines = [Left(table.lines[row], why) for row, why in sorted(left.items())]
    return found, sorted([*table.left, *lines])


def _times(roles: Roles, offset_us: int, left: dict[int, str]) -> NDArray[np.int64]:
    t_us = roles.times.t_us
    for row, time in enumerate(t_us):
        if time is None:
            cell = roles.time.cells[row][:40]
            left[row] = f"'{cell}' is no time" if cell else "it has no time"
    return np.array([0 if time is None else time + offset_us for time in t_us], np.int64)


def _numbers(column: Column, mark: Decimals, left: dict[int, str]) -> NDArray[np.float64]:
    values = np.full(len(column.cells), np.nan)
    # Many cells are alike: each text is read once.
    known: dict[str, float] = {"": np.nan}
    for row, cell in enumerate(column.cells):
        value = known.get(cell)
        if value is None:
            try:
                value = known[cell] = number(cell, mark)
            except ValueError as error:
                left.setdefault(row, f"'{cell[:40]}' in {column.name} is {error}")
                continue
        values[row] = value
    return values


def _labels(table: Table, roles: Roles, options: Options) -> list[str] | None:
    if roles.label is not None:
        cells = ["" if is_missing(cell) else _class_text(cell) for cell in roles.label.cells]
    elif options.label_from_name is not None:
        cells = [_from_name(table, options.label_from_name, "--label-from-name")] * len(
            table.lines
        )
    elif table.label:
        cells = [table.label] * len(table.lines)
    else:
        return None
    if not options.classes:
        return cells
    # The names stay themselves, so that a recording can be imported again.
    names = options.classes | {name: name for name in options.classes.values()} | {"": ""}
    unknown = next((cell for cell in cells if cell not in names), None)
    if unknown is not None:
        raise RivuletError(f"{table.source}: label '{unknown}' is not in --classes")
    return [names[cell] for cell in cells]


def _class_text(cell: str) -> str:
    """Return a label as text. 1.0, which is what pandas makes of 1 beside blanks, is 1."""
    whole, point, zeros = cell.partition(".")
    return whole if point and not zeros.strip("0") and whole.isdigit() else cell


def _groups(table: Table, roles: Roles, options: Options) -> list[str]:
    if options.group_from_name is not None:
        return [_from_name(table, options.group_from_name, "--group-from-name")] * len(table.lines)
    if roles.group is None:
        return [""] * len(table.lines)
    return [_class_text(cell) for cell in roles.group.cells]


def _from_name(table: Table, pattern: re.Pattern[str], option: str) -> str:
    found = pattern.search(table.place)
    if found is None:
        raise RivuletError(f"{table.source}: {option} does not match '{table.place}'")
    text = next((part for part in found.groups() if part is not None), found[0])
    if not text:
        raise RivuletError(f"{table.source}: {option} matches nothing in '{table.place}'")
    return text


def _periods(roles: Roles) -> tuple[int, ...]:
    if roles.times.daily:
        return (dates.DAY_US,)
    if roles.times.utc or roles.times.unit not in UNIT_US:
        return ()
    unit_us = UNIT_US[roles.times.unit]
    # Counters of microseconds are often logged in a larger unit.
    return tuple(sorted({unit << bits for unit in (unit_us, 1) for bits in _COUNTER_BITS}))


def unwrap(series: Series) -> list[str]:
    """Continue the times where a counter began anew. Returns what was done, for a person.

    A counter wrapped if it goes back by nearly its whole period, from near its end to near its
    begin; a step back by less is a row out of order, or a log that began anew.
    """
    said = []
    raw = series.t_us
    for row in (np.flatnonzero(np.diff(raw) < 0) + 1).tolist():
        before, after = int(raw[row - 1]), int(raw[row])
        for period in series.periods_us:
            step = (after - before) % period
            if before < period and before - after > period // 2 and step < period // 64:
                break
        else:
            continue
        series.t_us = series.t_us.copy()
        series.t_us[row:] += period
        said.append(
            f"line {series.lines[row]}: the counter wrapped after {period / 1e6:g} s and is "
            "continued"
        )
    return said


def merge(parts: list[Series], rename: Callable[[Series, str], str]) -> Series:
    """Return one series of sensors that recorded side by side. Raises RivuletError.

    rename: the name of a channel of a part, if two parts have one of the same name.
    """
    first = parts[0]
    if len({part.utc for part in parts}) > 1:
        sources = " and ".join(sorted({part.source for part in parts}))
        raise RivuletError(
            f"{sources}: one counts its times from 1970, another from its own start, so they "
            "cannot be merged: say --time COLUMN for a column that both have, or --no-merge"
        )
    names = [heading.name for part in parts for heading in part.channels]
    if len(set(names)) < len(names):
        channels = [
            Heading(rename(part, heading.name), heading.unit)
            for part in parts
            for heading in part.channels
        ]
    else:
        channels = [heading for part in parts for heading in part.channels]
    values = np.full((sum(len(part.t_us) for part in parts), len(channels)), np.nan)
    row = column = 0
    for part in parts:
        rows, width = part.values.shape
        values[row : row + rows, column : column + width] = part.values
        row, column = row + rows, column + width
    # Rows out of order stay so within their sensor: the running maximum is what is merged by.
    keys = np.concatenate([np.maximum.accumulate(part.t_us) for part in parts])
    order = np.argsort(keys, kind="stable")
    labels: list[str] = []
    for each in parts:
        labels += each.labels or [""] * len(each.t_us)
    return Series(
        first.source,
        first.place,
        channels,
        np.concatenate([part.t_us for part in parts])[order],
        values[order],
        [labels[at] for at in order.tolist()] if any(labels) else None,
        first.group,
        np.concatenate([part.lines for part in parts])[order],
        first.utc,
        (),
    )
