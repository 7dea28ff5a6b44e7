"""The MPU-6050 driver against a bus that notes what it is asked."""

from drivers.mpu6050 import MPU6050

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
    IRQ_RISING = 8

    def __init__(self):
        self.handler = None

    def irq(self, handler, trigger, hard):
        assert trigger == self.IRQ_RISING and hard is True
        self.handler = handler


def _started(bus, pin=None, **settings):
    sensor = MPU6050(bus, pin or Pin(), **settings)
    sensor.start(lambda pin: None)
    return sensor


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
    for rate_hz in (3, 1001):
        try:
            MPU6050(Bus(), Pin(), rate_hz=rate_hz)
        except ValueError:
            continue
        raise AssertionError("%d Hz was taken" % rate_hz)


def test_another_chip_is_refused():
    try:
        _started(Bus(chip_id=0x98))
    except OSError as error:
        assert "0x98" in str(error)
    else:
        raise AssertionError("the wrong chip was taken")


def test_an_absent_chip_is_refused_and_still_has_its_channels():
    bus = Bus(address=0x69)
    sensor = MPU6050(bus, Pin())
    try:
        sensor.start(lambda pin: None)
    except OSError:
        assert len(sensor.channels) == 6 and sensor.interval_us == 100000
        return
    raise AssertionError("nothing was taken for a chip")


def test_start_arms_pin_and_chip():
    bus, pin = Bus(address=0x69), Pin()
    sensor = MPU6050(bus, pin, address=0x69)

    def handler(pin):
        pass

    sensor.start(handler)
    assert pin.handler is handler
    assert bus.registers[_INT_ENABLE] == 1


def test_read_is_one_burst_in_physical_units():
    bus = Bus()
    sensor = MPU6050(bus, Pin())
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


def test_read_needs_room_for_every_channel():
    sensor = MPU6050(Bus(), Pin())
    try:
        sensor.read([0.0] * 5)
    except ValueError:
        return
    raise AssertionError("five values were taken for six")


def test_a_bus_fault_comes_up_and_goes_away():
    bus = Bus()
    sensor = MPU6050(bus, Pin())
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


def test_channels_of_two_sensors_differ():
    first, second = MPU6050(Bus(), Pin()), MPU6050(Bus(), Pin(), prefix="second_")
    assert (first.name, second.name) == ("mpu6050", "second_mpu6050")
    assert first.channels[0] == "accel_x" and second.channels[5] == "second_gyro_z"
    assert len(first.channels) == len(first.units) == 6
