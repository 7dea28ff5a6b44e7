"""What an EVENTS.csv says about a model's channels: which values come, and how far they reach."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.errors import RivuletError

# An input's integers span +-8 in normalised units, or more where the calibration asks for it:
# 1.25 times what all but one value in a thousand stay below. Rarer spikes may clip, since a wider
# range makes the channel's weights larger and with them the rounding of the whole row. Never
# less than 8: a calibration at rest must not make the model deaf to movement.
NARROWEST = 8.0
_WIDEST = 64.0
_COVERED, _MARGIN = 0.999, 1.25


@dataclass(frozen=True)
class Events:
    """Recorded events in order of time; NaN where an event does not carry a channel."""

    t_us: NDArray[np.int64]
    values: NDArray[np.float64]  # (events, channels), physical units

    @property
    def gaps_us(self) -> NDArray[np.int64]:
        """Time since the event before; 0 for the first and for late ones."""
        latest = np.maximum.accumulate(self.t_us)
        return np.diff(latest, prepend=latest[0])


@dataclass(frozen=True)
class ChannelRange:
    """What the integers of a channel stand for, and what was seen of it."""

    channel: str
    unit: str
    lowest: float
    highest: float
    half: float  # of the range, in normalised units
    seen: tuple[float, float] | None  # None: no value, or never another one
    clipped: float  # share of the values outside


def read_events(path: Path, channels: list[str]) -> Events:
    """An EVENTS.csv. Channels that it has no column for come as never carried."""
    times, rows = [], []
    try:
        with path.open(newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            places = _places(path, header, channels)
            for row in reader:
                if not row:
                    continue
                values = [math.nan] * len(channels)
                try:
                    times.append(int(row[0]))
                    if abs(times[-1]) >= 1 << 62:
                        raise ValueError
                    for place, cell in zip(places, row[1:], strict=True):
                        values[place] = float(cell) if cell else math.nan
                except ValueError:
                    raise RivuletError(
                        f"{path}, line {reader.line_num}: not t_us and {len(places)} numbers"
                    ) from None
                rows.append(values)
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RivuletError(f"{path}: not a text file") from None
    if not rows:
        raise RivuletError(f"{path}: holds no events")
    array = np.array(rows)
    if np.isinf(array).any():
        raise RivuletError(f"{path}: holds values that are not finite (leave the cell empty?)")
    return Events(np.array(times, np.int64), array)


def _places(path: Path, header: list[str], channels: list[str]) -> list[int]:
    if header[:1] != ["t_us"]:
        raise RivuletError(f"{path}: the first column must be t_us")
    unknown = sorted(set(header[1:]) - set(channels))
    if unknown:
        raise RivuletError(
            f"{path}: columns must be the model's channels {', '.join(channels)}; "
            f"unknown: {', '.join(unknown)}"
        )
    return [channels.index(name) for name in header[1:]]


def ranges(settings: dict[str, Any], events: Events | None) -> list[ChannelRange]:
    """The range of every channel; the narrowest without events or where they do not cover it.

    Raises RivuletError for a channel that no range can hold.
    """
    normalisation = settings["normalisation"]
    found = []
    for index, channel in enumerate(settings["channels"]):
        offset = float(normalisation["offset"][index])
        scale = abs(float(normalisation["scale"][index]))
        unit = settings["units"][index]
        values = np.empty(0) if events is None else events.values[:, index]
        values = values[~np.isnan(values)]
        half, clipped, seen = NARROWEST, 0.0, None
        if len(values):
            distance = np.abs(values - offset) * scale
            half = max(half, _MARGIN * float(np.quantile(distance, _COVERED)))
            clipped = float((distance > half).mean())
            if values.min() < values.max():
                seen = (float(values.min()), float(values.max()))
        # A scale of 0 switches a channel off: every value of it is represented, by zero.
        reach = half / scale if scale else math.inf
        if half > _WIDEST:
            widest = _WIDEST / scale
            raise RivuletError(
                f"channel '{channel}' goes from {values.min():g} to {values.max():g} {unit} in "
                f"the calibration; with its normalisation int8 represents {offset - widest:g} to "
                f"{offset + widest:g}: train with one that fits the data"
            )
        lowest, highest = offset - reach, offset + reach
        found.append(ChannelRange(channel, unit, lowest, highest, half, seen, clipped))
    return found


def uncovered(channels: list[ChannelRange], events: Events) -> list[str]:
    """A warning for each channel of which the calibration says nothing."""
    found = []
    for index, channel in enumerate(channels):
        values = events.values[:, index]
        range_text = f"its range {channel.lowest:g} to {channel.highest:g} {channel.unit}".rstrip()
        if np.isnan(values).all():
            what = "carries no values"
        elif channel.seen is None:
            what = f"is constant at {np.nanmin(values):g}"
        else:
            continue
        found.append(f"the calibration's '{channel.channel}' {what}: {range_text} is unchecked")
    return found
