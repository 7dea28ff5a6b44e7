"""The virtual board's `machine`: pins and an I2C bus that lead to the simulated world."""

import errno
import time

import virtual_world
from micropython import const

_UNIQUE_ID = b"RVIRTUAL"
_FREQUENCY_HZ = const(125_000_000)

PWRON_RESET = 1
WDT_RESET = 3


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    _levels = {}  # levels belong to the pin, not to the object that names it

    def __init__(self, id, mode=IN, pull=None, *, value=None):
        self._id = id
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return self._levels.get(self._id, 0)
        self._levels[self._id] = 1 if level else 0

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING, hard=False):
        if handler is None:
            virtual_world.interrupts.pop(self._id, None)
        else:
            virtual_world.interrupts[self._id] = (handler, self)

    def __repr__(self):
        return "Pin(GPIO%d)" % self._id


class I2C:
    def __init__(self, id=0, *, scl=None, sda=None, freq=400_000, timeout=50_000):
        self._id = id
        self._register = {}  # address -> the register a plain read starts from

    def scan(self):
        return [sensor.address for sensor in virtual_world.sensors if not sensor.failing]

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        return self._device(addr).chip.read(memaddr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self._device(addr).chip.read(memaddr, len(buf))

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        sensor = self._device(addr)
        sensor.chip.write(memaddr, buf)
        virtual_world.start_if_armed(sensor)

    def readfrom(self, addr, nbytes, stop=True):
        sensor = self._device(addr)
        return sensor.chip.read(self._register.get(addr, 0), nbytes)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self.readfrom(addr, len(buf))

    def writeto(self, addr, buf, stop=True):
        self._device(addr)
        if len(buf) > 0:
            self._register[addr] = buf[0]
        if len(buf) > 1:
            self.writeto_mem(addr, buf[0], buf[1:])
        return len(buf)

    def _device(self, address):
        virtual_world.pump()
        sensor = virtual_world.sensor_at(address)
        if sensor is None:
            raise OSError(errno.ENODEV)
        if sensor.failing:
            raise OSError(errno.EIO)
        return sensor


SoftI2C = I2C


class WDT:
    """The supervisor keeps the time and kills the interpreter, whatever that is doing."""

    def __init__(self, id=0, timeout=5000):
        # Feeding is told no more often than this, so it may bite up to a quarter early.
        self._interval_ms = timeout // 4
        self._told_ms = time.ticks_ms()
        virtual_world.event("watchdog %d" % timeout)

    def feed(self):
        now = time.ticks_ms()
        if time.ticks_diff(now, self._told_ms) >= self._interval_ms:
            self._told_ms = now
            virtual_world.event("fed")


def reset_cause():
    # As on rp2, which knows no other two.
    return WDT_RESET if virtual_world.reset_cause in ("watchdog", "software") else PWRON_RESET


def reset():
    """Start again as after power-on, main.py included."""
    virtual_world.restart("hard")


def soft_reset():
    raise SystemExit


def unique_id():
    return _UNIQUE_ID


def freq():
    return _FREQUENCY_HZ


def idle():
    virtual_world.idle()
