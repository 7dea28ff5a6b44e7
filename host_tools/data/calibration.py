"""Values and ranges of a model's channels, from recorded events."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError

# An input's integers span +-8 in normalised units, or more where the calibration asks for it:
# 1.25 times what all but one value in a thousand stay below. Rarer spikes may clip, since a wider
# range makes the channel's weights larger and with them the rounding of the whole row. Never
# less than 8: a calibration at rest must not make the model deaf to movement.
NARROWEST = 8.0
_WIDEST = 64.0
_COVERED, _MARGIN = 0.999, 1.25


@dataclass(frozen=True)
class ChannelRange:
    """The range that a channel's integers represent, and the values seen in the calibration."""

    channel: str
    unit: str
    lowest: float
    highest: float
    half: float  # of the range, in normalised units
    seen: tuple[float, float] | None  # None: no value, or a constant one
    clipped: float  # share of the values outside


@dataclass(frozen=True)
class Seen:
    """The values of a channel in the calibration; None where it carries none."""

    channel: str
    unit: str
    extremes: tuple[float, float] | None
    most: tuple[float, float] | None  # between them lie 99.9 % of the values

    def __str__(self) -> str:
        if self.extremes is None or self.most is None:
            return f"{self.channel}: no values"
        low, high = (f"{value:.5g}" for value in self.extremes)
        text = f"{self.channel}: {low} to {high} {self.unit}".rstrip()
        return f"{text}, 99.9 % of the values {self.within()}"

    def within(self) -> str:
        """Return the interval that holds 99.9 % of the values, "-" without any."""
        return f"{self.most[0]:.4g} to {self.most[1]:.4g}" if self.most else "-"


def seen(settings: dict[str, Any], events: EventTable) -> list[Seen]:
    """Return what every channel carries in the events."""
    found = []
    for index, channel in enumerate(settings["channels"]):
        values = events.values[:, index]
        values = values[~np.isnan(values)]
        extremes = most = None
        if len(values):
            extremes = float(values.min()), float(values.max())
            low, high = np.quantile(values, ((1 - _COVERED) / 2, (1 + _COVERED) / 2))
            most = float(low), float(high)
        found.append(Seen(channel, settings["units"][index], extremes, most))
    return found


def ranges(settings: dict[str, Any], events: EventTable | None) -> list[ChannelRange]:
    """Return the range of every channel: the narrowest, or a wider one that the events need.

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
        # A scale of 0 switches a channel off: zero represents every value.
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


def uncovered(channels: list[ChannelRange], events: EventTable) -> list[str]:
    """Return a warning for each channel that the calibration does not cover."""
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
