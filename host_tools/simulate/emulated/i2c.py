"""Simulated chips as targets of an emulated I2C controller, taking the time that the bus takes."""

from collections.abc import Callable
from typing import Any

# A burst delivers one sample whole, even if the next one comes in the middle of it.
_BURST_BYTES = 14
_BITS_PER_BYTE = 9  # eight and the acknowledgement
_CYCLE_NS = 8
_TX_EMPTY = 1 << 4


class Bus:
    """The chips of `sensors`, by their addresses."""

    def __init__(self, controller: Any, clock: Any, sensors: list[Any]) -> None:
        self._controller = controller
        self._sensors = {sensor.device.address: sensor for sensor in sensors}
        self._alarm = clock.create_alarm(self._complete)
        self._completion: Callable[[], None] = controller.complete_start
        self._sensor: Any = None  # that the controller talks to
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
        self._sensor = self._sensors.get(address)
        acknowledged = self._sensor is not None and not self._sensor.failing
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
            self._sensor.chip.write(self._register, bytes((value,)))
            self._register += 1
            self._sensor.written()
        self._after(_BITS_PER_BYTE, lambda: self._controller.complete_write(True))

    def _read(self, acknowledged: bool) -> None:
        if not self._burst:
            self._burst = self._sensor.chip.read(self._register, _BURST_BYTES)
        value, self._burst = self._burst[0], self._burst[1:]
        self._register += 1
        self._after(_BITS_PER_BYTE, lambda: self._controller.complete_read(value))
