"""Projects in folders of their own, for tests."""

from pathlib import Path

from host_tools.project import Examination, examine

SONAR = """\
KIND = "sensor"
CHANNELS = ("distance", "strength")
UNITS = ("m", "")
LIMITS = ((0.02, 4.0), None)
TRIGGER = "edges"
BUS = ""
PINS = {"trigger": "out", "echo": "in", "enable?": "out"}
SETTINGS = {"rate_hz": (15, 1, 40), "mode": ("near", ("near", "far")), "gain": (1.0,)}


class Driver:
    def __init__(self, bus, pins, rate_hz, mode, gain):
        self.made = (bus, pins, rate_hz, mode, gain)

    def start(self, handler):
        pass

    def read(self, out):
        pass

    def stop(self):
        pass
"""
IMU = """\
KIND = "sensor"
CHANNELS = ("accel_x", "temperature")
UNITS = ("m/s^2", "degC")
LIMITS = None
TRIGGER = "interrupt"
BUS = "i2c"
PINS = {"interrupt": "in"}
SETTINGS = {"address": (0x68, (0x68, 0x69))}


class Driver:
    def __init__(self, bus, pins, address):
        self.made = (bus, pins, address)

    def start(self, handler):
        pass

    def read(self, out):
        pass

    def stop(self):
        pass
"""
KNOB = IMU.replace('("accel_x", "temperature")', '("knob",)').replace(
    '("m/s^2", "degC")', '("V",)'
)
KNOB = KNOB.replace('"i2c"', '""').replace('{"interrupt": "in"}', '{"adc": "adc"}')
KNOB = KNOB.replace('{"address": (0x68, (0x68, 0x69))}', "{}").replace(", address", "")
ANY = IMU.replace('("accel_x", "temperature")', "None").replace('("m/s^2", "degC")', "None")
ANY = ANY.replace('{"interrupt": "in"}', "{}").replace(
    '{"address": (0x68, (0x68, 0x69))}',
    '{"address": (None, 8, 119), "channels": (None,), "init": ((),)}\n'
    'CHANNEL_SETTINGS = {"name": (None,), "unit": ("",), "register": (None, 0, 255)}',
)
ANY = ANY.replace("pins, address):", "pins, address, channels, init):")
ANY = ANY.replace("pins, address)\n", "pins, address, channels, init)\n")
MOTOR = """\
KIND = "actuator"
BUS = ""
PINS = {"pwm": "pwm"}
SETTINGS = {"frequency_hz": (20000, 10, 100000)}
UNIT = "1"
LIMITS = (-1.0, 1.0)


class Driver:
    def __init__(self, bus, pins, frequency_hz):
        self.made = (bus, pins, frequency_hz)

    def start(self):
        pass

    def write(self, value):
        pass
"""
DRIVERS = {"sonar": SONAR, "imu": IMU, "knob": KNOB, "any": ANY, "motor": MOTOR}

BOARD = '[board]\nname = "rpi_pico"\n'
SONAR_TABLE = '[sensors.sonar]\ndriver = "sonar"\npins = { trigger = 2, echo = 3 }\n'
BUS = "bus = { i2c = 0, sda = 4, scl = 5 }\n"
IMU_TABLE = f'[sensors.imu]\ndriver = "imu"\n{BUS}pins = {{ interrupt = 15 }}\n'
FAN_TABLE = '[actuators.fan]\ndriver = "motor"\npins = { pwm = 9 }\nfrom = "class"\n'
GOOD = BOARD + SONAR_TABLE + IMU_TABLE + FAN_TABLE


def write(folder: Path, toml: str) -> Path:
    """Write a project and the drivers above. Returns its file."""
    (folder / "drivers").mkdir(parents=True, exist_ok=True)
    for name, text in DRIVERS.items():
        (folder / "drivers" / f"{name}.py").write_text(text)
    file = folder / "rivulet.toml"
    file.write_text(toml)
    return file


def examined(folder: Path, toml: str, model: Path | None = None) -> Examination:
    return examine(write(folder, toml), model)
