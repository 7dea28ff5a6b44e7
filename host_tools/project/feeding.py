"""Compares what sensors feed with what a model takes: names and units of channels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from host_tools.errors import RivuletError
from host_tools.project import units
from host_tools.project.parts import RECORDING


@dataclass(frozen=True)
class FedChannel:
    """A channel that a board's sensor feeds."""

    sensor: str
    name: str
    unit: str


def unfed(channels: Iterable[str], fed: Iterable[FedChannel]) -> list[str]:
    """Return the channels of a model that no sensor feeds, in the model's order."""
    names = {each.name for each in fed}
    return [channel for channel in channels if channel not in names]


def measured(settings: Mapping[str, Any]) -> list[str]:
    """Return the channels of a model that sensors have to feed: the firmware feeds the others."""
    # It loads numpy, which no other use of a project needs.
    from rivulet.model import fed as device_fed

    fed = device_fed.names(settings)
    return [channel for channel in settings["channels"] if channel not in fed]


@dataclass(frozen=True)
class UnitDifference:
    """A channel that has one unit in the model and another one at the sensor."""

    sensor: str
    channel: str
    # '' means that it is not stated.
    model_unit: str
    sensor_unit: str

    @property
    def is_error(self) -> bool:
        """Whether both units are stated, and differ."""
        return bool(self.model_unit and self.sensor_unit)

    def __str__(self) -> str:
        if not self.model_unit:
            return f"{self.channel}: the model does not state its unit; the sensor gives " + (
                self.sensor_unit
            )
        wanted, given = self.model_unit, self.sensor_unit
        of_recordings = self.sensor == RECORDING
        table = f"[sensors.{self.sensor}]"
        write = f'units = {{ {self.channel} = "{wanted}" }}'
        if not given:
            text = f"{self.channel}: the sensor's unit is not stated, the model takes {wanted}: "
            if of_recordings:
                return f"{text}if that is the recordings', state it in NAME.json beside them"
            return f"{text}if the sensor gives that, write {write} in {table}"
        text = f"{self.channel}: the model takes {wanted}, the sensor gives {given}"
        try:
            units.conversion(given, wanted)
        except units.UnitError as error:
            return f"{text}: {error}"
        if of_recordings:
            return f"{text}, which NAME.json beside the recordings states: train a model of them"
        return f"{text}: write {write} in {table} of rivulet.toml and flash again"


def unit_differences(
    channels: Iterable[str], model_units: Iterable[str], fed: Iterable[FedChannel]
) -> list[UnitDifference]:
    """Return every channel whose units differ, or are stated on one side only."""
    by_name = {each.name: each for each in fed}
    found = []
    for channel, unit in zip(channels, model_units, strict=False):
        sensor = by_name.get(channel)
        if sensor is None or units.same(unit, sensor.unit):
            continue
        found.append(UnitDifference(sensor.sensor, channel, unit, sensor.unit))
    return found


def fed_by(description: Mapping[str, Any]) -> list[FedChannel]:
    """Return the channels that a board's sensors feed, from its description of itself."""
    return [
        FedChannel(sensor["name"], name, unit)
        for sensor in description["sensors"]
        for name, unit in zip(sensor["channels"], sensor["units"], strict=False)
    ]


def check_push(
    description: Mapping[str, Any], settings: dict[str, Any], allow_unfed: bool
) -> list[str]:
    """Compare a model's metadata with a board's sensors. Return warnings.

    Raises RivuletError if a unit differs, or if an unfed channel is not allowed.
    """
    fed = fed_by(description)
    differences = unit_differences(settings["channels"], settings["units"], fed)
    errors = [str(each) for each in differences if each.is_error]
    if errors:
        raise RivuletError("nothing was sent: " + "; ".join(errors))
    missing = unfed(measured(settings), fed)
    if missing and not allow_unfed:
        known, absent = ", ".join(each.name for each in fed) or "none", ", ".join(missing)
        if any(each.sensor == RECORDING for each in fed):
            raise RivuletError(
                f"nothing was sent: the recordings that this board plays have no {absent} (their "
                f"channels: {known}); push a model that was trained on them, or push with "
                "--unfed: then they count as stale"
            )
        raise RivuletError(
            f"nothing was sent: no sensor of this board feeds {absent} (its channels: {known}); "
            "wire and flash them, or push with --unfed: then they count as stale"
        )
    return [str(each) for each in differences]
