"""The registers of a simulated MPU-6050: runs on MicroPython and CPython alike.

A sample comes in as m/s^2 and rad/s. It is stored at the range that the driver has chosen and
saturates as the chip does, so a driver that sets or assumes a wrong range is found out.
"""

import struct

try:
    from micropython import const
except ImportError:

    def const(value):
        return value


_SMPLRT_DIV = const(0x19)
_CONFIG = const(0x1A)
_GYRO_CONFIG = const(0x1B)
_ACCEL_CONFIG = const(0x1C)
_INT_PIN_CFG = const(0x37)
_INT_ENABLE = const(0x38)
_INT_STATUS = const(0x3A)
_DATA = const(0x3B)  # accelerometer, temperature, gyroscope: seven big-endian words
_PWR_MGMT_1 = const(0x6B)
_PWR_MGMT_2 = const(0x6C)
_WHO_AM_I = const(0x75)

_WRITABLE = (
    _SMPLRT_DIV,
    _CONFIG,
    _GYRO_CONFIG,
    _ACCEL_CONFIG,
    _INT_PIN_CFG,
    _INT_ENABLE,
    _PWR_MGMT_1,
    _PWR_MGMT_2,
)
_DATA_READY = const(0x01)
_SLEEP = const(0x40)
_DEVICE_RESET = const(0x80)
_TEMPERATURE = const(-3920)  # 25 degrees Celsius: raw / 340 + 36.53

# Counts a unit at the most sensitive ranges, 2 g and 250 deg/s (data sheet, 6.1 and 6.2).
_ACCEL_COUNTS = 16384 / 9.80665
_GYRO_COUNTS = 131.2 * 180 / 3.141592653589793


class Chip:
    """An MPU-6050 on the I2C bus."""

    # The driver's pin that the chip's interrupt output is wired to.
    EVENT = "interrupt"

    def __init__(self):
        self._registers = bytearray(128)
        self._reset()

    def _reset(self):
        for index in range(len(self._registers)):
            self._registers[index] = 0
        self._registers[_PWR_MGMT_1] = _SLEEP
        self._registers[_WHO_AM_I] = 0x68

    @property
    def armed(self):
        """Whether a new sample raises the interrupt pin."""
        registers = self._registers
        awake = not registers[_PWR_MGMT_1] & _SLEEP
        return bool(awake and registers[_INT_ENABLE] & _DATA_READY)

    def write(self, register, data):
        """A bus write: bytes for consecutive registers; read-only ones stay as they are."""
        for offset, value in enumerate(data):
            target = (register + offset) & 0x7F
            if target == _PWR_MGMT_1 and value & _DEVICE_RESET:
                self._reset()
            elif target in _WRITABLE:
                self._registers[target] = value

    def read(self, register, count):
        """A bus read of consecutive registers."""
        registers = self._registers
        data = bytes(registers[(register + offset) & 0x7F] for offset in range(count))
        if register <= _INT_STATUS < register + count:
            registers[_INT_STATUS] = 0  # cleared by reading it
        return data

    def load(self, values):
        """A new sample: accelerometer x y z in m/s^2, gyroscope x y z in rad/s."""
        registers = self._registers
        if registers[_PWR_MGMT_1] & _SLEEP:
            return
        accel = _ACCEL_COUNTS / (1 << (registers[_ACCEL_CONFIG] >> 3 & 3))
        gyro = _GYRO_COUNTS / (1 << (registers[_GYRO_CONFIG] >> 3 & 3))
        words = [_word(values[i] * accel) for i in range(3)]
        words.append(_TEMPERATURE)
        words.extend([_word(values[i] * gyro) for i in range(3, 6)])
        struct.pack_into(">7h", registers, _DATA, *words)
        registers[_INT_STATUS] |= _DATA_READY


def _word(counts):
    return max(-32768, min(32767, round(counts)))
