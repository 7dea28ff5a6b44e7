"""The sensor of a project that names none: `recording`, with the channels of its recordings.

Without recordings it has the channels of the project's model, so that a model can be tried alone.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.data.events import channels_of
from host_tools.data.recording import read_description, read_recording
from host_tools.errors import RivuletError
from host_tools.project import Channel, RigSensor, feeding, units
from host_tools.project.build import name_fault
from host_tools.project.driver_facts import DriverFacts, Limits
from host_tools.project.parts import RECORDING
from host_tools.simulate.rigs import PLAYER_DRIVER, PLAYER_FILE

# A wave's amplitude is a share of the limits: with these it is that of two standard deviations.
_DEVIATIONS = 8
# Of waves, where nothing says how often events come.
_RATE_HZ = 10.0
_MOST_HZ = 1000.0


def of_recordings(files: Sequence[Path]) -> RigSensor:
    """Return the sensor that has every channel of these recordings. Raises RivuletError.

    A unit is what the first recording with the channel states.
    """
    stated: dict[str, str] = {}
    for file in files:
        said = read_description(file).units
        for channel in channels_of(file):
            fault = name_fault(channel)
            if fault:
                raise RivuletError(f"{file}: {fault}")
            stated[channel] = stated.get(channel) or said.get(channel, "")
    return _sensor(stated)


def for_waves(files: Sequence[Path]) -> RigSensor:
    """Return the same sensor with the ranges and the rate of the recordings' values.

    Raises RivuletError.
    """
    sensor = of_recordings(files)
    ranges: dict[str, tuple[float, float]] = {}
    events = us = 0
    for file in files:
        recording = read_recording(file)
        events += len(recording.t_us)
        us += int(np.ptp(recording.t_us))
        for channel, values in zip(recording.channels, recording.values.T, strict=True):
            carried = values[~np.isnan(values)]
            if len(carried):
                low, high = ranges.get(channel, (math.inf, -math.inf))
                ranges[channel] = min(low, carried.min()), max(high, carried.max())
    rate_hz = 1e6 * events / us if us else _RATE_HZ
    return _sensor({each.name: each.unit for each in sensor.channels}, ranges, rate_hz)


def of_model(settings: Mapping[str, Any]) -> RigSensor:
    """Return the sensor that has the channels of a model, from the model's metadata."""
    channels = feeding.measured(settings)
    normalisation = settings["normalisation"]
    ranges = {}
    for name, offset, scale in zip(
        settings["channels"], normalisation["offset"], normalisation["scale"], strict=True
    ):
        # The scale is 1 / standard deviation, and 0 for a channel that is switched off.
        if scale:
            reach = abs(_DEVIATIONS / 2 / scale)
            ranges[name] = offset - reach, offset + reach
    rate_hz = 1e6 / settings["training_dt_us"] if settings["training_dt_us"] else _RATE_HZ
    stated = dict(zip(settings["channels"], settings["units"], strict=True))
    return _sensor({name: stated[name] for name in channels}, ranges, rate_hz)


def _sensor(
    stated: Mapping[str, str],
    ranges: Mapping[str, tuple[float, float]] | None = None,
    rate_hz: float = _RATE_HZ,
) -> RigSensor:
    limits: tuple[Limits, ...] = tuple((ranges or {}).get(name) for name in stated)
    driver = DriverFacts(
        PLAYER_DRIVER,
        PLAYER_FILE,
        kind="sensor",
        bus="",
        pins={},
        settings={},
        channels=tuple(stated),
        units=tuple(stated.values()),
        limits=limits,
        trigger="interrupt",
    )
    channels = tuple(
        # What waves stay within is no limit of a sensor.
        Channel(name, units.normalise(unit), None, index, 1.0, 0.0)
        for index, (name, unit) in enumerate(stated.items())
    )
    return RigSensor(RECORDING, driver, None, {}, {"rate_hz": min(rate_hz, _MOST_HZ)}, channels)
