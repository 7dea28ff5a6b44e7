"""The emulated Pico's MPU-6050: on I2C0, its interrupt on GPIO15, playing a stimulus."""

import importlib.util
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_tools.paths import BOARDS
from host_tools.simulate.stimulus import BUS_FAILS

# What the emulator's process says of the stimulus.
STIMULUS_START = "stimulus-start"
STIMULUS_END = "stimulus-end"

_REGISTERS = BOARDS / "virtual" / "hardware" / "mpu6050_registers.py"
_ADDRESS = 0x68
_INTERRUPT_GPIO = 15
_PULSE_NS = 50_000
# A burst delivers one sample whole, even if the next one comes in the middle of it.
_BURST_BYTES = 14
_BITS_PER_BYTE = 9  # eight and the acknowledgement
_CYCLE_NS = 8
_TX_EMPTY = 1 << 4
_HEADER_BYTES = 16
_RECORD = struct.Struct("<QBB6h2x")
_TIMER_HIGH = 0x40054024
_TIMER_LOW = 0x40054028

Say = Callable[..., None]


def attach(mcu: Any, stimulus: Path | None, say: Say) -> None:
    """Wire the sensor to the emulated chip; it plays `stimulus` when a driver starts it."""
    spec = importlib.util.spec_from_file_location("mpu6050_registers", _REGISTERS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data = stimulus.read_bytes()[_HEADER_BYTES:] if stimulus is not None else b""
    player = Player(mcu, module.MPU6050Registers(), list(_RECORD.iter_unpack(data)), say)
    Bus(mcu.i2c[0], mcu.clock, player)


class Player:
    """Loads each record into the chip's registers at its time, and pulses the interrupt."""

    def __init__(self, mcu: Any, chip: Any, records: list[tuple[int, ...]], say: Say) -> None:
        self.chip = chip
        self.failing = False  # the bus answers nothing until the next sample
        # Only one sensor is wired to this board.
        self._records = [record for record in records if record[1] == 0]
        self._say = say
        self._mcu = mcu
        self._clock = mcu.clock
        self._pin = mcu.gpio[_INTERRUPT_GPIO]
        self._pin.set_input_value(False)
        self._high = False
        self._edge = mcu.clock.create_alarm(self._deliver)
        self._fall = mcu.clock.create_alarm(self._lower)
        self._enabled = False
        self._next = 0
        self._origin_ns = 0.0

    def written(self) -> None:
        """A driver wrote a register: enabling the interrupt starts the stimulus afresh."""
        enabled = self.chip.data_ready_enabled
        if enabled and not self._enabled and self._records:
            self._origin_ns = self._clock.nanos
            self._next = 0
            high, low = (self._mcu.read_uint32(timer) for timer in (_TIMER_HIGH, _TIMER_LOW))
            self._say(STIMULUS_START, high << 32 | low)
            self._schedule()
        self._enabled = enabled

    def _schedule(self) -> None:
        due_ns = self._origin_ns + self._records[self._next][0] * 1000
        self._edge.schedule(max(due_ns - self._clock.nanos, 0))

    def _deliver(self) -> None:
        _, _, flags, *raw = self._records[self._next]
        self.failing = bool(flags & BUS_FAILS)
        self.chip.load(raw)
        if self.chip.data_ready_enabled:
            self._lower()
            self._high = True
            self._pin.set_input_value(True)
            self._fall.schedule(_PULSE_NS)
        self._next += 1
        if self._next < len(self._records):
            self._schedule()
        else:
            self._say(STIMULUS_END)

    def _lower(self) -> None:
        # Only when it is high: the emulator takes every call for a falling edge.
        if self._high:
            self._high = False
            self._pin.set_input_value(False)


class Bus:
    """The sensor as the target of an I2C controller, taking the time that the bus takes."""

    def __init__(self, controller: Any, clock: Any, player: Player) -> None:
        self._controller = controller
        self._player = player
        self._alarm = clock.create_alarm(self._complete)
        self._completion: Callable[[], None] = controller.complete_start
        self._register = 0
        self._register_follows = False
        self._burst = b""
        controller.on_start = lambda repeated: self._after(1, controller.complete_start)
        controller.on_connect = self._connect
        controller.on_write_byte = self._write
        controller.on_read_byte = self._read
        controller.on_stop = lambda: self._after(1, controller.complete_stop)

    def _after(self, bits: int, completion: Callable[[], None]) -> None:
        self._completion = completion
        cycles = self._controller.scl_low_period + self._controller.scl_high_period
        self._alarm.schedule(bits * cycles * _CYCLE_NS)

    def _complete(self) -> None:
        self._completion()

    def _connect(self, address: int, mode: int) -> None:
        acknowledged = address == _ADDRESS and not self._player.failing
        # A write begins with the register's number; a read goes on from there.
        self._register_follows = True
        self._burst = b""
        self._after(_BITS_PER_BYTE, self._acknowledge if acknowledged else self._refuse)

    def _acknowledge(self) -> None:
        self._controller.complete_connect(True)

    def _refuse(self) -> None:
        self._controller.complete_connect(False)
        # The chip also empties its queue then and says so; the emulator forgets to, and the
        # firmware would wait for it until its time-out.
        self._controller._set_interrupts(_TX_EMPTY)

    def _write(self, value: int) -> None:
        if self._register_follows:
            self._register = value
            self._register_follows = False
        else:
            self._player.chip.write(self._register, bytes((value,)))
            self._register += 1
            self._player.written()
        self._after(_BITS_PER_BYTE, lambda: self._controller.complete_write(True))

    def _read(self, acknowledged: bool) -> None:
        if not self._burst:
            self._burst = self._player.chip.read(self._register, _BURST_BYTES)
        value, self._burst = self._burst[0], self._burst[1:]
        self._register += 1
        self._after(_BITS_PER_BYTE, lambda: self._controller.complete_read(value))
