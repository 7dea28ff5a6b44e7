"""Trained networks as model files, and integer models in the loop."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from host_tools.controllers.rollout import Record, Tick
from host_tools.controllers.tasks import Task
from host_tools.convert import ModelFile, convert
from host_tools.data.event_table import EventTable
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import reference
from host_tools.train.network import Network

Floats = NDArray[np.float64]

# Ticks of a calibration.
_MOST_TICKS = 4000


def model_file(task: Task, network: Network, index: int) -> ModelFile:
    """Return one model as a file of floats: its output is the action, in the actuator's unit.

    What it learnt to estimate beside the action is left out.
    """
    arrays, own = network.exported(index)
    offset, scale = task.action
    arrays["readout.weight"] = scale * arrays["readout.weight"][:1]
    arrays["readout.bias"] = scale * arrays["readout.bias"][:1] + offset
    period_us = round(task.period_s * 1e6)
    return convert(
        arrays,
        own
        | {
            "channels": list(task.channels),
            "units": list(task.units),
            "normalisation": {"offset": task.offset.tolist(), "scale": task.scale.tolist()},
            "output": "value",
            "training_dt_us": period_us,
            "policy": {"cadence_us": period_us},
            "provenance": {
                "trained_by": "python -m host_tools.controllers.evidence",
                "framework": f"PyTorch {torch.__version__.split('+')[0]}",
                "data": f"simulated: the plant '{task.name}', imitation of an LQR by DAgger",
                "outputs": f"the actuator's value, {task.units[task.observed]}",
            },
        },
    )


def calibration(task: Task, record: Record, model: int) -> EventTable:
    """Return what a model was fed in recorded episodes, one after another."""
    values = np.moveaxis(record.values[:, model], 0, 1).reshape(-1, len(task.channels))
    lived = np.moveaxis(record.alive[:, model], 0, 1).reshape(-1)
    seen = values[lived][:_MOST_TICKS].astype(np.float64)
    times = round(task.period_s * 1e6) * np.arange(len(seen))
    return EventTable(times.astype(np.int64), seen)


class IntegerController:
    """Integer models in the loop, by the reference that every kernel matches bit for bit."""

    def __init__(self, task: Task, models: Sequence[ModelFile], episodes: int) -> None:
        self._period_us = round(task.period_s * 1e6)
        self._runs = [reference(each.tensors, each.settings, episodes) for each in models]

    def act(self, tick: Tick) -> Floats:
        gap_us = self._period_us if tick.step else 0
        found = []
        for run, values in zip(self._runs, tick.values(), strict=True):
            run.measured(gap_us, values)
            found.append(run.values()[:, 0])
        return np.array(found)


def integer_models(task: Task, network: Network, record: Record) -> list[ModelFile]:
    """Return every model quantised; the ranges of its inputs are those of the record."""
    return [
        quantise(model_file(task, network, index), calibration(task, record, index))
        for index in range(network.models)
    ]
