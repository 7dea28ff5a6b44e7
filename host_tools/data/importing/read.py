"""Reads a file of any kind as tables."""

from pathlib import PurePosixPath

from host_tools.choices import TimeUnit
from host_tools.data.importing.find import Member, Source
from host_tools.data.importing.options import Options
from host_tools.data.importing.sources import edge_impulse, ulog
from host_tools.data.importing.sources.arrow import read_parquet
from host_tools.data.importing.sources.text import read_text
from host_tools.data.importing.table import KnownTime, NotATable, Table
from host_tools.data.importing.times import parse_utc
from host_tools.data.recording import read_description
from host_tools.errors import RivuletError

# In a folder or an archive these are no recordings: descriptions, licences, phone loggers' notes.
_LEFT_NAMES = ("readme", "license", "licence", "metadata", "annotation", "annotations")
_LEFT_FOLDERS = ("meta",)
_LEFT_SUFFIXES = (
    ".md",
    ".pdf",
    ".png",
    ".jpg",
    ".jpeg",
    ".mp4",
    ".html",
    ".py",
    ".toml",
    ".labels",
)


def read_source(source: Source, options: Options) -> tuple[list[Table], list[str]]:
    """Return the tables of what a person named, and why members are left out.

    Raises RivuletError.
    """
    labels: dict[str, str] = {}
    for member in source.members if source.many else ():
        if member.path.name == edge_impulse.LABELS:
            folder = member.path.parent
            found = edge_impulse.read_labels(member.read(), member.source)
            labels |= {str(folder / path): label for path, label in found.items()}
    tables: list[Table] = []
    left: list[str] = []
    beside = {
        each.path.with_suffix(".json") for each in source.members if _is_recording(each.path)
    }
    for member in source.members:
        if member.path in beside:
            continue
        if source.many and _is_left(member.path):
            left.append(f"{member.source}: left out by its name")
            continue
        try:
            mine = _read(member, options)
        except NotATable as error:
            if not source.many:
                raise
            left.append(f"{error}: left out")
            continue
        label = labels.get(str(member.path))
        for table in mine if label is not None else ():
            table.label, table.label_from = label or "", f"from {edge_impulse.LABELS}"
            for column in table.columns:
                if column.name == "timestamp":
                    column.time = KnownTime(TimeUnit.ms)
        tables += mine
    if not tables:
        more = f"; {left[0]}" if left else ""
        raise RivuletError(f"{source.path}: holds no file with events{more}")
    return tables, left


def _is_recording(path: PurePosixPath) -> bool:
    """Return whether a description may stand beside this file."""
    return path.suffix.lower() in (".csv", ".parquet")


def _is_left(path: PurePosixPath) -> bool:
    return (
        path.stem.lower() in _LEFT_NAMES
        or path.suffix.lower() in _LEFT_SUFFIXES
        or path.parent.name.lower() in _LEFT_FOLDERS
    )


def _read(member: Member, options: Options) -> list[Table]:
    data = member.read()
    if not data.strip():
        raise NotATable(f"{member.source}: is empty")
    if data.startswith(b"PAR1"):
        return [_own(member, read_parquet(data, member.source, member.place))]
    if data.startswith(ulog.MAGIC):
        return ulog.read_ulog(data, member.source, member.place, options)
    if data.lstrip().startswith((b"{", b"\xef\xbb\xbf{")):
        return [edge_impulse.read_json(data, member.source, member.place)]
    return [_own(member, read_text(data, member.source, member.place, options))]


def _own(member: Member, table: Table) -> Table:
    """Add what the description beside a recording of ours says."""
    if member.file is None or table.columns[0].name != "t_us":
        return table
    description = read_description(member.file)
    for column in table.columns:
        column.unit = description.units.get(column.name, column.unit)
    if description.time_zero_utc is not None:
        table.utc_offset_us = parse_utc(description.time_zero_utc)
    return table
