"""Makes the parts of a project from the tables and the drivers' facts."""

import re
from collections.abc import Mapping
from typing import Any

from host_tools.boards import Pin
from host_tools.errors import RivuletError
from host_tools.project import units
from host_tools.project.driver_facts import DriverFacts, Limits
from host_tools.project.drivers import find_driver, read_driver
from host_tools.project.parts import Bus, Channel, RigActuator, RigSensor
from host_tools.project.problems import Problems, nearest
from host_tools.project.tables.actuator import ActuatorTable
from host_tools.project.tables.sensor import SensorTable
from host_tools.project.tables.train import TrainTable
from host_tools.project.tables.wiring import BusTable

# The pins of each kind of bus, and those that it cannot do without.
_WIRES = {"i2c": ("sda", "scl"), "spi": ("sck", "mosi", "miso"), "uart": ("tx", "rx")}
_NEEDED = {"i2c": ("sda", "scl"), "spi": ("sck",), "uart": ()}
_RATES = {"i2c": ("hz", 400_000), "spi": ("hz", 1_000_000), "uart": ("baud", 9600)}
_PART_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_CHANNEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,47}")
# Columns of recordings, and values that the firmware feeds.
_RESERVED = re.compile(r"t_us|label|group|(?:y|x|tau)[0-9]+|(?:age|fresh|action)\..*")


def sensor(name: str, table: SensorTable, problems: Problems) -> RigSensor | None:
    """Return the sensor of a table, None if it has no driver that can be read."""
    where = f"sensors.{name}"
    driver = _common(name, where, "sensor", table, problems)
    if driver is None:
        return None
    extra: dict[str, Any] = {}
    if driver.channels:
        channels = _channels(where, driver, table, problems)
    else:
        channels, extra["channels"] = _described(where, driver, table, problems)
    for channel in channels:
        fault = name_fault(channel.name)
        if fault:
            problems.add(f"{where}.channels", fault)
    for channel_name in table.units:
        if channel_name not in [channel.name for channel in channels]:
            known = nearest(channel_name, [channel.name for channel in channels])
            problems.add(f"{where}.units.{channel_name}", f"is no channel of this sensor: {known}")
    return RigSensor(
        name=name,
        driver=driver,
        bus=_bus(where, driver, table.bus, problems),
        pins=_pins(where, driver, table.pins, problems),
        settings=_settings(where, driver, table.settings, problems) | extra,
        channels=tuple(channels),
    )


def actuator(
    name: str, table: ActuatorTable, train: TrainTable, problems: Problems
) -> RigActuator | None:
    """Return the actuator of a table, None if it has no driver that can be read."""
    where = f"actuators.{name}"
    driver = _common(name, where, "actuator", table, problems)
    if driver is None:
        return None
    own = driver.value_limits
    limits = own if table.limits is None else table.limits
    if limits is not None and limits[0] >= limits[1]:
        problems.add(f"{where}.limits", "the lowest has to be less than the highest")
        limits = None
    elif (
        own is not None and limits is not None and not (own[0] <= limits[0] <= limits[1] <= own[1])
    ):
        problems.add(
            f"{where}.limits",
            f"exceed those of the driver {driver.name}: {own[0]:g} to {own[1]:g}",
        )
    _check_values(where, table, limits, problems)
    if table.table is not None and table.source != "class":
        problems.add(f"{where}.table", f'needs from = "class"; from is "{table.source}"')
    # A model of values has an output for each target, in their order.
    is_target = train.task != "class" and table.source in train.target
    return RigActuator(
        name=name,
        driver=driver,
        bus=_bus(where, driver, table.bus, problems),
        pins=_pins(where, driver, table.pins, problems),
        settings=_settings(where, driver, table.settings, problems),
        source=f"y{train.target.index(table.source)}" if is_target else table.source,
        target=table.source if is_target else "",
        table=table.table,
        limits=limits,
        slew_per_s=table.slew_per_s,
        safe=table.safe,
    )


def _check_values(where: str, table: ActuatorTable, limits: Limits, problems: Problems) -> None:
    if limits is None:
        return
    low, high = limits
    values = {"safe": table.safe}
    values |= {f"table.{name}": value for name, value in (table.table or {}).items()}
    for key, value in values.items():
        if not low <= value <= high:
            problems.add(
                f"{where}.{key}", f"is {value:g}; allowed is {low:g} to {high:g}, the limits"
            )


def _common(
    name: str, where: str, kind: str, table: SensorTable | ActuatorTable, problems: Problems
) -> DriverFacts | None:
    if not _PART_NAME.fullmatch(name):
        problems.add(
            where, "allowed is a name of 1 to 32 letters, digits and _ that begins with a letter"
        )
        return None
    try:
        driver = read_driver(find_driver(table.driver, problems.file.parent))
    except RivuletError as error:
        problems.add(f"{where}.driver", str(error))
        return None
    if driver.kind != kind:
        problems.add(
            f"{where}.driver", f"{driver.name} is a driver of another kind: {driver.kind}"
        )
        return None
    return driver


def name_fault(name: str) -> str:
    """Return what is wrong with a channel's name, "" if nothing is."""
    if _RESERVED.fullmatch(name):
        return f"'{name}' is reserved; choose another name for this channel"
    if not _CHANNEL_NAME.fullmatch(name):
        return (
            f"'{name}' is no name of a channel; allowed are 1 to 48 letters, digits, '_', '-' and "
            "'.', the first of them a letter or '_'"
        )
    return ""


