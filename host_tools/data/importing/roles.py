"""Decides what each column of a table is, or says which option decides."""

from collections.abc import Callable
from dataclasses import dataclass, field

from host_tools.choices import Decimals
from host_tools.data.importing import dates
from host_tools.data.importing.cells import decimal_mark, is_missing, number
from host_tools.data.importing.names import Heading, is_reserved, parse_heading, sound_name
from host_tools.data.importing.options import Options
from host_tools.data.importing.table import Column, NotATable, Table
from host_tools.data.importing.times import Times, is_longer_time_name, is_time_name, read_times
from host_tools.errors import RivuletError

# A column with fewer numbers than this share of its cells holds text.
_NUMBERS = 0.5
_CLASS_NAMES = frozenset(
    ("label", "labels", "class", "classes", "target", "activity", "state", "category")
)
_MOST_CLASSES = 64


@dataclass
class Channel:
    """A column that becomes a channel."""

    column: Column
    name: str
    unit: str


@dataclass
class Roles:
    """What the columns of a table are."""

    mark: Decimals
    time: Column
    times: Times
    channels: list[Channel] = field(default_factory=list)
    label: Column | None = None
    group: Column | None = None
    # (column, why) of those that are not imported.
    dropped: list[tuple[Column, str]] = field(default_factory=list)


