"""A project of an IMU, a sonar, an encoder and a motor, and a recording of its sensors."""

RIG = """
[board]
name = "rpi_pico"
[sensors.imu]
driver = "mpu6050"
bus = { i2c = 1, sda = 6, scl = 7 }
pins = { interrupt = 15 }
address = 0x69
channels = { accel_z = "up", accel_x = "ahead" }
units = { up = "g" }
[sensors.sonar]
driver = "hcsr04"
pins = { trigger = 2, echo = 3 }
channels = { distance = "range" }
units = { range = "cm" }
[sensors.wheel]
driver = "quadrature"
pins = { a = 28, b = 17 }
units = { speed = "rpm" }
[actuators.fan]
driver = "pwm_motor"
pins = { pwm = 9 }
from = "class"
table = { calm = 0.25, moving = 0.25, falling = 0.25 }
limits = [0, 1]
"""
RECORDING = """\
t_us,up,range,speed,label
5000000,1.0,,,calm
5300000,,150.0,,calm
5600000,,,60.0,calm
5900000,-0.5,,30.0,moving
6200000,,151.5,,moving
"""
# Of a model for it; no sensor feeds the last.
CHANNELS = ["up", "ahead", "range", "position", "speed", "spare"]
# An actuator on the bus of the IMU, and its driver, drivers/dac.py.
VALVE = """
[actuators.valve]
driver = "dac"
bus = { i2c = 1, sda = 6, scl = 7 }
pins = { enable = 8 }
from = "class"
table = { calm = 1.25, moving = 1.25, falling = 1.25 }
"""
DAC = """\
KIND = "actuator"
BUS = "i2c"
PINS = {"enable": "out"}
SETTINGS = {"address": (0x60,)}
UNIT = "V"
LIMITS = (0.0, 3.3)


class Driver:
    def __init__(self, bus, pins, address):
        self._bus = bus

    def start(self):
        self._bus.writeto_mem(0x60, 0, b"\\0\\0")

    def write(self, value):
        self._bus.writeto_mem(0x60, 0, b"\\0\\0")
"""
