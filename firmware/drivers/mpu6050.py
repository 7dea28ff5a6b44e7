"""InvenSense MPU-6050: accelerometer and gyroscope over I2C, with its data-ready interrupt."""

import errno
from array import array

from rivulet.compat import const
from rivulet.sensing.triggers import off, on_edge
from rivulet.sensing.words import decode

KIND = "sensor"
CHANNELS = ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")
UNITS = ("m/s^2", "m/s^2", "m/s^2", "rad/s", "rad/s", "rad/s")
# Half a count within full scale: what a full count stands for may be anything beyond it.
LIMITS = (
    (-156.904006, 156.899217),
    (-156.904006, 156.899217),
    (-156.904006, 156.899217),
    (-34.871998, 34.870933),
    (-34.871998, 34.870933),
    (-34.871998, 34.870933),
)
TRIGGER = "interrupt"
BUS = "i2c"
PINS = {"interrupt": "in"}
SETTINGS = {"rate_hz": (10, 4, 1000), "address": (0x68, (0x68, 0x69))}

_SMPLRT_DIV = const(0x19)  # then CONFIG, GYRO_CONFIG, ACCEL_CONFIG
_INT_PIN_CFG = const(0x37)  # then INT_ENABLE
_INT_ENABLE = const(0x38)
_DATA = const(0x3B)  # accelerometer, temperature, gyroscope: seven big-endian words
_PWR_MGMT_1 = const(0x6B)
_WHO_AM_I = const(0x75)

_CHIP_ID = const(0x68)
_CLOCK_FROM_GYRO = const(0x01)  # steadier than the internal oscillator
_GYRO_2000_DPS = const(0x18)
_ACCEL_16_G = const(0x18)
_ACTIVE_HIGH_PULSE = const(0x00)
_DATA_READY = const(0x01)
_INTERNAL_RATE_HZ = const(1000)  # whenever the low-pass filter is on

# Where the channels are among the bytes from _DATA; the temperature stands between.
_PLACES = bytes((0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13))

# Bandwidths in Hz of DLPF_CFG 1, 2 ... 6. Bytes: a tuple takes a board four times the heap.
_FILTERS = bytes((184, 94, 44, 21, 10, 5))

_ACCEL_SCALE = 9.80665 / 2048  # m/s^2 per count
_GYRO_SCALE = 3.141592653589793 / 180 / 16.4  # rad/s per count


class Driver:
    # The accelerometer's own noise is ten counts: six channels cannot repeat for so long.
    stuck_after_ms = 2000
    # Units per count of `read_raw`.
    scales = (_ACCEL_SCALE, _ACCEL_SCALE, _ACCEL_SCALE, _GYRO_SCALE, _GYRO_SCALE, _GYRO_SCALE)

    def __init__(self, bus, pins, rate_hz, address):
        self._i2c = bus
        self._gpio = pins["interrupt"]
        self._pin = None
        self._address = address
        self._data = bytearray(14)
        self._counts = array("i", bytes(24))
        # What the sampling cannot represent is filtered away.
        self._dlpf = 1
        while self._dlpf < 6 and _FILTERS[self._dlpf - 1] * 2 > rate_hz:
            self._dlpf += 1
        self._divider = _INTERNAL_RATE_HZ // rate_hz - 1
        self.interval_us = (self._divider + 1) * 1000

    def start(self, handler):
        """Probe and set up the chip and enable its data-ready interrupt; raises OSError.

        `handler(pin)` must not allocate.
        """
        from machine import Pin

        i2c, address = self._i2c, self._address
        chip_id = i2c.readfrom_mem(address, _WHO_AM_I, 1)[0]
        if chip_id != _CHIP_ID:
            raise OSError(errno.ENODEV, "no MPU-6050: WHO_AM_I is 0x%02x" % chip_id)
        self._write(_PWR_MGMT_1, (_CLOCK_FROM_GYRO,))
        self._write(_SMPLRT_DIV, (self._divider, self._dlpf, _GYRO_2000_DPS, _ACCEL_16_G))
        # A pulse for each sample: a latched pin would stay high, and the next sample would raise
        # no edge, until somebody reads. Off until the pin has its handler.
        self._write(_INT_PIN_CFG, (_ACTIVE_HIGH_PULSE, 0))
        self._pin = Pin(self._gpio, Pin.IN)
        on_edge(self._pin, handler)
        self._write(_INT_ENABLE, (_DATA_READY,))

    def read(self, out):
        """The newest sample as six floats into `out`; raises OSError when the bus fails."""
        counts, scales = self._counts, self.scales
        self.read_raw(counts)
        for channel in range(6):
            out[channel] = counts[channel] * scales[channel]

    def read_raw(self, out):
        """The newest sample as six counts into `out`, allocating nothing; raises OSError."""
        data = self._data
        self._i2c.readfrom_mem_into(self._address, _DATA, data)
        decode(data, _PLACES, out)

    def stop(self):
        if self._pin is not None:
            off(self._pin)
            self._write(_INT_ENABLE, (0,))

    def _write(self, register, values):
        self._i2c.writeto_mem(self._address, register, bytes(values))
