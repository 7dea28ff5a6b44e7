"""Writes rig.py, the module that tells a board what is wired to it."""

from collections.abc import Mapping
from typing import Any

from host_tools.project import policy
from host_tools.project.parts import Bus, Project, RigActuator, RigSensor

# A float32 holds every value between these: an actuator without limits.
_UNLIMITED = (-3.0e38, 3.0e38)
_CLASSES = {"i2c": "I2C", "spi": "SPI", "uart": "UART"}
# The "bus" of a simulated plant, whose sensors and actuators are at the other end of the wire.
PLANT = Bus("plant", 0, {}, 0)
_HEAD = '''\
"""What is wired to this board. Written by rivulet flash from {file}: change that file."""

'''


def source(
    project: Project,
    model: Mapping[str, Any] | None = None,
) -> str:
    """Return the text of rig.py.

    model: the metadata of the project's model, needed by actuators that are driven by the score
    of a class or by a state.
    """
    buses: dict[str, Bus] = {}
    makers: list[str] = []
    plant = any(part.bus == PLANT for part in project.parts)
    for part in project.parts:
        if part.bus is not None and part.bus != PLANT:
            buses[_bus_name(part.bus)] = part.bus
        makers.append(_maker(part))
    imports = ["import machine"] if buses else []
    if imports:
        imports.append("")
    if plant:
        imports += ["from drivers.plant import Plant", ""]
    if project.actuators:
        imports.append("from rivulet.control.actuators import Actuator")
    if project.sensors:
        imports.append("from rivulet.sensing.sensor import Sensor")
    top = "\n".join(imports).strip()
    blocks = [
        _HEAD.format(file=project.file.name)
        + (top + "\n\n" if top else "")
        + _names(project, buses),
        *([_plant(project)] if plant else []),
        *(_bus(name, bus) for name, bus in buses.items()),
        *makers,
        _list("make_sensors", "sensors", [_sensor(each) for each in project.sensors.values()]),
        _list(
            "make_actuators",
            "actuators",
            [_actuator(each, drives(each, model)) for each in project.actuators.values()],
        ),
    ]
    return "\n\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _names(project: Project, buses: Mapping[str, Bus]) -> str:
    return f"NAME = {project.name!r}" + ("\n_buses = {}" if buses else "")


def _plant(project: Project) -> str:
    widths = tuple(len(sensor.channels) for sensor in project.sensors.values())
    return f"{PLANT.kind} = Plant({widths!r}, {len(project.actuators)})"


def _bus_name(bus: Bus) -> str:
    return f"_{bus.kind}_{bus.number}"


def _bus(name: str, bus: Bus) -> str:
    pins = "".join(f", {wire}=machine.Pin({pin!r})" for wire, pin in bus.pins.items())
    rate = "freq" if bus.kind == "i2c" else "baudrate"
    return f"""\
def {name}():
    if {name!r} not in _buses:
        _buses[{name!r}] = machine.{_CLASSES[bus.kind]}({bus.number}{pins}, {rate}={bus.rate})
    return _buses[{name!r}]"""


def _maker(part: RigSensor | RigActuator) -> str:
    settings = "".join(f", {name}={_literal(each)}" for name, each in part.settings.items())
    made_bus = "None"
    if part.bus is not None:
        made_bus = PLANT.kind if part.bus == PLANT else f"{_bus_name(part.bus)}()"
    return f"""\
def {_maker_name(part)}():
    from drivers.{part.driver.name} import Driver

    return Driver({made_bus}, {part.pins!r}{settings})"""


def _maker_name(part: RigSensor | RigActuator) -> str:
    return f"_{'sensor' if isinstance(part, RigSensor) else 'actuator'}_{part.name}"


def _sensor(sensor: RigSensor) -> list[str]:
    channels = sensor.channels
    count = len(sensor.driver.channels) or len(channels)
    arguments = [
        repr(sensor.name),
        _maker_name(sensor),
        f"channels={tuple(each.name for each in channels)!r}",
        f"units={tuple(each.unit for each in channels)!r}",
    ]
    if any(each.limits is not None for each in channels):
        arguments.append(f"limits={tuple(each.limits for each in channels)!r}")
    picked = tuple(each.index for each in channels)
    if picked != tuple(range(count)):
        arguments += [f"picked={picked!r}", f"width={count}"]
    if any(each.factor != 1.0 for each in channels):
        arguments.append(f"factors={tuple(each.factor for each in channels)!r}")
    if any(each.offset != 0.0 for each in channels):
        arguments.append(f"offsets={tuple(each.offset for each in channels)!r}")
    return ["Sensor(", *(f"    {each}," for each in arguments), "),"]


def drives(
    actuator: RigActuator, model: Mapping[str, Any] | None
) -> tuple[str, dict[str, float] | None]:
    """Return what drives an actuator as the firmware knows it: its source and its table."""
    source, table = actuator.source, actuator.table
    if model is None:
        return ("class" if source == "state" else source), table
    classes, states = model["classes"] or [], policy.states(model["policy"])
    if source in states:
        # 1 in this state, 0 in all others.
        return "class", {name: 1.0 if name == source else 0.0 for name in states}
    if source in classes:
        return f"y{classes.index(source)}", table
    return ("class" if source == "state" else source), table


def _actuator(actuator: RigActuator, driven: tuple[str, dict[str, float] | None]) -> list[str]:
    source, table = driven
    arguments = [repr(actuator.name), _maker_name(actuator), f"source={source!r}"]
    if table is not None:
        arguments.append(f"table={table!r}")
    arguments += [
        f"limits={actuator.limits or _UNLIMITED!r}",
        f"slew_per_s={actuator.slew_per_s!r}",
        f"safe={actuator.safe!r}",
    ]
    return ["Actuator(", *(f"    {each}," for each in arguments), "),"]


def _list(function: str, what: str, entries: list[list[str]]) -> str:
    doc = f'def {function}():\n    """Return the {what}, in the order of their numbers."""\n'
    if not entries:
        return doc + "    return []"
    lines = [f"        {line}" for entry in entries for line in entry]
    return "\n".join([doc + "    return [", *lines, "    ]"])


def _literal(value: Any) -> str:
    """Return a setting as a Python literal. TOML's lists become tuples, which cost less."""
    if isinstance(value, list | tuple):
        inner = ", ".join(_literal(each) for each in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_literal(each)}" for key, each in value.items()) + "}"
    return repr(value)