def _channels(
    where: str, driver: DriverFacts, table: SensorTable, problems: Problems
) -> list[Channel]:
    """Return the channels that the rig takes from the driver's, renamed and converted."""
    if not isinstance(table.channels, dict):
        problems.add(f"{where}.channels", f"the driver {driver.name} takes a table of names here")
        return []
    picked = table.channels or {name: name for name in driver.channels}
    channels = []
    for own, name in picked.items():
        if own not in driver.channels:
            known = nearest(own, driver.channels)
            problems.add(
                f"{where}.channels.{own}", f"the driver {driver.name} has no such channel: {known}"
            )
            continue
        index = driver.channels.index(own)
        unit, limits = driver.units[index], driver.limits[index]
        channels.append(_converted(where, name, index, unit, limits, table, problems))
    return channels


def _described(
    where: str, driver: DriverFacts, table: SensorTable, problems: Problems
) -> tuple[list[Channel], tuple[dict[str, Any], ...]]:
    """Return the channels that rivulet.toml describes, and the descriptions for the driver."""
    if not isinstance(table.channels, list) or not table.channels:
        keys = ", ".join(driver.channel_settings)
        problems.add(
            f"{where}.channels",
            f"the driver {driver.name} needs a table [[{where}.channels]] for each: {keys}",
        )
        return [], ()
    channels, described = [], []
    for index, entry in enumerate(table.channels):
        at = f"{where}.channels[{index}]"
        values = _checked(at, driver.channel_settings, entry, problems)
        described.append(values)
        name, unit = values.get("name"), values.get("unit", "")
        if not isinstance(name, str) or not isinstance(unit, str):
            problems.add(at, "name and unit have to be texts")
            continue
        channels.append(_converted(where, name, index, unit, None, table, problems))
    return channels, tuple(described)


def _converted(
    where: str,
    name: str,
    index: int,
    unit: str,
    limits: Limits,
    table: SensorTable,
    problems: Problems,
) -> Channel:
    wanted = table.units.get(name, unit)
    factor, offset = 1.0, 0.0
    if unit:
        try:
            factor, offset = units.conversion(unit, wanted)
        except units.UnitError as error:
            problems.add(f"{where}.units.{name}", str(error))
    if limits is not None:
        ends = sorted(end * factor + offset for end in limits)
        limits = (ends[0], ends[1])
    return Channel(name, units.normalise(wanted), limits, index, factor, offset)


def _settings(
    where: str, driver: DriverFacts, said: Mapping[str, Any], problems: Problems
) -> dict[str, Any]:
    known = {name: each for name, each in driver.settings.items() if name != "channels"}
    of_table = (*known, "driver", "bus", "pins")
    of_table += ("channels", "units") if driver.kind == "sensor" else ("from", "table", "limits")
    for name in said:
        if name not in known:
            problems.add(
                f"{where}.{name}",
                f"is no key, nor a setting of the driver {driver.name}: {nearest(name, of_table)}",
            )
    return _checked(where, known, said, problems)


def _checked(
    where: str, known: Mapping[str, Any], said: Mapping[str, Any], problems: Problems
) -> dict[str, Any]:
    """Return the value of each setting, defaults where nothing is said."""
    values = {}
    for name in said:
        if name not in known and "[" in where:
            problems.add(f"{where}.{name}", f"is no key of a channel: {nearest(name, known)}")
    for name, setting in known.items():
        if name not in said:
            if setting.default is None:
                problems.add(f"{where}.{name}", f"is missing; needed is {setting.allowed}")
            values[name] = setting.default
            continue
        value = said[name]
        fault = setting.fault(value)
        if fault:
            problems.add(f"{where}.{name}", fault)
            value = setting.default
        values[name] = float(value) if isinstance(setting.default, float) else value
    return values


def _pins(
    where: str, driver: DriverFacts, said: Mapping[str, Pin], problems: Problems
) -> dict[str, Pin]:
    for name in said:
        if name not in driver.pins:
            known = nearest(name, driver.pins)
            problems.add(
                f"{where}.pins.{name}", f"the driver {driver.name} has no such pin: {known}"
            )
    for name, pin in driver.pins.items():
        if name not in said and not pin.optional:
            problems.add(f"{where}.pins.{name}", f"is missing; the driver {driver.name} needs it")
    return {name: pin for name, pin in said.items() if name in driver.pins}


def _bus(where: str, driver: DriverFacts, said: BusTable | None, problems: Problems) -> Bus | None:
    where = f"{where}.bus"
    kind = driver.bus
    if not kind:
        if said is not None:
            problems.add(where, f"the driver {driver.name} uses no bus: leave it out")
        return None
    wires, (rate_key, rate) = _WIRES[kind], _RATES[kind]
    example = ", ".join([f"{kind} = 0", *(f"{wire} = GPIO" for wire in wires)])
    if said is None or getattr(said, kind) is None:
        problems.add(where, f"the driver {driver.name} needs bus = {{ {example} }}")
        return None
    values = {name: getattr(said, name) for name in said.__struct_fields__}
    for name, value in values.items():
        if value is not None and name not in (kind, *wires, rate_key):
            problems.add(f"{where}.{name}", f"is not of {kind}: allowed is {{ {example} }}")
    pins = {wire: values[wire] for wire in wires if values[wire] is not None}
    for wire in _NEEDED[kind]:
        if wire not in pins:
            problems.add(f"{where}.{wire}", f"is missing; {kind} needs its pin")
    return Bus(kind, values[kind], pins, values[rate_key] or rate)
