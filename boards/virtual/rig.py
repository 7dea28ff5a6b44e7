"""What is wired to this board: one MPU-6050 for each that the bus answers for, and the LED."""

from rivulet.control.actuators import Actuator
from rivulet.sensing.sensor import Sensor

NAME = "virtual"

_buses = {}


def _i2c_0():
    if "i2c_0" not in _buses:
        from machine import I2C, Pin

        _buses["i2c_0"] = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)
    return _buses["i2c_0"]


def _mpu6050():
    from drivers.mpu6050 import Driver

    return Driver(_i2c_0(), {"interrupt": 15}, rate_hz=10, address=104)


def _second_mpu6050():
    from drivers.mpu6050 import Driver

    return Driver(_i2c_0(), {"interrupt": 14}, rate_hz=10, address=105)


def _led():
    from drivers.led import Driver

    return Driver(None, {"led": 25}, invert=False)


def _sensor(prefix, make):
    names = ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")
    return Sensor(
        prefix + "mpu6050",
        make,
        channels=tuple([prefix + name for name in names]),
        units=("m/s^2", "m/s^2", "m/s^2", "rad/s", "rad/s", "rad/s"),
        limits=((-156.904006, 156.899217),) * 3 + ((-34.871998, 34.870933),) * 3,
    )


def make_sensors():
    present = _i2c_0().scan()
    wired = ((104, "", _mpu6050), (105, "second_", _second_mpu6050))
    return [_sensor(prefix, make) for address, prefix, make in wired if address in present]


def make_actuators():
    return [Actuator("led", _led, source="class", limits=(0.0, 1.0), safe=0.0)]
