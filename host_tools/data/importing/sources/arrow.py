"""Parquet files as a table."""

from typing import Any

from host_tools.choices import TimeUnit
from host_tools.data.importing.table import Column, KnownTime, Table
from host_tools.data.parquet import library, unreadable
from host_tools.errors import RivuletError


def read_parquet(data: bytes, source: str, place: str) -> Table:
    """Read a Parquet file. Raises RivuletError."""
    arrow = library("pyarrow", "Parquet files")
    parquet = library("pyarrow.parquet", "Parquet files")
    try:
        content = parquet.read_table(arrow.BufferReader(data))
        columns = [_column(arrow, field, content.column(field.name)) for field in content.schema]
    except (arrow.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise unreadable(source, error) from None
    if not content.num_rows:
        raise RivuletError(f"{source}: holds no rows")
    # Line 1 is the header, as in the same table as CSV.
    lines = list(range(2, content.num_rows + 2))
    return Table(source, place, "Parquet", columns, lines)


def _column(arrow: Any, field: Any, values: Any) -> Column:
    kind = field.type
    known = None
    if arrow.types.is_timestamp(kind):
        # Without a zone the times are local: as good for differences, but no time zero.
        known = KnownTime(TimeUnit(kind.unit), kind.tz is not None)
        values = values.cast(arrow.int64())
    elif arrow.types.is_duration(kind):
        known = KnownTime(TimeUnit(kind.unit))
        values = values.cast(arrow.int64())
    elif arrow.types.is_float32(kind) or arrow.types.is_float16(kind):
        # Their shortest text, which float64 would lengthen.
        cells = ["" if value is None else str(value) for value in values.to_numpy()]
        return Column(field.name, cells)
    elif arrow.types.is_nested(kind) or arrow.types.is_binary(kind):
        return Column(field.name, ["..." for _ in range(len(values))])
    elif arrow.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
    cells = ["" if value is None else str(value) for value in values.to_pylist()]
    return Column(field.name, cells, known)
