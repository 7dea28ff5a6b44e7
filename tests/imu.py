"""The simulated MPU-6050 and its driver, without a board between them."""

import sys
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from drivers.mpu6050 import Driver
from host_tools.simulate.wiring import chip_model


class Bus:
    """I2C with the chip that both simulated boards use."""

    def __init__(self) -> None:
        self.chip = chip_model("mpu6050").Chip()

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        self.chip.write(register, data)

    def readfrom_mem(self, address: int, register: int, count: int) -> bytes:
        return bytes(self.chip.read(register, count))

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        buffer[:] = self.chip.read(register, len(buffer))


class Pin:
    IN, IRQ_RISING = 0, 8

    def __init__(self, gpio: int, mode: int) -> None:
        pass

    def irq(self, handler: object, trigger: int, hard: bool) -> None:
        pass


def started() -> tuple[Bus, Driver]:
    """A chip and the driver that has set it up."""
    bus = Bus()
    driver = Driver(bus, {"interrupt": 15}, rate_hz=10, address=0x68)
    with patch.dict(sys.modules, machine=SimpleNamespace(Pin=Pin)):
        driver.start(lambda pin: None)
    return bus, driver


def as_read(values: np.ndarray) -> np.ndarray:
    """What the driver reads of samples in its units, shape (K, 6): whole counts of the chip."""
    bus, driver = started()
    found = np.zeros((len(values), 6))
    for sample, out in zip(values, found, strict=True):
        bus.chip.load(sample.tolist())
        driver.read(out)
    return found
