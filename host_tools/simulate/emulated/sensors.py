"""The sensors that are wired to an emulated Pico and play a stimulus."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_tools.simulate.emulated.i2c import Bus
from host_tools.simulate.emulated.words import Words
from host_tools.simulate.stimulus import BUS_FAILS, Stimulus
from host_tools.simulate.wiring import PLAYER, Device, Wiring, chip_model

# What the emulator's process says of the stimulus.
STIMULUS_START = "stimulus-start"
STIMULUS_END = "stimulus-end"

_PULSE_NS = 50_000
_TIMER_HIGH = 0x40054024
_TIMER_LOW = 0x40054028
# The chip has nothing in these 4 KiB.
_PLAYERS_AT = 0x40068000

Say = Callable[..., None]


def attach(mcu: Any, wiring: Wiring, stimulus: Path | None, say: Say) -> Words:
    """Wire the sensors to the emulated chip; they play `stimulus` when a driver starts one.

    Returns the words of its address space that stand for what is not simulated.
    """
    playback = Playback(mcu, wiring, stimulus, say)
    for number, controller in enumerate(mcu.i2c):
        Bus(controller, mcu.clock, [one for one in playback.sensors if one.device.bus == number])
    players = [one for one in playback.sensors if one.device.bus is None]
    words = Words(_PLAYERS_AT, players)
    mcu.peripherals[_PLAYERS_AT >> 12] = words
    return words


class Sensor:
    """A simulated sensor and the pin that it pulses."""

    def __init__(self, mcu: Any, device: Device, changed: Callable[["Sensor"], None]) -> None:
        self.device = device
        model = chip_model(device.chip)
        self.chip: Any = model.Chip(device.channels) if device.chip == PLAYER else model.Chip()
        self.space: int = model.SPACE if device.chip == PLAYER else 0
        self.failing = False  # it answers nothing until the next sample
        self.armed = False  # as of the last look
        self._changed = changed
        self._pin = None
        if device.event is not None:
            self._pin = mcu.gpio[device.event]
            self._pin.set_input_value(False)
        self._high = False
        self._fall = mcu.clock.create_alarm(self._lower)

    def written(self) -> None:
        """A driver wrote to the chip."""
        self._changed(self)

    def play(self, failing: bool, values: list[float]) -> None:
        """A sample reaches the chip, and that pulses the pin."""
        self.failing = failing
        self.chip.load(values)
        if self.chip.armed and self._pin is not None:
            self._lower()
            self._high = True
            self._pin.set_input_value(True)
            self._fall.schedule(_PULSE_NS)

    def _lower(self) -> None:
        # Only when it is high: the emulator takes every call for a falling edge.
        if self._high and self._pin is not None:
            self._high = False
            self._pin.set_input_value(False)


class Playback:
    """Gives each record to its sensor at its time."""

    def __init__(self, mcu: Any, wiring: Wiring, stimulus: Path | None, say: Say) -> None:
        self.sensors = [Sensor(mcu, device, self._changed) for device in wiring.devices]
        self._records: Any = ()
        self._players: list[Sensor | None] = []  # by the number of the source
        if stimulus is not None:
            made = Stimulus.read(stimulus)
            by_name = {one.device.name: one for one in self.sensors}
            self._players = [by_name.get(source.name) for source in made.sources]
            self._records = made.records
        self._starter: Sensor | None = None
        self._say = say
        self._mcu = mcu
        self._clock = mcu.clock
        self._edge = mcu.clock.create_alarm(self._deliver)
        self._next = 0
        self._origin_ns = 0.0

    def _changed(self, sensor: Sensor) -> None:
        """The first sensor whose driver starts it starts the stimulus, and starts it afresh when
        its driver starts it again."""
        armed = bool(sensor.chip.armed)
        if armed and not sensor.armed and self._starter in (None, sensor) and len(self._records):
            self._starter = sensor
            self._origin_ns = self._clock.nanos
            self._next = 0
            high, low = (self._mcu.read_uint32(timer) for timer in (_TIMER_HIGH, _TIMER_LOW))
            self._say(STIMULUS_START, high << 32 | low)
            self._schedule()
        sensor.armed = armed

    def _schedule(self) -> None:
        due_ns = self._origin_ns + int(self._records[self._next]["t_us"]) * 1000
        self._edge.schedule(max(due_ns - self._clock.nanos, 0))

    def _deliver(self) -> None:
        record = self._records[self._next]
        sensor = self._players[record["source"]]
        if sensor is not None:
            sensor.play(bool(record["flags"] & BUS_FAILS), record["values"].tolist())
        self._next += 1
        if self._next < len(self._records):
            self._schedule()
        else:
            self._say(STIMULUS_END)
