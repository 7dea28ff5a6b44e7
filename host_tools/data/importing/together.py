"""Tables that were named together: recordings of their own, or sensors of one recording."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from host_tools.data.importing.names import sound_name
from host_tools.data.importing.options import Options
from host_tools.data.importing.roles import Roles, find_roles
from host_tools.data.importing.series import Series, merge, read_series, unwrap
from host_tools.data.importing.table import Left, NotATable, Table
from host_tools.errors import RivuletError

# Files of these names, side by side, are the sensors of one recording of a phone.
_SENSOR = re.compile(
    r"(?:(?:total|linear|raw|watch|wrist|phone|absolute|relative)[ _-]*)*"
    r"(?:acc|accel|acceleration|accelerometer|gyr|gyro|gyroscope|mag|magnetometer"
    r"|magnetic[ _-]?field|gravity|orientation|barometer|pressure|light|location|gps|pedometer"
    r"|compass|heart[ _-]?rate|microphone|temperature|proximity|rotation)"
    r"(?:[ _-]*(?:uncalibrated|without[ _-]g|with[ _-]g))?",
    re.IGNORECASE,
)


@dataclass
class TableReport:
    """What was made of a table."""

    table: Table
    roles: Roles
    kept: int
    left: list[Left]
    notes: list[str]


def read_together(
    tables: list[Table], name: str, options: Options, notes: list[str]
) -> tuple[list[Series], list[TableReport]]:
    """Return the series of tables of one folder, archive or command line. Raises RivuletError.

    name: of the folder or archive, which names what is merged. notes: gets what was decided.
    """
    read: list[tuple[Table, list[Series]]] = []
    reports: list[TableReport] = []
    for table in tables:
        try:
            roles = find_roles(table, options)
        except NotATable as error:
            # A file that a person names is not left out.
            if not name or len(tables) == 1:
                raise
            notes.append(f"{error}: left out")
            continue
        parts, left = read_series(table, roles, options)
        if not parts:
            why = f"; line {left[0].line}: {left[0].reason}" if left else ""
            raise RivuletError(f"{table.source}: no row can be used{why}")
        said = [line for part in parts for line in unwrap(part)]
        kept = sum(len(part.t_us) for part in parts)
        reports.append(TableReport(table, roles, kept, left, [*table.notes, *said]))
        read.append((table, parts))
    if not read:
        raise RivuletError(f"{name or tables[0].source}: holds no file with events")
    series: list[Series] = []
    for folder, members in _by_folder(read, options).items():
        if (len(members) > 1 or members[0][0].part) and _is_one(members, reports, options, notes):
            series += _merged(folder, members, name)
        else:
            series += [part for _, parts in members for part in parts]
    return series, reports


def _by_folder(
    read: list[tuple[Table, list[Series]]], options: Options
) -> dict[str, list[tuple[Table, list[Series]]]]:
    """Return what may be one recording: the files of a folder, the topics of one log."""
    found: dict[str, list[tuple[Table, list[Series]]]] = {}
    for table, parts in read:
        folder = str(PurePosixPath(table.place).parent)
        key = table.place if table.part and not options.merge else folder
        found.setdefault(key, []).append((table, parts))
    return found


def _is_one(
    members: list[tuple[Table, list[Series]]],
    reports: list[TableReport],
    options: Options,
    notes: list[str],
) -> bool:
    tables = [table for table, _ in members]
    if options.merge is not None:
        return options.merge
    if all(table.part for table in tables):
        return True
    names = [PurePosixPath(table.place).name for table in tables]
    some = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    if all(map(_SENSOR.fullmatch, names)) and len(set(names)) == len(names):
        notes.append(f"{some}: sensors of one recording, by their names (--no-merge: one each)")
        return True
    layouts = {
        frozenset(heading.name for heading in part.channels)
        for _, parts in members
        for part in parts
    }
    if len(layouts) > 1:
        raise RivuletError(
            f"{tables[0].source} and {len(tables) - 1} more have different columns: say --merge "
            "if they are sensors of one recording, --no-merge if each is a recording"
        )
    return False


def _merged(folder: str, members: list[tuple[Table, list[Series]]], name: str) -> list[Series]:
    parts = [part for _, series in members for part in series]
    prefixes = {
        id(part): sound_name(table.part or PurePosixPath(table.place).name).lower()
        for table, series in members
        for part in series
    }
    found = []
    for group in dict.fromkeys(part.group for part in parts):
        mine = [part for part in parts if part.group == group]
        made = merge(mine, lambda part, channel: f"{prefixes[id(part)]}_{channel}"[:48])
        if not members[0][0].part:
            made.place = folder if folder != "." else PurePosixPath(name or _joined(members)).stem
        made.source = members[0][0].source.removesuffix(f":{members[0][0].part}")
        found.append(made)
    return found


def _joined(members: list[tuple[Table, list[Series]]]) -> str:
    return "-".join(PurePosixPath(table.place).name for table, _ in members[:4])
