"""A recording: its events as arrays, and the two files that keep it.

NAME.csv or NAME.parquet holds `t_us,<channel names>[,label][,group]`, a row an event. NAME.json
beside it says what the columns cannot: units, source, the moment of t_us 0, board and model.
"""

import csv
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.data import parquet
from host_tools.data.events import GROUP, LABEL, channels_of, read
from host_tools.errors import RivuletError

_MAX_DESCRIPTION_BYTES = 1 << 20


@dataclass
class Description:
    """What NAME.json says. Every entry may be missing."""

    # Channel -> unit.
    units: dict[str, str] = field(default_factory=dict)
    # The file or the device that the events come from.
    source: str = ""
    # When t_us was 0, in UTC, as ISO 8601.
    time_zero_utc: str | None = None
    # Name of the board, and of the model that ran on it.
    board: str | None = None
    model: str | None = None


@dataclass
class Recording:
    """Events in the order in which they were recorded."""

    channels: list[str]
    t_us: NDArray[np.int64]  # (events,)
    values: NDArray[np.float64]  # (events, channels); NaN: the event does not carry the channel
    # One a row, empty for an event without; None: no column.
    labels: list[str] | None
    groups: list[str] | None
    description: Description


def description_file(path: Path) -> Path:
    """Return where the description of a recording stands."""
    return path.with_suffix(".json")


def read_recording(path: Path) -> Recording:
    """Read a recording and its description. Raises RivuletError, with the line."""
    channels = channels_of(path)
    times, values, labels, groups = [], [], [], []
    for event in read(path, channels):
        times.append(event.t_us)
        values.append(event.values)
        labels.append(event.label)
        groups.append(event.group)
    return Recording(
        channels,
        np.array(times, np.int64),
        np.array(values, np.float64).reshape(len(times), len(channels)),
        labels if any(labels) else None,
        groups if any(groups) else None,
        read_description(path),
    )


def read_description(path: Path) -> Description:
    """Read the description beside a recording. Raises RivuletError if it is there and wrong."""
    beside = description_file(path)
    files.check_input(beside)
    try:
        if not beside.exists():
            return Description()
        if beside.stat().st_size > _MAX_DESCRIPTION_BYTES:
            raise RivuletError(f"{beside}: too large for a description of {path.name}")
        content = json.loads(beside.read_bytes())
    except OSError as error:
        raise RivuletError(f"{beside}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise RivuletError(f"{beside}: no JSON: mend or remove it") from None
    if not isinstance(content, dict):
        raise RivuletError(f"{beside}: holds no JSON object: mend or remove it")
    units = content.get("units", {})
    if not isinstance(units, dict) or not all(isinstance(unit, str) for unit in units.values()):
        raise RivuletError(f"{beside}: 'units' must hold a text for each channel")
    texts = {key: content.get(key) for key in ("source", "time_zero_utc", "board", "model")}
    for key, text in texts.items():
        if text is not None and not isinstance(text, str):
            raise RivuletError(f"{beside}: '{key}' must be a text or null")
    source = texts.pop("source") or ""
    return Description(units, source, **texts)


def write_recording(path: Path, recording: Recording) -> None:
    """Write a recording and its description; the suffix of `path` chooses CSV or Parquet.

    Raises RivuletError.
    """
    texts = [(LABEL, recording.labels), (GROUP, recording.groups)]
    kept = [(name, cells) for name, cells in texts if cells is not None]
    # The description first: a recording without one would be taken to have no units.
    write_description(path, recording.description)
    with files.replacing(path) as beside:
        if path.suffix.lower() == ".parquet":
            columns = list(zip(recording.channels, recording.values.T, strict=True))
            parquet.write(beside, recording.t_us, columns, kept)  # type: ignore[arg-type]
        else:
            with beside.open("w", encoding="utf-8", newline="") as file:
                _write_csv(csv.writer(file, lineterminator="\n"), recording, kept)


def write_description(path: Path, description: Description) -> None:
    """Write the description beside the recording `path`. Raises RivuletError."""
    files.write_text(description_file(path), _json(description))


def _write_csv(writer: Any, recording: Recording, texts: list[tuple[str, list[str]]]) -> None:
    writer.writerow(["t_us", *recording.channels, *(name for name, _ in texts)])
    for row, (t_us, values) in enumerate(
        zip(recording.t_us.tolist(), recording.values.tolist(), strict=True)
    ):
        cells = ["" if math.isnan(value) else number_text(value) for value in values]
        writer.writerow([t_us, *cells, *(column[row] for _, column in texts)])


def number_text(value: float) -> str:
    """Return the shortest text that reads as this number."""
    text = repr(value)
    return text.removesuffix(".0")


def _json(description: Description) -> str:
    content = {
        "units": description.units,
        "source": description.source,
        "time_zero_utc": description.time_zero_utc,
        "board": description.board,
        "model": description.model,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
