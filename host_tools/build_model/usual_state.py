"""The usual state of a model, from which it starts when no snapshot is there."""

import io

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.integers.compare import feed
from rivulet import model as device_model


def usual_state(model: ModelFile, events: EventTable) -> list[float]:
    """Return the mean state over recorded events, weighted by time: one number a unit.

    model: a float model; the device code runs it, from rest.
    """
    data = model.to_bytes()
    running = device_model.load(io.BytesIO(data), len(data))
    total = np.zeros(running.hidden)
    seconds = 0.0
    for gap_us, row in zip(events.gaps_us, events.values, strict=True):
        before = np.array(running.physical(1))
        feed(running, int(gap_us), row)
        total += (before + np.array(running.physical(1))) / 2 * gap_us * 1e-6
        seconds += gap_us * 1e-6
    if not seconds:
        return [0.0] * running.hidden
    return [float(f"{value:.6g}") for value in total / seconds]
