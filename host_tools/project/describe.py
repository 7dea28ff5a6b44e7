"""Says in words what a board will run, wire by wire."""

from collections.abc import Mapping
from typing import Any

from host_tools.project import policy_words
from host_tools.project.driver_facts import DriverFacts, Limits, written
from host_tools.project.parts import Bus, Channel, Project, RigActuator, RigSensor

_TRIGGERS = {
    "interrupt": "an event at each interrupt of the chip",
    "timer": "an event at each tick of a timer",
    "edges": "an event at edges of a pin",
    "uart": "an event at each message",
}


def lines(project: Project, model: Mapping[str, Any] | None = None) -> list[str]:
    """Return the lines that 'rivulet check' prints. model: the metadata of the project's model."""
    found = [f"{project.name}: {project.file}, board {project.board.name}"]
    for sensor in project.sensors.values():
        found.append(f"sensor {sensor.name}: {_part(sensor)}; {_TRIGGERS[sensor.driver.trigger]}")
        found += [f"    {_channel(each, sensor.driver)}" for each in sensor.channels]
    for actuator in project.actuators.values():
        found.append(f"actuator {actuator.name}: {_part(actuator)}")
        found.append(f"    {_driven(actuator)}")
    if not project.sensors:
        found.append("no sensors: a virtual board plays recordings, a real one needs some")
    if not project.actuators:
        found.append("no actuators")
    if model is not None:
        said = policy_words.lines(model["policy"], model["classes"])
    else:
        said = policy_words.lines(project.policy) if project.policy else []
    if said:
        found.append(f"policy: {said[0]}")
        found += [f"    {line}" for line in said[1:]]
    return found


def _part(part: RigSensor | RigActuator) -> str:
    words = [f"driver {part.driver.name}"]
    if part.bus is not None:
        words.append(_bus(part.bus))
    words += [f"{name} = GPIO {pin}" for name, pin in part.pins.items()]
    words += [
        f"{name} = {written(value)}" for name, value in part.settings.items() if name != "channels"
    ]
    return ", ".join(words)


def _bus(bus: Bus) -> str:
    pins = ", ".join(f"{name} = GPIO {pin}" for name, pin in bus.pins.items())
    rate = f"{bus.rate} baud" if bus.kind == "uart" else f"{bus.rate} Hz"
    return f"{bus.kind} {bus.number} ({pins}, {rate})"


def _channel(channel: Channel, driver: DriverFacts) -> str:
    unit = channel.unit or "unit not stated"
    text = f"{channel.name}: {unit}{_limits(channel.limits)}"
    if driver.channels:
        own = driver.channels[channel.index]
        if own != channel.name:
            text += f", the driver's {own}"
    if (channel.factor, channel.offset) != (1.0, 0.0):
        text += f", value * {channel.factor:g}"
        if channel.offset:
            text += f" {'+' if channel.offset > 0 else '-'} {abs(channel.offset):g}"
    return text


def _driven(actuator: RigActuator) -> str:
    text = f"from {actuator.source}"
    if actuator.target:
        text += f", {actuator.target}"
    if actuator.table is not None:
        text += (
            " (" + ", ".join(f"{name} {value:g}" for name, value in actuator.table.items()) + ")"
        )
    elif actuator.source == "class":
        text += " (its number)"
    text += _limits(actuator.limits)
    if actuator.slew_per_s:
        text += f", at most {actuator.slew_per_s:g} per second"
    return text + f", at rest {actuator.safe:g}"


def _limits(limits: Limits) -> str:
    return "" if limits is None else f", {limits[0]:g} to {limits[1]:g}"
