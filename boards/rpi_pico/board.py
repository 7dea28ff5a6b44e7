"""Raspberry Pi Pico: an MPU-6050 on I2C0 and the LED as the actuator."""

import time

import machine
from micropython import const

from drivers.mpu6050 import MPU6050

NAME = "rpi_pico"

_SDA_GPIO = const(4)
_SCL_GPIO = const(5)
_BUS_HZ = const(400_000)
_INTERRUPT_GPIO = const(15)
_LED_GPIO = const(25)
_IDLE_MS = const(1)

_led = machine.Pin(_LED_GPIO, machine.Pin.OUT, value=0)

# On rp2 both wrap at 2**30 by themselves.
ticks_us = time.ticks_us
ticks_ms = time.ticks_ms


def start_sensors(ring):
    """Build the sensors and let their interrupts write to the ring."""
    i2c = machine.I2C(0, sda=machine.Pin(_SDA_GPIO), scl=machine.Pin(_SCL_GPIO), freq=_BUS_HZ)
    sensor = MPU6050(i2c, machine.Pin(_INTERRUPT_GPIO, machine.Pin.IN))
    # Looked up here, once: the interrupt has no time to spare.
    push = ring.push
    now = ticks_us

    def data_ready(pin):
        push(now(), 0)

    sensor.start(data_ready)
    return [sensor]


def idle():
    """Rest; interrupts are served meanwhile, and their stamps are exact.

    Milliseconds, because rp2 waits for microseconds by spinning.
    """
    time.sleep_ms(_IDLE_MS)


def actuate(decision, outputs):
    """The LED is on for every decision but class 0 and "none yet" (-1)."""
    _led.value(1 if decision > 0 else 0)
