"""The simulated MPU-6050 and its driver, without a board between them."""

import numpy as np

from drivers.mpu6050 import MPU6050
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
    IRQ_RISING = 8

    def irq(self, handler: object, trigger: int, hard: bool) -> None:
        pass


def started() -> tuple[Bus, MPU6050]:
    """A chip and the driver that has set it up."""
    bus = Bus()
    sensor = MPU6050(bus, Pin())
    sensor.start(lambda pin: None)
    return bus, sensor


def as_read(values: np.ndarray) -> np.ndarray:
    """What the driver reads of samples in its units, shape (K, 6): whole counts of the chip."""
    bus, sensor = started()
    found = np.zeros((len(values), 6))
    for sample, out in zip(values, found, strict=True):
        bus.chip.load(sample.tolist())
        sensor.read(out)
    return found
