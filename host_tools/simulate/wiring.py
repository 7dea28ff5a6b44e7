"""What is wired to a simulated board: the sensors that play a stimulus, the outputs that are told.

The file that a virtual board and an emulated Pico read is JSON:

    {"devices": [{"name", "chip", "channels", "bus", "address", "event"}, ...],
     "outputs": [{"name", "gpio"}, ...]}

`chip` is a module of boards/virtual/hardware/chips. A device plays the stimulus's source of its
name and pulses the pin `event` at every sample.
"""

import importlib.util
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from host_tools.paths import BOARDS

_CHIPS = BOARDS / "virtual" / "hardware" / "chips"
# The chip that stands in for every sensor without a chip model.
PLAYER = "player"


@dataclass(frozen=True)
class Device:
    """A simulated sensor."""

    name: str
    chip: str
    # How many values a sample has.
    channels: int
    # The number of its I2C bus. None: it is memory-mapped, a player.
    bus: int | None
    # On the bus, or in the address space.
    address: int
    # The pin that it pulses; None: it pulses none.
    event: int | str | None


@dataclass(frozen=True)
class Output:
    """A pin that an actuator is wired to, or the address of the word that holds its value."""

    name: str
    gpio: int | str


@dataclass(frozen=True)
class Wiring:
    """All that is wired to a board."""

    devices: tuple[Device, ...] = ()
    outputs: tuple[Output, ...] = ()

    def output_at(self, pin: str) -> str:
        """Return the name of what is wired to an output pin, which a board has told of."""
        return next(output.name for output in self.outputs if str(output.gpio) == pin)

    def write(self, path: Path) -> None:
        """Write it in the form that the boards read."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read(path: Path) -> Wiring:
    """Return the wiring that `write` wrote."""
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Wiring(
        tuple(Device(**device) for device in facts["devices"]),
        tuple(Output(**output) for output in facts["outputs"]),
    )


def has_model(driver: str) -> bool:
    """Whether there is a chip model for the driver of this name."""
    return driver != PLAYER and (_CHIPS / f"{driver}.py").is_file()


def chip_model(name: str) -> ModuleType:
    """Return a module of boards/virtual/hardware/chips, run on this interpreter."""
    spec = importlib.util.spec_from_file_location(f"chips_{name}", _CHIPS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
