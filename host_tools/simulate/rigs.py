"""A project on a simulated board: which sensors have a chip model and which are played.

A sensor whose driver has a chip model keeps its driver, and the model answers it. Every other
sensor gets the driver on_device/drivers/virtual_player.py, which reads the same channels from
words in memory. Name, channels, units and limits stay as the rig has them. An actuator on a bus
gets the driver virtual_actuator.py, which writes its value to a word in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from host_tools.boards import Pin, load_board
from host_tools.errors import RivuletError
from host_tools.paths import ON_DEVICE
from host_tools.project import Project, RigActuator, RigSensor, load_default
from host_tools.simulate.stimulus import Source
from host_tools.simulate.wiring import PLAYER, Device, Output, Wiring, chip_model, has_model

PLAYER_DRIVER = "virtual_player"
PLAYER_FILE = ON_DEVICE / "drivers" / f"{PLAYER_DRIVER}.py"
# An address that no chip of the emulated Pico has; chips/player.py says how many bytes each takes.
PLAYERS_AT = 0x40068000
# Behind the players: the values of actuators on a bus.
_ACTUATORS_AT = PLAYERS_AT + 0x800
_ACTUATOR_FILE = ON_DEVICE / "drivers" / "virtual_actuator.py"


@dataclass(frozen=True)
class SimulatedRig:
    """What a simulated board gets: the project that is flashed, and what is wired to the board."""

    project: Project
    wiring: Wiring


def simulate(project: Project) -> SimulatedRig:
    """Return the project with its sensors played, and the wiring for that. Raises RivuletError."""
    free = _free_pins(project)
    space = chip_model(PLAYER).SPACE
    sensors: dict[str, RigSensor] = {}
    devices = []
    for sensor in project.sensors.values():
        driver = sensor.driver
        if has_model(driver.name) and sensor.bus is not None and sensor.bus.kind == "i2c":
            sensors[sensor.name] = sensor
            devices.append(_chip(sensor))
            continue
        event = next(free, None)
        if event is None:
            raise RivuletError(
                f"{project.file}: no pin of {project.board.name} is free to simulate the sensor "
                f"{sensor.name}"
            )
        count = len(source_of(sensor).channels)
        if 4 * (1 + count) > space:
            raise RivuletError(
                f"{project.file}: the sensor {sensor.name} has {count} channels, and a simulated "
                f"one has at most {space // 4 - 1}"
            )
        address = PLAYERS_AT + space * len(devices)
        devices.append(Device(sensor.name, PLAYER, count, None, address, event))
        facts = replace(driver, name=PLAYER_DRIVER, path=PLAYER_FILE, bus="", pins={})
        sensors[sensor.name] = replace(
            sensor,
            driver=facts,
            bus=None,
            pins={"event": event},
            settings={"address": address, "count": count},
        )
    actuators, outputs = _actuators(project)
    simulated = replace(project, sensors=sensors, actuators=actuators)
    return SimulatedRig(simulated, Wiring(tuple(devices), tuple(outputs)))


def _actuators(project: Project) -> tuple[dict[str, RigActuator], list[Output]]:
    """Return the actuators, and where the simulated board sees what they do."""
    actuators: dict[str, RigActuator] = {}
    outputs = []
    for number, actuator in enumerate(project.actuators.values()):
        actuators[actuator.name] = actuator
        if actuator.bus is None:
            outputs += [
                Output(
                    actuator.name if len(actuator.pins) == 1 else f"{actuator.name}.{name}", pin
                )
                for name, pin in actuator.pins.items()
            ]
            continue
        address = _ACTUATORS_AT + 4 * number
        outputs.append(Output(actuator.name, address))
        driver = replace(
            actuator.driver, name=_ACTUATOR_FILE.stem, path=_ACTUATOR_FILE, bus="", pins={}
        )
        actuators[actuator.name] = replace(
            actuator, driver=driver, bus=None, pins={}, settings={"address": address}
        )
    return actuators, outputs


def default_wiring(board: str) -> Wiring:
    """Return what is wired to a simulated board where nothing else is said: its default.toml."""
    return simulate(load_default(load_board(board))).wiring


def source_of(sensor: RigSensor) -> Source:
    """Return what plays a sensor: the channels of its driver, in the driver's units."""
    driver = sensor.driver
    if driver.channels:
        return Source(sensor.name, driver.channels, driver.units)
    # They are described in rivulet.toml, with the driver's unit among the settings.
    described = sensor.settings["channels"]
    return Source(
        sensor.name,
        tuple(each["name"] for each in described),
        tuple(each["unit"] for each in described),
    )


def _chip(sensor: RigSensor) -> Device:
    assert sensor.bus is not None
    event = sensor.pins.get(chip_model(sensor.driver.name).Chip.EVENT)
    return Device(
        sensor.name,
        sensor.driver.name,
        len(sensor.driver.channels),
        sensor.bus.number,
        sensor.settings["address"],
        event,
    )


def _free_pins(project: Project) -> Iterator[Pin]:
    """Return the pins that nothing in the project uses, the highest first."""
    used = {pin for part in project.parts for pin in part.pins.values()}
    used |= {pin for part in project.parts if part.bus for pin in part.bus.pins.values()}
    return iter([pin for pin in reversed(project.board.gpio) if pin not in used])
