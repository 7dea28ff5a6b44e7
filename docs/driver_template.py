"""CHIP, MAKER: what it measures, over which bus, and what makes an event.

Copy this file to drivers/NAME.py in your project. The chip here is made up: on I2C, with an
interrupt pin that rises when a sample is ready. docs/drivers.md has the other kinds.
"""

import errno

from machine import Pin

from rivulet.compat import const
from rivulet.sensing.triggers import off, on_edge

# Literals: the host reads them without running the file.
KIND = "sensor"
CHANNELS = ("temperature", "pressure")
UNITS = ("degC", "Pa")
# The lowest and highest value that can be true, by channel. None: nobody knows.
LIMITS = ((-40.0, 85.0), (30000.0, 110000.0))
TRIGGER = "interrupt"
BUS = "i2c"
PINS = {"interrupt": "in"}
SETTINGS = {"address": (0x5C, 8, 119), "rate_hz": (25, (1, 10, 25))}

# From the data sheet.
_ID = const(0x0F)
_CONTROL = const(0x20)
_DATA = const(0x28)  # temperature, then pressure: two little-endian words
_CHIP_ID = const(0xB4)
_RATES = {1: 0x10, 10: 0x20, 25: 0x30}

_KELVIN_PER_COUNT = 0.01
_PASCAL_PER_COUNT = 2.0


class Driver:
    def __init__(self, bus, pins, address, rate_hz):
        """Keep what start() needs. No bus and no pin is used here."""
        self._bus = bus
        self._gpio = pins["interrupt"]
        self._address = address
        self._rate = _RATES[rate_hz]
        self._data = bytearray(4)
        self._pin = None
        # Ten samples missed: the sensor is missing. Leave it out if samples come at any time.
        self.interval_us = 1000000 // rate_hz

    def start(self, handler):
        """Set the chip up; `handler` is called in the interrupt once a sample.

        Raises OSError if the chip does not answer. The board tries again every few seconds.
        """
        chip_id = self._bus.readfrom_mem(self._address, _ID, 1)[0]
        if chip_id != _CHIP_ID:
            raise OSError(errno.ENODEV, "another chip: its id is 0x%02x" % chip_id)
        self._pin = Pin(self._gpio, Pin.IN)
        on_edge(self._pin, handler)
        # Last: from now on there are samples.
        self._bus.writeto_mem(self._address, _CONTROL, bytes((self._rate,)))

    def read(self, out):
        """Write the newest sample into `out`; raises OSError when the bus fails."""
        data = self._data
        self._bus.readfrom_mem_into(self._address, _DATA, data)
        count = data[1] << 8 | data[0]
        # A signed word: 0x8000 and up are negative.
        out[0] = (count - 0x10000 if count & 0x8000 else count) * _KELVIN_PER_COUNT
        out[1] = (data[3] << 8 | data[2]) * _PASCAL_PER_COUNT

    def stop(self):
        """Leave no interrupt behind. May be called before start() and twice."""
        if self._pin is not None:
            off(self._pin)
