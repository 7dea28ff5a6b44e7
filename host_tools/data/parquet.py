"""Parquet files as rows of text, and recordings as Parquet."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError

_ROWS_AT_ONCE = 65536


def library(name: str, what: str) -> Any:
    """Import a module of pyarrow. Raises RivuletError if it is not installed."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise RivuletError(f"{what} need a package more: pip install 'rivulet[data]'") from None


def read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the header and each row of a Parquet file; a missing value is an empty cell.

    Raises RivuletError.
    """
    parquet = library("pyarrow.parquet", "Parquet files")
    arrow = library("pyarrow", "Parquet files")
    try:
        with parquet.ParquetFile(path) as file:
            yield [str(name) for name in file.schema_arrow.names]
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                columns = [column.to_pylist() for column in batch.columns]
                for row in zip(*columns, strict=True):
                    yield ["" if cell is None else str(cell) for cell in row]
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise unreadable(str(path), error) from None


def unreadable(name: str, error: Exception) -> RivuletError:
    """Return the error to raise for a Parquet file that pyarrow refuses."""
    text = getattr(error, "strerror", None) or " ".join(str(error).split())
    return RivuletError(f"{name}: no Parquet file that can be read: {text}")


def write(
    beside: Path,
    t_us: Sequence[int],
    channels: Sequence[tuple[str, Sequence[float | None]]],
    texts: Sequence[tuple[str, Sequence[str]]],
) -> None:
    """Write a recording's columns to a file beside. Raises OSError and RivuletError.

    texts: `label` and `group`, an empty text for none.
    """
    arrow = library("pyarrow", "Parquet files")
    parquet = library("pyarrow.parquet", "Parquet files")
    columns = {"t_us": arrow.array(t_us, arrow.int64())}
    for name, values in channels:
        columns[name] = arrow.array(values, arrow.float64(), from_pandas=True)
    for name, cells in texts:
        columns[name] = arrow.array([cell or None for cell in cells], arrow.string())
    content = io.BytesIO()
    parquet.write_table(arrow.table(columns), content, compression="zstd")
    beside.write_bytes(content.getvalue())
