"""A project that balances a pole: a network of four units that does what an LQR would."""

from pathlib import Path

import numpy as np
from scipy.linalg import solve_discrete_are

from host_tools.convert import convert
from host_tools.plants import find

# Observations times this are small numbers, of which tanh changes nothing.
_SMALL = 0.05
RIVULET = """\
[board]
name = "{board}"

[plant]
name = "cartpole"

[model]
file = "model.safetensors"

[sensors.cart]
driver = "adc"
pins = {{ adc = 26 }}
rate_hz = {rate_hz}
channels = [
  {{ name = "x", unit = "m" }},
  {{ name = "v", unit = "m/s" }},
  {{ name = "theta", unit = "rad" }},
  {{ name = "omega", unit = "rad/s" }},
]

[actuators.force]
driver = "pusher"
pins = {{ pwm = 16 }}
from = "y0"
"""
# A driver whose values are newtons.
PUSHER = """\
KIND = "actuator"
BUS = ""
PINS = {"pwm": "pwm"}
SETTINGS = {}
UNIT = "N"
LIMITS = (-10.0, 10.0)


class Driver:
    def __init__(self, bus, pins):
        self.pins = pins

    def start(self):
        pass

    def write(self, value):
        pass
"""


def gains() -> np.ndarray:
    """The gains (4,) of the LQR: force = -gains @ observation."""
    linear = find("cartpole").linear()
    assert linear is not None
    a, b = linear.a, linear.b
    cost = solve_discrete_are(a, b, np.diag([1.0, 1.0, 10.0, 1.0]), np.array([[0.1]]))
    return np.linalg.solve(0.1 + b.T @ cost @ b, b.T @ cost @ a)[0]


# What the firmware feeds at each tick; this network does not care for the values.
TICKS = ("action.force", "age.x", "fresh.x")


def make_project(
    folder: Path, board: str = "virtual", rate_hz: int = 50, ticks: bool = False, **more: object
) -> Path:
    """Write the project into a folder; returns the folder.

    ticks: whether ticks move the model, instead of events; more: metadata of the model.
    """
    fed = TICKS if ticks else ()
    inward = np.zeros((4, 4 + len(fed)))
    (folder / "drivers").mkdir(parents=True)
    text = RIVULET.format(board=board, rate_hz=rate_hz)
    (folder / "rivulet.toml").write_text(text)
    (folder / "drivers" / "pusher.py").write_text(PUSHER)
    weights = {
        "alpha.recurrent": np.zeros((4, 4)),
        "alpha.input": inward,
        "alpha.bias": np.full(4, 300.0),
        "drive.recurrent": np.zeros((4, 4)),
        "drive.input": inward + _SMALL * np.eye(*inward.shape),
        "drive.bias": np.zeros(4),
        "readout.weight": -gains()[None, :] / _SMALL,
        "readout.bias": np.zeros(1),
    }
    metadata = {
        "channels": ["x", "v", "theta", "omega", *fed],
        "units": ["m", "m/s", "rad", "rad/s", *("" for _ in fed)],
        "convention": "current",
        "output": "value",
        "alpha_max": 300.0,
        "policy": {"cadence_us": 20000},
    }
    convert(weights, metadata | more).save(folder / "model.safetensors")
    return folder
