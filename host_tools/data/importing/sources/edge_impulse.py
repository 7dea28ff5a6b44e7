"""Edge Impulse: JSON in its acquisition format, and the labels of an exported data set."""

import json
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from host_tools.choices import TimeUnit
from host_tools.data.importing.table import Column, KnownTime, NotATable, Table
from host_tools.errors import RivuletError

LABELS = "info.labels"


def read_labels(data: bytes, source: str) -> dict[str, str]:
    """Return the label of each file that an exported data set names. Raises RivuletError."""
    content = _json(data, source)
    found: dict[str, str] = {}
    for each in _list(content, "files", source):
        if not isinstance(each, dict) or not isinstance(each.get("path"), str):
            raise RivuletError(f"{source}: no list of files as Edge Impulse exports it")
        label = each.get("label")
        if isinstance(label, dict):
            label = label.get("label") if label.get("type") == "label" else None
        if isinstance(label, str):
            found[each["path"]] = label
    return found


def read_json(data: bytes, source: str, place: str) -> Table:
    """Read a sample in Edge Impulse's data acquisition format. Raises RivuletError."""
    payload = _json(data, source).get("payload")
    if not isinstance(payload, dict):
        raise NotATable(f"{source}: JSON, but not of Edge Impulse: 'payload' is missing")
    interval = payload.get("interval_ms")
    if not isinstance(interval, int | Decimal) or isinstance(interval, bool):
        interval = 0
    if not Decimal("0.001") <= interval <= 10**9:
        raise RivuletError(f"{source}: 'interval_ms' is no interval, so the rows have no times")
    sensors = _list(payload, "sensors", source)
    rows = _list(payload, "values", source)
    names: list[str] = []
    units: list[str] = []
    for sensor in sensors:
        if not isinstance(sensor, dict) or not isinstance(sensor.get("name"), str):
            raise RivuletError(f"{source}: 'sensors' must hold objects with a name")
        names.append(sensor["name"])
        unit = sensor.get("units")
        # Edge Impulse calls the unit of a channel without one so.
        units.append(unit if isinstance(unit, str) and unit not in ("N/A", "units") else "")
    columns: list[list[str]] = [[] for _ in names]
    for number, row in enumerate(rows, start=1):
        # A single sensor may have plain numbers.
        cells = row if isinstance(row, list) else [row]
        if len(cells) != len(names):
            raise RivuletError(
                f"{source}: row {number} of 'values' has {len(cells)} values for {len(names)} "
                "sensors"
            )
        for column, cell in zip(columns, cells, strict=True):
            column.append("" if cell is None else str(cell))
    if not rows or not names:
        raise RivuletError(f"{source}: holds no values")
    times = [str(interval * number) for number in range(len(rows))]
    table = Table(
        source,
        place,
        f"Edge Impulse JSON, a row every {interval} ms",
        [
            Column("time", times, KnownTime(TimeUnit.ms)),
            *(Column(*each) for each in zip(names, columns, strict=True)),
        ],
        list(range(1, len(rows) + 1)),
    )
    for made, unit in zip(table.columns[1:], units, strict=True):
        made.unit = unit
    # Its uploader takes the label from what stands before the first point.
    name, point, _ = PurePosixPath(place).name.partition(".")
    if point:
        table.label, table.label_from = name, "from the file's name, as Edge Impulse does"
    return table


def _json(data: bytes, source: str) -> dict[str, Any]:
    try:
        content = json.loads(data, parse_float=Decimal, parse_constant=lambda text: None)
    except (ValueError, RecursionError, ArithmeticError):
        raise NotATable(f"{source}: no JSON that can be read") from None
    if not isinstance(content, dict):
        raise NotATable(f"{source}: JSON, but not of Edge Impulse: it holds no object")
    return content


def _list(content: dict[str, Any], key: str, source: str) -> list[Any]:
    found = content.get(key)
    if not isinstance(found, list):
        raise RivuletError(f"{source}: '{key}' is no list, as Edge Impulse has it")
    return found
