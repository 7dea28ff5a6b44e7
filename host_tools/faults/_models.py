"""Small models with random weights, for boards that faults are injected into."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from host_tools.convert import convert
from host_tools.integers.quantise import quantise

# The channels of tests/device's sensor, and of the virtual board's.
FAKE = ("a", "b", "c")
IMU = ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")

IMU_UNITS = ["m/s^2"] * 3 + ["rad/s"] * 3


def write_model(
    path: Path,
    seed: int,
    *,
    channels: tuple[str, ...] = FAKE,
    hidden: int = 6,
    recurrent: float = 0.4,
    integers: bool = False,
    **settings: object,
) -> bytes:
    """Write a decay model and return its bytes. recurrent: how much the state drives itself.

    With cell="cascade": two layers of `hidden` units each.
    """
    draw = np.random.default_rng(seed)
    weights = {}
    layers = ("layer1.", "layer2.") if settings.get("cell") == "cascade" else ("",)
    for layer in layers:
        driven = {"": "recurrent", "layer2.": "below"}.get(layer)
        for gate in ("alpha", "drive"):
            name = f"{layer}{gate}"
            if driven:
                weights[f"{name}.{driven}"] = draw.normal(0, 1, (hidden, hidden)) * recurrent
            weights[f"{name}.input"] = draw.normal(0, 0.4, (hidden, len(channels)))
            weights[f"{name}.bias"] = draw.normal(0, 0.4, hidden)
    weights["readout.weight"] = draw.normal(0, 1, (3, hidden))
    weights["readout.bias"] = draw.normal(0, 1, 3)
    metadata = {
        "channels": list(channels),
        "units": ["1"] * len(channels),
        "output": "class",
        "classes": ["calm", "moving", "falling"],
        "readout": "mean",
        "readout_tau_s": 1.0,
    }
    model = convert(weights, metadata | settings)
    if integers:
        model = quantise(model)
    model.save(path)
    return path.read_bytes()


def hash_of(model: bytes) -> str:
    return hashlib.sha256(model).hexdigest()


def fresh_models(folder: Path, seed: int) -> Iterator[bytes]:
    """Models for the virtual board, each of other weights than all before: a board is sent only
    what it does not hold already."""
    while True:
        seed += 1
        yield write_model(
            folder / "fresh.safetensors", seed, channels=IMU, units=IMU_UNITS, hidden=16
        )
