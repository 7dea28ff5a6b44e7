"""What the sensors of a project are given to play: waves, values that stand still, recordings."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from host_tools.errors import RivuletError
from host_tools.project import Channel, RigSensor, units
from host_tools.simulate.rigs import source_of
from host_tools.simulate.stimulus import (
    Column,
    Source,
    Stimulus,
    from_events,
    join,
    merge,
    to_records,
)

SINE, HOLD = "sine", "hold"
# A wave has a whole number of periods in this time, so that it can be repeated.
_LENGTH_US = 20_000_000
# Periods in that time, by channel: from ten seconds to one.
_PERIODS = (2, 3, 5, 7, 11, 13, 17, 19)
# Share of a channel's limits that a wave's amplitude is.
_AMPLITUDE = 0.25
# Of a sensor whose driver has no setting rate_hz.
_RATE_HZ = 10
# Until every driver has started.
_LEAD_US = 200_000


def play(what: str, sensors: Sequence[RigSensor]) -> Stimulus:
    """Return the stimulus for 'sine', 'hold', a recording, or a folder of recordings.

    sine: every channel is a wave of its own within its limits; hold: every channel stands still.
    Both come at the sensor's rate. Raises RivuletError.
    """
    if what in (SINE, HOLD):
        return merge([_steady(sensor, what == SINE) for sensor in sensors])
    return from_recordings(Path(what), sensors)


def _steady(sensor: RigSensor, moving: bool) -> Stimulus:
    """Return samples at the sensor's rate: waves, or values that stand still."""
    source = source_of(sensor)
    rate_hz = float(sensor.settings.get("rate_hz", _RATE_HZ))
    count = max(1, round(rate_hz * _LENGTH_US * 1e-6))
    share = np.arange(count) / count
    values = np.zeros((count, len(source.channels)))
    for index, limits in enumerate(_limits(sensor, source)):
        values[:, index] = _rest(limits)
        if moving:
            low, high = limits or (-2.0, 2.0)
            periods = _PERIODS[index % len(_PERIODS)]
            wave = np.sin(2 * np.pi * periods * share)
            values[:, index] = (low + high) / 2 + _AMPLITUDE * (high - low) * wave
    t_us = np.rint(_LEAD_US + share * _LENGTH_US).astype(np.int64)
    records = to_records(t_us, 0, 0, values)
    return Stimulus((source,), records, (), count, 0, _LENGTH_US)


def _limits(sensor: RigSensor, source: Source) -> list[tuple[float, float] | None]:
    """Return the limits of each channel of the driver, in its units."""
    limits = list(sensor.driver.limits) or [None] * len(source.channels)
    return [
        None if each is None or not math.isfinite(each[1] - each[0]) else each for each in limits
    ]


def _rest(limits: tuple[float, float] | None) -> float:
    """Return the value of a channel that nothing moves: 0 where that is within its limits."""
    if limits is None or limits[0] < 0 < limits[1]:
        return 0.0
    return (limits[0] + limits[1]) / 2


def from_recordings(path: Path, sensors: Sequence[RigSensor]) -> Stimulus:
    """Play a recording, or all of a folder one after another, to the sensors it has columns for.

    Its columns are the rig's channels in the rig's units, or in those that a file NAME.json beside
    it states: {"units": {"range": "m", ...}}. Raises RivuletError.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise RivuletError(f"{path}: the folder holds no .csv")
    sources = [source_of(sensor) for sensor in sensors]
    resting = [
        np.array([_rest(limits) for limits in _limits(sensor, source)])
        for sensor, source in zip(sensors, sources, strict=True)
    ]
    return join(
        [from_events(file, sources, _columns(file, sensors), resting, _LEAD_US) for file in files]
    )


def _columns(file: Path, sensors: Iterable[RigSensor]) -> dict[str, Column]:
    """Return where the value of each column goes, by the rig's names of the channels."""
    stated = _stated_units(file.with_suffix(".json"))
    return {
        channel.name: _column(number, channel, stated.get(channel.name), file)
        for number, sensor in enumerate(sensors)
        for channel in sensor.channels
    }


def _column(number: int, channel: Channel, stated: str | None, file: Path) -> Column:
    factor, offset = 1.0, 0.0
    if stated and channel.unit:
        try:
            factor, offset = units.conversion(stated, channel.unit)
        except units.UnitError as error:
            raise RivuletError(f"{file}: the column {channel.name}: {error}") from None
    # Back from the rig's unit to the driver's: rig = driver * channel.factor + channel.offset.
    return Column(
        number,
        channel.index,
        factor / channel.factor,
        (offset - channel.offset) / channel.factor,
    )


def _stated_units(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8")).get("units", {})
        return {str(name): str(unit) for name, unit in said.items()}
    except (OSError, ValueError, AttributeError):
        raise RivuletError(f"{path}: not the description of a recording") from None