def find_column(table: Table, name: str) -> Column | None:
    """Return the column of this header, or of this name without its unit."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda text: text,
        lambda text: parse_heading(text).name,
        lambda text: sound_name(parse_heading(text).name),
    )
    for way in ways:
        found = [column for column in table.columns if column.name and way(column.name) == name]
        if len(found) == 1:
            return found[0]
    heading = parse_heading(name)
    # "acc_x [m/s^2]" of a column that states no unit: the option states it.
    return find_column(table, heading.name) if heading.unit else None


def needed_column(table: Table, option: str, name: str) -> Column:
    """Return the column that an option names. Raises RivuletError."""
    column = find_column(table, name)
    if column is None:
        raise RivuletError(
            f"{table.source}: {option}: there is no column '{name}'; there are: "
            f"{table.columns_text}"
        )
    return column


def find_roles(table: Table, options: Options) -> Roles:
    """Decide what each column is. Raises RivuletError with the option for what is open."""
    mark = options.decimal or _mark(table)
    time, times, others = _find_time(table, options, mark)
    roles = Roles(mark, time, times, dropped=others)
    settled = [time, *(column for column, _ in others)]
    for name in options.drop:
        column = find_column(table, name)
        if column is not None and column is not time:
            roles.dropped.append((column, "--drop"))
            settled.append(column)
    own = table.columns[0].name == "t_us"
    roles.label = _role(table, "--label", options.label or ("label" if own else ""), own, options)
    roles.group = _role(table, "--group", options.group or ("group" if own else ""), own, options)
    settled += [column for column in (roles.label, roles.group) if column is not None]
    renamed = {
        id(column): heading
        for key, heading in options.channels.items()
        for column in [find_column(table, key)]
        if column is not None
    }
    open_text: list[Column] = []
    for index, column in enumerate(table.columns, start=1):
        if any(column is each for each in settled):
            continue
        if not _sort(table, roles, column, index, renamed.get(id(column))):
            open_text.append(column)
    _refuse_text(table, open_text, roles, options)
    if not roles.channels:
        raise NotATable(f"{table.source}: no column is a channel")
    _check_channels(table, roles)
    return roles


def _role(table: Table, option: str, name: str, own: bool, options: Options) -> Column | None:
    if not name:
        return None
    given = options.label if option == "--label" else options.group
    column = find_column(table, name)
    # The files of a phone's recording have the labels in one of them only.
    if column is None and given and not own and not options.merge:
        return needed_column(table, option, name)
    return column


def _mark(table: Table) -> Decimals:
    cells = (
        cell
        for column in table.columns
        if column.time is None and not any(map(dates.looks_like_date, column.cells[:20]))
        for cell in column.cells
    )
    mark = decimal_mark(cells)
    if mark is None:
        raise RivuletError(
            f"{table.source}: some numbers have a comma, which may be the decimal mark or stand "
            "between thousands: say --decimal comma or --decimal point"
        )
    return mark


def _find_time(
    table: Table, options: Options, mark: Decimals
) -> tuple[Column, Times, list[tuple[Column, str]]]:
    """Return the column of times, what it holds, and the columns that say the same."""
    if options.time:
        column = needed_column(table, "--time", options.time)
        return column, read_times(column, mark, options.unit, table.source), []
    known = [column for column in table.columns if column.time is not None]
    known = known or [column for column in table.columns if column.name == "t_us"][:1]
    candidates = (
        known[:1]
        or _candidates(table, options, lambda each: is_time_name(each.name) or _holds_dates(each))
        or _candidates(table, options, lambda each: is_longer_time_name(each.name))
    )
    if not candidates:
        raise RivuletError(
            f"{table.source}: which column holds the time? Say --time COLUMN; there are: "
            f"{table.columns_text}"
        )
    joined = _date_and_clock(candidates)
    if joined is not None:
        times = read_times(joined, mark, options.unit, table.source)
        return joined, times, [(column, f"part of '{joined.name}'") for column in candidates]
    if len(candidates) == 1:
        times = read_times(candidates[0], mark, options.unit, table.source)
        return candidates[0], times, []
    return _same_time(table, candidates, options, mark)


def _candidates(table: Table, options: Options, fits: Callable[[Column], bool]) -> list[Column]:
    said = (options.label, options.group, *options.drop)
    return [
        column
        for column in table.columns
        if column.name not in said and any(column.cells) and fits(column)
    ]


def _holds_dates(column: Column) -> bool:
    filled = [cell for cell in column.cells[:50] if cell]
    return bool(filled) and all(map(dates.looks_like_date, filled))


def _date_and_clock(candidates: list[Column]) -> Column | None:
    """Return a date's column and a time of day's as one."""
    if len(candidates) != 2:
        return None
    for date, clock in (candidates, candidates[::-1]):
        pairs = list(zip(date.cells, clock.cells, strict=True))
        if all(
            (dates.is_date_only(day) or not day) and (dates.is_clock_only(hour) or not hour)
            for day, hour in pairs
        ):
            cells = [f"{day} {hour}" if day and hour else "" for day, hour in pairs]
            return Column(f"{date.name} + {clock.name}", cells)
    return None


def _same_time(
    table: Table, candidates: list[Column], options: Options, mark: Decimals
) -> tuple[Column, Times, list[tuple[Column, str]]]:
    """Choose the finest of several columns that say the same time."""
    read: list[tuple[Column, Times]] = []
    for column in candidates:
        try:
            read.append((column, read_times(column, mark, None, table.source)))
        except RivuletError:
            continue
    names = " or ".join(f"--time '{column.name}'" for column in candidates)
    which = RivuletError(f"{table.source}: which column holds the time? Say {names}")
    if not read or len(read) < len(candidates):
        raise which
    read.sort(key=lambda each: (-len(set(each[1].t_us)), not each[1].utc))
    column, times = read[0]
    if options.unit is not None and options.unit is not times.unit:
        raise which
    if not all(_agree(times, other) for _, other in read[1:]):
        raise which
    return column, times, [(other, f"says the same as '{column.name}'") for other, _ in read[1:]]


def _agree(one: Times, other: Times) -> bool:
    """Return whether two columns of times differ by a constant, as far as the coarser one says."""
    pairs = [
        (a, b)
        for a, b in zip(one.t_us, other.t_us, strict=True)
        if a is not None and b is not None
    ]
    if len(pairs) < 2:
        # Nothing that follows depends on which it is.
        return True
    steps = [abs(b[1] - a[1]) for a, b in zip(pairs, pairs[1:], strict=False) if b[1] != a[1]]
    tolerance = min(min(steps, default=0), 1_000_000) + 1000
    offsets = [a - b for a, b in pairs]
    return max(offsets) - min(offsets) <= tolerance


def _sort(table: Table, roles: Roles, column: Column, index: int, renamed: Heading | None) -> bool:
    """Make a column a channel or leave it out. False: it holds text, so a person decides."""
    filled = [cell for cell in column.cells if not is_missing(cell)]
    if not filled:
        roles.dropped.append((column, "holds no value"))
        return True
    if _are_row_numbers(column):
        roles.dropped.append((column, "row numbers"))
        return True
    if not column.name:
        raise RivuletError(f"{table.source}: column {index} has no name: say --columns NAME,...")
    if _share_of_numbers(filled, roles.mark) < _NUMBERS:
        return False
    heading = parse_heading(column.name)
    name = renamed.name if renamed is not None else sound_name(heading.name)
    unit = (renamed.unit if renamed is not None else "") or column.unit or heading.unit
    if renamed is None and _is_class(column, filled, roles):
        raise RivuletError(
            f"{table.source}: column '{column.name}' may be the class or a channel: say --label "
            f"'{column.name}', or --channel '{column.name}=NAME', or --drop '{column.name}'"
        )
    roles.channels.append(Channel(column, name, unit))
    return True


def _is_class(column: Column, filled: list[str], roles: Roles) -> bool:
    """Return whether a column of numbers is called as classes are, and has few values."""
    name = parse_heading(column.name).name.lower()
    return roles.label is None and name in _CLASS_NAMES and len(set(filled)) <= _MOST_CLASSES


def _are_row_numbers(column: Column) -> bool:
    """Return whether a column without a name counts the rows, as pandas writes it."""
    if column.name and not column.name.startswith("Unnamed:"):
        return False
    first = column.cells[0]
    if first not in ("0", "1"):
        return False
    return all(cell == str(int(first) + row) for row, cell in enumerate(column.cells))


def _share_of_numbers(filled: list[str], mark: Decimals) -> float:
    good = 0
    for cell in filled:
        try:
            number(cell, mark)
        except ValueError:
            continue
        good += 1
    return good / len(filled)


def _refuse_text(table: Table, columns: list[Column], roles: Roles, options: Options) -> None:
    # A table without numbers is none of a sensor; the caller leaves it out.
    if not columns or not roles.channels:
        for column in columns:
            roles.dropped.append((column, "holds text"))
        return
    column = columns[0]
    values = list(dict.fromkeys(cell for cell in column.cells if not is_missing(cell)))
    some = ", ".join(value[:20] for value in values[:4]) + (", ..." if len(values) > 4 else "")
    label = f"--label '{column.name}' if these are classes, " if not options.label else ""
    group = f"--group '{column.name}' if groups, " if not options.group else ""
    raise RivuletError(
        f"{table.source}: column '{column.name}' holds text ({some}): say {label}{group}"
        f"--drop '{column.name}' if it is not needed"
    )


def _check_channels(table: Table, roles: Roles) -> None:
    seen: dict[str, Column] = {}
    for channel in roles.channels:
        name, header = channel.name, channel.column.name
        if not name or is_reserved(name):
            raise RivuletError(
                f"{table.source}: no channel may be called '{name or header}': say --channel "
                f"'{header}=NAME' or --drop '{header}'"
            )
        if name in seen:
            raise RivuletError(
                f"{table.source}: columns '{seen[name].name}' and '{header}' would both be the "
                f"channel {name}: say --channel '{header}=NAME'"
            )
        seen[name] = channel.column
