"""The work that one event of a model takes, counted from its file."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.model_header import read_settings, units

Shapes = dict[str, tuple[int, ...]]
# Evaluations of the cell's right-hand side in one step of an integrator; others take one.
_EVALUATIONS = {"rk4": 4}


@dataclass(frozen=True)
class Work:
    """Sizes of a model, and the operations of one event."""

    cell: str
    arithmetic: str  # "float32" or "int8"
    units: int
    channels: int
    outputs: int
    multiply_adds: int  # readout included; of an LTC, one a synapse and unfold
    evaluations: int  # units times evaluations of the cell
    tensor_bytes: int
    file_bytes: int


def count_work(model: Path) -> Work:
    """Count the work of a model file. Raises RivuletError if boards would refuse the file."""
    settings, tensors = read_settings(model)
    shapes = {name: tuple(tensor[0]) for name, tensor in tensors.items()}
    integer = settings.get("arithmetic") == "int8"
    outputs, width = shapes["readout.weight"]
    hidden = units(settings, width)
    passes = _passes(settings)
    return Work(
        cell=settings["cell"],
        arithmetic="int8" if integer else "float32",
        units=hidden,
        channels=len(settings["channels"]),
        outputs=outputs,
        multiply_adds=_products(settings, shapes, passes) + outputs * width,
        evaluations=hidden * passes,
        tensor_bytes=max(end for _, _, end in tensors.values()),
        file_bytes=model.stat().st_size,
    )


def _passes(settings: dict[str, Any]) -> int:
    """Return how often an event evaluates the cell, at the usual interval of its training data."""
    if settings["cell"] == "ltc":
        return int(settings["unfolds"])
    if settings["cell"] == "node":
        interval_s = (settings["training_dt_us"] or 0) / 1e6
        return _EVALUATIONS["rk4"] * max(1, math.ceil(interval_s / float(settings["step_s"])))
    return _EVALUATIONS.get(str(settings.get("integrator")), 1)


def _products(settings: dict[str, Any], shapes: Shapes, passes: int) -> int:
    if settings["cell"] == "ltc":
        sensory, recurrent = settings["synapses"]
        # Mixed memory takes one step for each event.
        memory = [s for name, s in shapes.items() if name[:7] == "memory." and len(s) == 2]
        return int(sensory) + passes * int(recurrent) + sum(map(math.prod, memory))
    total = 0
    for name, shape in shapes.items():
        matrix = len(shape) == 2 and name != "readout.weight"
        # The weights of a wiring's synapses are a list.
        if matrix or (name.endswith(".weight") and len(shape) == 1):
            total += math.prod(shape)
    return passes * total
