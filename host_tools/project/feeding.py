"""Compares what sensors feed with what a model takes: names and units of channels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from host_tools.errors import RivuletError
from host_tools.project import units


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
        write = f'units = {{ {self.channel} = "{self.model_unit}" }}'
        if not self.sensor_unit:
            return (
                f"{self.channel}: the sensor's unit is not stated, the model takes "
                f"{self.model_unit}: if the sensor gives that, write {write} in "
                f"[sensors.{self.sensor}]"
            )
        text = f"{self.channel}: the model takes {self.model_unit}, the sensor gives "
        try:
            units.conversion(self.sensor_unit, self.model_unit)
        except units.UnitError as error:
            return f"{text}{self.sensor_unit}: {error}"
        return (
            f"{text}{self.sensor_unit}: write {write} in [sensors.{self.sensor}] of rivulet.toml "
            "and flash again"
        )


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


def fed_by(description: dict[str, Any]) -> list[FedChannel]:
    """Return the channels that a board's sensors feed, from its description of itself."""
    return [
        FedChannel(sensor["name"], name, unit)
        for sensor in description["sensors"]
        for name, unit in zip(sensor["channels"], sensor["units"], strict=False)
    ]


def check_push(
    description: dict[str, Any], settings: dict[str, Any], allow_unfed: bool
) -> list[str]:
    """Compare a model's metadata with a board's sensors. Return warnings.

    Raises RivuletError if a unit differs, or if an unfed channel is not allowed.
    """
    fed = fed_by(description)
    differences = unit_differences(settings["channels"], settings["units"], fed)
    errors = [str(each) for each in differences if each.is_error]
    if errors:
        raise RivuletError("nothing was sent: " + "; ".join(errors))
    missing = unfed(settings["channels"], fed)
    if missing and not allow_unfed:
        known = ", ".join(each.name for each in fed) or "none"
        raise RivuletError(
            f"nothing was sent: no sensor of this board feeds {', '.join(missing)} (its channels: "
            f"{known}); wire and flash them, or push with --unfed: then they count as stale"
        )
    return [str(each) for each in differences]
