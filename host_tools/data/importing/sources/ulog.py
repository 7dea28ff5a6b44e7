"""ULog, the log format of PX4 flight controllers: a table for each topic."""

import io
import struct
from contextlib import redirect_stdout
from typing import Any

from host_tools.choices import TimeUnit
from host_tools.data.importing.names import parse_heading
from host_tools.data.importing.options import Options
from host_tools.data.importing.table import Column, KnownTime, Table
from host_tools.data.parquet import library
from host_tools.errors import RivuletError

MAGIC = b"ULog\x01\x12\x35"
# A flight's log has a hundred topics with thousands of fields: a person chooses.
_MOST_CHANNELS = 64
_TIME = "timestamp"
_HEADER_BYTES = 16
# Kinds of messages: those that define, and the first that may follow them.
_FIRST_OF_DATA = (b"A", b"L", b"C")
_DEFINITIONS = (b"B", b"F", b"I", b"M", b"P", b"Q", *_FIRST_OF_DATA)


def read_ulog(data: bytes, source: str, place: str, options: Options) -> list[Table]:
    """Read a ULog file: its fields are columns called topic.field. Raises RivuletError.

    With --channel only the fields that it names are read.
    """
    pyulog = library("pyulog", "ULog files")
    _check_definitions(data, source)
    try:
        # pyulog prints what it finds damaged.
        with redirect_stdout(io.StringIO()):
            log = pyulog.ULog(io.BytesIO(data), disable_str_exceptions=True)
    # pyulog raises errors of its own and whatever damaged bytes lead to.
    except Exception as error:
        raise _damaged(source, " ".join(str(error).split())) from None
    tables = []
    topics: dict[str, int] = {}
    for dataset in log.data_list:
        topic = dataset.name if not dataset.multi_id else f"{dataset.name}_{dataset.multi_id}"
        fields = [name for name in dataset.data if name != _TIME and "_padding" not in name]
        topics[topic] = len(fields)
        if options.channels:
            wanted = {parse_heading(key).name for key in options.channels} | set(options.channels)
            fields = [name for name in fields if f"{topic}.{name}" in wanted]
        if topic not in options.drop and fields and len(dataset.data[_TIME]):
            tables.append(_table(dataset, topic, fields, source, place))
    missing = _missing(options, tables)
    if missing or not tables or sum(len(table.columns) - 1 for table in tables) > _MOST_CHANNELS:
        some = ", ".join(f"{name} ({count})" for name, count in sorted(topics.items()))
        what = f"no field is called '{missing}'" if missing else "choose the channels"
        raise RivuletError(
            f"{source}: {what}: say --channel 'TOPIC.FIELD=NAME [UNIT]' for each; the topics "
            f"and their numbers of fields: {some}"
        )
    offset = _utc_offset_us(log)
    for table in tables:
        table.utc_offset_us = offset
        if log.file_corruption:
            table.notes.append("the log is damaged; what could be read of it is imported")
    return tables


def _damaged(source: str, why: str) -> RivuletError:
    return RivuletError(f"{source}: no ULog file that can be read: {why}")


def _check_definitions(data: bytes, source: str) -> None:
    """Raise RivuletError if the log ends before its first topic: pyulog would search for ever."""
    at = _HEADER_BYTES
    while at + 3 <= len(data):
        size, kind = struct.unpack_from("<Hc", data, at)
        if kind not in _DEFINITIONS or at + 3 + size > len(data):
            break
        if kind in _FIRST_OF_DATA:
            return
        at += 3 + size
    raise _damaged(source, "its definitions are damaged or cut off")


def _missing(options: Options, tables: list[Table]) -> str:
    found = {column.name for table in tables for column in table.columns}
    names = [parse_heading(key).name if key not in found else key for key in options.channels]
    return next((name for name in names if name not in found), "")


def _table(dataset: Any, topic: str, fields: list[str], source: str, place: str) -> Table:
    times = [str(time) for time in dataset.data[_TIME].tolist()]
    columns = [Column(f"{topic}.{_TIME}", times, KnownTime(TimeUnit.us))]
    for name in fields:
        # numpy's own text: the shortest for float32 too.
        columns.append(Column(f"{topic}.{name}", [str(value) for value in dataset.data[name]]))
    lines = list(range(1, len(times) + 1))
    return Table(f"{source}:{topic}", place, f"ULog, topic {topic}", columns, lines, part=topic)


def _utc_offset_us(log: Any) -> int | None:
    """Return UTC less the log's time, from the satellite receiver's first fix."""
    for dataset in log.data_list:
        times = dataset.data.get("time_utc_usec")
        if times is not None and dataset.name in ("vehicle_gps_position", "sensor_gps"):
            for utc, own in zip(times.tolist(), dataset.data[_TIME].tolist(), strict=True):
                if utc > 0:
                    return int(utc) - int(own)
    return None
