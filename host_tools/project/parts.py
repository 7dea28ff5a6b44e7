"""A project: the board, and what is wired to it, with every default filled in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.boards import BoardDefinition, Pin
from host_tools.project.driver_facts import DriverFacts, Limits
from host_tools.project.tables.data import DataTable
from host_tools.project.tables.model import ModelTable
from host_tools.project.tables.train import TrainTable

# The sensor that a virtual board has where a project names none: it plays recordings.
RECORDING = "recording"


@dataclass(frozen=True)
class Bus:
    """A bus of the chip, and the wires that it has."""

    kind: str  # "i2c", "spi" or "uart"
    number: int
    # Such as {"sda": 4, "scl": 5}.
    pins: dict[str, Pin]
    # Clock in Hz, or bits per second.
    rate: int


@dataclass(frozen=True)
class Channel:
    """A channel of a sensor as the rig has it: value = the driver's value * factor + offset."""

    name: str
    unit: str
    limits: Limits
    # The driver's number of this channel.
    index: int
    factor: float
    offset: float


@dataclass(frozen=True)
class RigSensor:
    """A sensor as rivulet.toml wires it."""

    name: str
    driver: DriverFacts
    bus: Bus | None
    pins: dict[str, Pin]
    # Every setting of the driver.
    settings: dict[str, Any]
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class RigActuator:
    """An actuator as rivulet.toml wires it."""

    name: str
    driver: DriverFacts
    bus: Bus | None
    pins: dict[str, Pin]
    settings: dict[str, Any]
    # "class", "y0", "y1", ..., or the name of a class, whose score it gets.
    source: str
    # The channel of [train] target that the output `source` stands for, "" if none is named.
    target: str
    table: dict[str, float] | None
    limits: Limits
    slew_per_s: float
    safe: float


@dataclass(frozen=True)
class Project:
    """What a person's machine consists of."""

    # rivulet.toml, or a board's default.toml.
    file: Path
    # The name that the board tells of its rig.
    name: str
    board: BoardDefinition
    sensors: dict[str, RigSensor]
    actuators: dict[str, RigActuator]
    # The model that the file names, whether it is there or not; without a name the one that
    # 'rivulet train' wrote: the int8 one where there is one. None if there is neither.
    model: Path | None
    # What is learnt, from what.
    data: DataTable
    network: ModelTable
    train: TrainTable
    # The plant that `rivulet hil` simulates, None if the file names none.
    plant: str | None
    # What [policy] says, as a model file says it; {} if it says nothing.
    policy: dict[str, Any]

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def build(self) -> Path:
        """Where the project's results go: models, metrics, the report."""
        return self.folder / "build"

    @property
    def parts(self) -> list[RigSensor | RigActuator]:
        """Sensors, then actuators, in the order of the file."""
        return [*self.sensors.values(), *self.actuators.values()]
