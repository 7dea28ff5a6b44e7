"""Reads a project's recordings into arrays with one list of channels."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools.choices import Late
from host_tools.data.events import channels_of, goes_back, read
from host_tools.data.recording import read_description
from host_tools.errors import RivuletError
from host_tools.project import Project
from host_tools.project.units import same

_SUFFIXES = (".csv", ".parquet")
_NAMED = 5  # in a message


@dataclass(frozen=True)
class Recorded:
    """A recording with the columns of all recordings; NaN where it lacks one."""

    path: Path
    t_us: NDArray[np.int64]
    values: NDArray[np.float64]
    labels: list[str]
    group: str


@dataclass(frozen=True)
class Columns:
    """The channels of all recordings, in the order in which they first appear."""

    names: list[str]
    units: dict[str, str]


def read_all(project: Project, late: Late) -> tuple[list[Recorded], Columns, list[str]]:
    """Return a project's recordings, their columns, and notes for a person.

    Raises RivuletError, with file and line.
    """
    paths = recordings_of(project)
    columns = _columns(paths)
    notes: list[str] = []
    recorded = [_read(path, columns.names, late, notes) for path in paths]
    if project.data.split == "group":
        _check_groups(recorded)
    if len(notes) > _NAMED:
        notes[_NAMED:] = [f"and late events in {len(notes) - _NAMED} more recordings"]
    return recorded, columns, notes


def recordings_of(project: Project) -> list[Path]:
    """Return the files that [data] names, sorted. Raises RivuletError if there are none."""
    found: set[Path] = set()
    for pattern in project.data.recordings:
        for name in glob.glob(pattern, root_dir=project.folder, recursive=True):
            path = project.folder / name
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                found.add(path)
    if found:
        return sorted(found)
    patterns = ", ".join(project.data.recordings)
    raise RivuletError(
        f"{project.file}: data.recordings: no recording is called {patterns}: 'rivulet import "
        "LOG.csv' makes recordings of a log"
    )


def _columns(paths: Sequence[Path]) -> Columns:
    units: dict[str, str] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        stated = read_description(path).units
        for name in channels_of(path):
            unit = stated.get(name, "")
            known = units.setdefault(name, unit)
            if unit and known and not same(unit, known):
                raise RivuletError(
                    f"{path}: channel '{name}' is in {unit}, but in {known} in {origin[name]}: "
                    "import one of them again, in the unit of the other"
                )
            if unit and name not in origin:
                units[name], origin[name] = unit, path
    return Columns(list(units), units)


def _read(path: Path, channels: list[str], late: Late, notes: list[str]) -> Recorded:
    times, values, labels = [], [], []
    groups: set[str] = set()
    dropped, first = 0, ""
    for event in read(path, channels):
        if event.back_from is not None:
            said = goes_back(path, event)
            if late is Late.refuse:
                raise RivuletError(
                    f"{said}; import it again with --sort, or leave such events out with "
                    "--late drop"
                )
            dropped, first = dropped + 1, first or said
            continue
        times.append(event.t_us)
        values.append(event.values)
        labels.append(event.label)
        if event.group:
            groups.add(event.group)
    if dropped:
        notes.append(f"{dropped} late events dropped; the first: {first}")
    if len(groups) > 1:
        some = ", ".join(sorted(groups)[:_NAMED])
        raise RivuletError(f"{path}: holds several groups ({some}): make a recording of each")
    return Recorded(
        path, np.array(times, np.int64), np.array(values), labels, groups.pop() if groups else ""
    )


def _check_groups(recorded: Sequence[Recorded]) -> None:
    without = [each.path for each in recorded if not each.group]
    if without:
        raise RivuletError(
            f'{without[0]}: has no group, which split = "group" needs: import it with --group or '
            '--group-from-name, or write split = "recording"'
        )
