"""A project whose sensors and actuators are those of a simulated plant."""

from dataclasses import dataclass, replace

import numpy as np

from host_tools.errors import RivuletError
from host_tools.link.plant import Reading
from host_tools.paths import ON_DEVICE
from host_tools.plants import Checked
from host_tools.plants.plant import Floats
from host_tools.project import Channel, Project, RigActuator, RigSensor, need_sensors, units
from host_tools.project.rig import PLANT
from rivulet import protocol

_DRIVERS = ON_DEVICE / "drivers"
_SENSOR, _ACTUATOR = "plant_sensor", "plant_actuator"


@dataclass(frozen=True)
class WiredSensor:
    """A sensor of the plant: the numbers of the observations that it takes, and how they become
    values of the project's channels: value = observation * factor + offset."""

    number: int
    picked: tuple[int, ...]
    factors: Floats
    offsets: Floats
    # Between two readings.
    interval_us: int

    def read(self, observation: Floats) -> Reading:
        values = observation[list(self.picked)] * self.factors + self.offsets
        return self.number, [float(value) for value in values]


@dataclass(frozen=True)
class Wired:
    """What is flashed, and how the plant's numbers go in and out."""

    project: Project
    sensors: tuple[WiredSensor, ...]
    # For each action of the plant, the number of its actuator.
    actions: tuple[int, ...]


def wire(project: Project, plant: Checked) -> Wired:
    """Return the project at the plant: its parts keep names, channels, limits, safe values and
    slew rates; their drivers are replaced. Raises RivuletError."""
    need_sensors(project)
    sensors, wired = {}, []
    for number, sensor in enumerate(project.sensors.values()):
        sensors[sensor.name], each = _sensor(project, sensor, number, plant)
        wired.append(each)
    needed = sum(1 + 4 * len(each.picked) for each in wired)
    if needed > protocol.PLANT_READINGS:
        raise RivuletError(
            f"{project.file}: the readings of all sensors take {needed} bytes, and one message "
            f"carries {protocol.PLANT_READINGS}: take fewer channels"
        )
    for action in plant.actions:
        if action not in project.actuators:
            named = ", ".join(project.actuators) or "none"
            raise RivuletError(
                f"{project.file}: no actuator is named '{action}', the action of the plant "
                f"{plant.name}: there is {named}: write a table [actuators.{action}]"
            )
    actuators = {
        actuator.name: _actuator(actuator, number)
        for number, actuator in enumerate(project.actuators.values())
    }
    numbers = list(project.actuators)
    return Wired(
        replace(project, sensors=sensors, actuators=actuators),
        tuple(wired),
        tuple(numbers.index(action) for action in plant.actions),
    )


def _sensor(
    project: Project, sensor: RigSensor, number: int, plant: Checked
) -> tuple[RigSensor, WiredSensor]:
    picked, conversions = [], []
    for channel in sensor.channels:
        where = f"{project.file}: sensors.{sensor.name}: channel '{channel.name}'"
        if channel.name not in plant.observations:
            raise RivuletError(
                f"{where} is no observation of the plant {plant.name}: it has "
                f"{', '.join(plant.observations)}"
            )
        at = plant.observations.index(channel.name)
        picked.append(at)
        conversions.append(_conversion(where, plant, plant.units[at], channel.unit))
    rate_hz = float(sensor.settings.get("rate_hz") or 1 / plant.period_s)
    interval_us = max(1, round(1e6 / rate_hz))
    facts = replace(
        sensor.driver,
        name=_SENSOR,
        path=_DRIVERS / f"{_SENSOR}.py",
        bus="",
        pins={},
        # The wire brings what the rig takes, in its units.
        channels=(),
        units=(),
        limits=(),
    )
    flashed = replace(
        sensor,
        driver=facts,
        bus=PLANT,
        pins={},
        settings={"number": number, "interval_us": interval_us},
        channels=tuple(
            Channel(each.name, each.unit, each.limits, index, 1.0, 0.0)
            for index, each in enumerate(sensor.channels)
        ),
    )
    factors, offsets = np.array(conversions, np.float64).reshape(-1, 2).T
    return flashed, WiredSensor(number, tuple(picked), factors, offsets, interval_us)


def _conversion(where: str, plant: Checked, own: str, wanted: str) -> tuple[float, float]:
    """Return (factor, offset) from the plant's unit to the project's."""
    if not own or not wanted:
        return 1.0, 0.0
    try:
        return units.conversion(own, wanted)
    except units.UnitError as error:
        raise RivuletError(
            f"{where}, which the plant {plant.name} has in {own}: {error}"
        ) from None


def _actuator(actuator: RigActuator, number: int) -> RigActuator:
    facts = replace(
        actuator.driver, name=_ACTUATOR, path=_DRIVERS / f"{_ACTUATOR}.py", bus="", pins={}
    )
    return replace(actuator, driver=facts, bus=PLANT, pins={}, settings={"number": number})
