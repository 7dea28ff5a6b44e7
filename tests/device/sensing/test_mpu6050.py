"""The MPU-6050 driver against a bus that notes what it is asked."""

import sys
from math import ceil, floor

from drivers import mpu6050

_SMPLRT_DIV = 0x19
_CONFIG = 0x1A
_GYRO_CONFIG = 0x1B
_ACCEL_CONFIG = 0x1C
_INT_PIN_CFG = 0x37
_INT_ENABLE = 0x38
_DATA = 0x3B
_PWR_MGMT_1 = 0x6B
_WHO_AM_I = 0x75


class Bus:
    def __init__(self, address=0x68, chip_id=0x68):
        self.address = address
        self.registers = bytearray(128)
        self.registers[_PWR_MGMT_1] = 0x40  # asleep, as after power-on
        self.registers[_WHO_AM_I] = chip_id
        self.reads = []
        self.broken = False

    def _check(self, address):
        if self.broken or address != self.address:
            raise OSError(5)

    def writeto_mem(self, address, register, data):
        self._check(address)
        self.registers[register : register + len(data)] = data

    def readfrom_mem(self, address, register, count):
        data = bytearray(count)
        self.readfrom_mem_into(address, register, data)
        return bytes(data)

    def readfrom_mem_into(self, address, register, buffer):
        self._check(address)
        self.reads.append((register, len(buffer)))
        buffer[:] = self.registers[register : register + len(buffer)]


class Pin:
    """machine.Pin; handlers: by GPIO."""

    IN = 0
    IRQ_RISING = 8
    handlers = {}

    def __init__(self, gpio, mode):
        self._gpio = gpio

    def irq(self, handler, trigger=IRQ_RISING, hard=False):
        assert trigger == self.IRQ_RISING and hard is (handler is not None)
        self.handlers[self._gpio] = handler


class Machine:
    Pin = Pin


def _made(bus, rate_hz=10, address=0x68):
    return mpu6050.Driver(bus, {"interrupt": 15}, rate_hz=rate_hz, address=address)


def _start(sensor, handler=None):
    kept = sys.modules.get("machine")
    sys.modules["machine"] = Machine
    try:
        sensor.start(handler or (lambda pin: None))
    finally:
        sys.modules.pop("machine")
        if kept is not None:
            sys.modules["machine"] = kept
    return sensor


def _started(bus, **settings):
    return _start(_made(bus, **settings))


def _close(a, b):
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b), 1)


def test_setup_wakes_the_chip_and_sets_ranges_and_rate():
    bus = Bus()
    _started(bus)
    assert bus.registers[_PWR_MGMT_1] & 0x40 == 0
    assert bus.registers[_ACCEL_CONFIG] == 0x18
    assert bus.registers[_GYRO_CONFIG] == 0x18
    assert bus.registers[_SMPLRT_DIV] == 99  # 1 kHz / 100 = 10 Hz
    assert bus.registers[_CONFIG] == 6  # 5 Hz, half the sample rate
    assert bus.registers[_INT_PIN_CFG] == 0


def test_rate_chooses_divider_and_filter():
    for rate_hz, divider, dlpf in ((1000, 0, 1), (200, 4, 2), (50, 19, 4), (4, 249, 6)):
        bus = Bus()
        _started(bus, rate_hz=rate_hz)
        assert (bus.registers[_SMPLRT_DIV], bus.registers[_CONFIG]) == (divider, dlpf), rate_hz


def test_another_chip_is_refused():
    try:
        _started(Bus(chip_id=0x98))
    except OSError as error:
        assert "0x98" in str(error)
    else:
        raise AssertionError("the wrong chip was taken")


def test_an_absent_chip_is_refused_and_may_come_later():
    bus = Bus(address=0x69)
    sensor = _made(bus)
    try:
        _start(sensor)
    except OSError:
        assert sensor.interval_us == 100000
        sensor.stop()
        bus.address = 0x68
        _start(sensor)
        assert bus.registers[_INT_ENABLE] == 1
        return
    raise AssertionError("nothing was taken for a chip")


def test_start_arms_pin_and_chip_and_stop_disarms_them():
    bus = Bus(address=0x69)

    def handler(pin):
        pass

    sensor = _start(_made(bus, address=0x69), handler)
    assert Pin.handlers[15] is not None
    assert bus.registers[_INT_ENABLE] == 1
    sensor.stop()
    assert Pin.handlers[15] is None
    assert bus.registers[_INT_ENABLE] == 0


def test_read_is_one_burst_in_physical_units():
    bus = Bus()
    sensor = _made(bus)
    # 1 g, -1 g, the lowest value; temperature; 1000 deg/s, -1 count, 0
    bus.registers[_DATA : _DATA + 14] = bytes(
        (0x08, 0x00, 0xF8, 0x00, 0x80, 0x00, 0x12, 0x34, 0x40, 0x10, 0xFF, 0xFF, 0x00, 0x00)
    )
    bus.reads.clear()
    out = [0.0] * 6
    sensor.read(out)
    assert bus.reads == [(_DATA, 14)]
    expected = (9.80665, -9.80665, -156.9064, 17.453292519943, -0.00106422515, 0.0)
    assert all(map(_close, out, expected)), out


def test_a_bus_fault_comes_up_and_goes_away():
    bus = Bus()
    sensor = _made(bus)
    out = [7.0] * 6
    bus.broken = True
    try:
        sensor.read(out)
    except OSError:
        assert out == [7.0] * 6
    else:
        raise AssertionError("the fault was not told")
    bus.broken = False
    sensor.read(out)
    assert out == [0.0] * 6


def test_limits_are_those_of_the_counts_that_mean_something():
    assert len(mpu6050.CHANNELS) == len(mpu6050.UNITS) == len(mpu6050.LIMITS) == 6
    for scale, (low, high) in zip(mpu6050.Driver.scales, mpu6050.LIMITS):
        assert (ceil(low / scale), floor(high / scale)) == (-32767, 32766)
