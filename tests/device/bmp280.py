"""BMP280, Bosch: air pressure and temperature over I2C, read by a timer.

The example of docs/drivers.md: written by following it, from the data sheet, for a chip that
nobody here has. The chip measures by itself, one sample after the other; it has no interrupt pin.
"""

import errno
import struct

from rivulet.compat import const
from rivulet.sensing.triggers import every

KIND = "sensor"
CHANNELS = ("temperature", "pressure")
UNITS = ("degC", "Pa")
LIMITS = ((-40.0, 85.0), (30000.0, 110000.0))
TRIGGER = "timer"
BUS = "i2c"
PINS = {}
SETTINGS = {"address": (0x76, (0x76, 0x77)), "rate_hz": (10, 1, 25)}

_CALIBRATION = const(0x88)  # three words for the temperature, nine for the pressure
_ID = const(0xD0)
_STATUS = const(0xF3)
_CONTROL = const(0xF4)
_CONFIG = const(0xF5)
_DATA = const(0xF7)  # pressure, then temperature: 20 bits each, the upper first

_CHIP_ID = const(0x58)
_COPYING = const(0x01)  # in _STATUS: the calibration is not there yet
# Temperature once and pressure four times a sample, which take up to 13.3 ms together, without
# end; 0.5 ms between two samples and no filter.
_MEASURE = const(0x2F)
_NO_PAUSE = const(0x00)


class Driver:
    def __init__(self, bus, pins, address, rate_hz):
        self._bus = bus
        self._address = address
        self._rate_hz = rate_hz
        self._data = bytearray(6)
        self._timer = None
        self.interval_us = 1000000 // rate_hz

    def start(self, handler):
        """Set the chip up; `handler` is called `rate_hz` times a second. Raises OSError."""
        self.stop()
        bus, address = self._bus, self._address
        chip_id = bus.readfrom_mem(address, _ID, 1)[0]
        if chip_id != _CHIP_ID:
            raise OSError(errno.ENODEV, "no BMP280: its id is 0x%02x" % chip_id)
        if bus.readfrom_mem(address, _STATUS, 1)[0] & _COPYING:
            raise OSError(errno.EAGAIN, "the chip has just been switched on")
        words = struct.unpack("<HhhHhhhhhhhh", bus.readfrom_mem(address, _CALIBRATION, 24))
        self._for_temperature, self._for_pressure = words[:3], words[3:]
        bus.writeto_mem(address, _CONFIG, bytes((_NO_PAUSE,)))
        bus.writeto_mem(address, _CONTROL, bytes((_MEASURE,)))
        self._timer = every(self._rate_hz, handler)

    def read(self, out):
        """Write temperature (degC) and pressure (Pa) into `out`; raises OSError."""
        data = self._data
        self._bus.readfrom_mem_into(self._address, _DATA, data)
        warmth = self._warmth(data[3] << 12 | data[4] << 4 | data[5] >> 4)
        out[0] = warmth / 5120
        out[1] = self._pressure(data[0] << 12 | data[1] << 4 | data[2] >> 4, warmth)

    def stop(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None

    def _warmth(self, count):
        """Return the temperature in 1/5120 degC (data sheet, 3.11.3)."""
        t1, t2, t3 = self._for_temperature
        # The difference first: floats of 32 bits keep it, and lose it after a division.
        above = count - t1 * 16
        return above * t2 / 16384 + (above / 131072) ** 2 * t3

    def _pressure(self, count, warmth):
        """Return the pressure in Pa (data sheet, 3.11.3)."""
        p1, p2, p3, p4, p5, p6, p7, p8, p9 = self._for_pressure
        away = warmth / 2 - 64000
        offset = (away * away * p6 / 32768 + away * p5 * 2) / 4 + p4 * 65536
        gain = (1 + (p3 * away * away / 524288 + p2 * away) / 524288 / 32768) * p1
        if gain == 0:
            return 0.0  # a chip without its calibration
        pressure = (1048576 - count - offset / 4096) * 6250 / gain
        curve = p9 * pressure * pressure / 2147483648 + pressure * p8 / 32768
        return pressure + (curve + p7) / 16
