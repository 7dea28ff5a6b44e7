"""Three machines, each described by its rivulet.toml alone, and a model for each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host_tools.convert import convert

_IMU_AND_LED = """
[board]
name = "rpi_pico"
[sensors.wrist]
driver = "mpu6050"
bus = { i2c = 0, sda = 4, scl = 5, hz = 400000 }
pins = { interrupt = 15 }
channels = { accel_x = "ahead", gyro_z = "turn" }
units = { ahead = "g" }
[actuators.lamp]
driver = "led"
pins = { led = 25 }
from = "class"
table = { calm = 0, moving = 1 }
limits = [0, 1]
"""
_SONAR_ENCODER_AND_MOTOR = """
[board]
name = "rpi_pico"
[sensors.front]
driver = "hcsr04"
pins = { trigger = 2, echo = 3 }
rate_hz = 15
channels = { distance = "range" }
units = { range = "cm" }
[sensors.wheel]
driver = "quadrature"
pins = { a = 16, b = 17 }
units = { speed = "rpm" }
[actuators.drive]
driver = "pwm_motor"
pins = { pwm = 9 }
from = "y0"
limits = [0, 1]
"""
_REGISTERS_AND_RELAY = """
[board]
name = "rpi_pico"
[sensors.air]
driver = "registers"
bus = { i2c = 0, sda = 4, scl = 5 }
address = 0x48
rate_hz = 20
init = [[1, 0x02, 0x20]]
channels = [
  { name = "temperature", register = 0, type = "i16be", scale = 0.0078125, unit = "degC" },
]
units = { temperature = "K" }
[actuators.heater]
driver = "digital_out"
pins = { out = 10 }
from = "class"
table = { calm = 0, moving = 1 }
limits = [0, 1]
"""


@dataclass(frozen=True)
class Machine:
    """A project, what `status` says of its sensors, and the name of its actuator.

    classes: of its model; () for one whose output y0 is a share from about 0.1 to 0.9.
    """

    toml: str
    sensors: dict[str, tuple[list[str], list[str]]]
    actuator: str
    classes: tuple[str, ...]

    def write(self, folder: Path) -> Path:
        """Write the project into a new folder. Returns the folder."""
        folder.mkdir()
        (folder / "rivulet.toml").write_text(self.toml)
        return folder

    def model(self, path: Path) -> Path:
        """Write a model for its sensors: always `moving`, or a share that follows them."""
        channels = [name for names, _ in self.sensors.values() for name in names]
        units = [unit for _, of in self.sensors.values() for unit in of]
        count, hidden = len(channels), 2
        weights = {
            "alpha.recurrent": np.zeros((hidden, hidden)),
            "alpha.input": np.zeros((hidden, count)),
            "alpha.bias": np.full(hidden, 3.0),
            "drive.recurrent": np.zeros((hidden, hidden)),
            "drive.input": np.full((hidden, count), 0.05),
            "drive.bias": np.zeros(hidden),
        }
        metadata: dict[str, object] = {"channels": channels, "units": units}
        if self.classes:
            metadata |= {"output": "class", "classes": list(self.classes)}
            weights["readout.weight"] = np.zeros((2, hidden))
            weights["readout.bias"] = np.array([0.0, 5.0])
        else:
            weights["readout.weight"] = np.array([[0.2, 0.2]])
            weights["readout.bias"] = np.array([0.5])
        convert(weights, metadata).save(path)
        return path


MACHINES = {
    "imu_led": Machine(
        _IMU_AND_LED, {"wrist": (["ahead", "turn"], ["g", "rad/s"])}, "lamp", ("calm", "moving")
    ),
    "sonar_encoder_motor": Machine(
        _SONAR_ENCODER_AND_MOTOR,
        {"front": (["range"], ["cm"]), "wheel": (["position", "speed"], ["rad", "rpm"])},
        "drive",
        (),
    ),
    "registers_relay": Machine(
        _REGISTERS_AND_RELAY, {"air": (["temperature"], ["K"])}, "heater", ("calm", "moving")
    ),
}
