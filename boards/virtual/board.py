"""The virtual board: one MPU-6050 for each that the simulated bus answers for."""

import machine
import virtual_world

from drivers.mpu6050 import MPU6050

NAME = "virtual"

# (address, interrupt pin, prefix of the channel names)
_SENSORS = ((0x68, 15, ""), (0x69, 14, "second_"))

_led = machine.Pin(25, machine.Pin.OUT, value=0)

# The simulated world keeps the time, so that it can run faster than the real one.
ticks_us = virtual_world.ticks_us
ticks_ms = virtual_world.ticks_ms
idle = virtual_world.idle
stop_watchdog = virtual_world.stop_watchdog

_WATCHDOG_MS = 8388


def make_sensors():
    """The sensors' drivers; the loop starts each, and numbers them in this order."""
    i2c = machine.I2C(0, sda=machine.Pin(4), scl=machine.Pin(5), freq=400_000)
    present = i2c.scan()
    return [
        MPU6050(i2c, machine.Pin(pin), address, prefix=prefix)
        for address, pin, prefix in _SENSORS
        if address in present
    ]


def reset_cause():
    """Why the board started, in a word or two; "" if only MicroPython did."""
    return virtual_world.reset_cause


def start_watchdog():
    """From now on the board is reset unless the function returned is called in time."""
    return machine.WDT(timeout=_WATCHDOG_MS).feed


def actuate(action):
    """The LED is on for every class but the first, and off where none is decided."""
    _led.value(1 if action.decision > 0 else 0)
