"""Compares a float model with its integer model over the same events."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.reference import reference
from rivulet import model as device_model

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Comparison:
    """Differences of the integer model from the float model, over all events."""

    events: int
    state_max: float
    state_p99: float  # 99th percentile
    state_rms: float
    output_max: float
    output_p99: float
    output_rms: float
    # Share of events after which both give the same class; None if the outputs are values.
    agreement: float | None

    def __str__(self) -> str:
        text = (
            f"over {self.events} events: state off by {self.state_rms:.4f} rms, "
            f"{self.state_p99:.3f} in 99 of 100, {self.state_max:.3f} at most; outputs by "
            f"{self.output_rms:.4f} rms, {self.output_p99:.3f}, {self.output_max:.3f}"
        )
        if self.agreement is not None:
            text += f"; same class after {self.agreement:.2%} of them"
        return text


def compare(model: ModelFile, quantised: ModelFile, events: EventTable) -> Comparison:
    """Run `events` through the float model (device code on numpy) and the integer reference."""
    run = running(model)
    integers = reference(quantised.tensors, quantised.settings)
    if run.hidden != integers.hidden:
        raise RivuletError(f"{run.hidden} units cannot be compared with {integers.hidden}")
    state, outputs = [], []
    agreed = 0
    for gap_us, values in zip(events.gaps_us, events.values, strict=True):
        feed(run, int(gap_us), values)
        integers.measured(gap_us, values)
        exact, rounded = np.asarray(run.outputs()), integers.values()[0]
        state.append(integers.states()[0] - np.asarray(run.cell.state_floats))
        outputs.append(rounded - exact)
        agreed += int(exact.argmax() == rounded.argmax())
    count = len(events.t_us)
    classes = model.settings["output"] == "class"
    return Comparison(
        count,
        *_spread(np.array(state)),
        *_spread(np.array(outputs)),
        agreed / count if classes else None,
    )


def running(model: ModelFile) -> device_model.Model:
    """Return the device code's running model of a float model file."""
    shapes = {name: (tensor.shape, 0, 0) for name, tensor in model.tensors.items()}
    cell = device_model.check(model.settings, shapes)
    arrays = {
        name: tensor if tensor.dtype == np.uint16 else tensor.astype(np.float64)
        for name, tensor in model.tensors.items()
    }
    readout = arrays.pop(device_model.READOUT)
    return device_model.Model(model.settings, cell(model.settings, arrays), readout)


def feed(run: device_model.Model, gap_us: int, values: Floats) -> None:
    """Process one event; a value of NaN means that the event does not carry the channel."""
    carried = np.flatnonzero(~np.isnan(values))
    run.event(gap_us, tuple(carried.tolist()), values[carried].tolist())


def outputs_after(model: ModelFile, events: EventTable) -> Floats:
    """Return a float model's outputs after each event, (events, outputs)."""
    run = running(model)
    found = []
    for gap_us, values in zip(events.gaps_us, events.values, strict=True):
        feed(run, int(gap_us), values)
        found.append(np.array(run.outputs()))
    return np.array(found)


def trace(model: ModelFile, events: EventTable) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield (state, inputs, features) of a float model at each event.

    State and inputs are those with which the gates are evaluated for the interval before the
    event; features are the readout's input after it.
    """
    run = running(model)
    input_first = model.settings["convention"] == "current"
    for gap_us, values in zip(events.gaps_us, events.values, strict=True):
        state, held = np.array(run.cell.state_floats), np.array(run.cell.input_floats)
        feed(run, int(gap_us), values)
        if input_first:
            held = np.array(run.cell.input_floats)
        yield state, held, np.array(run.readout.feature_floats)


def _spread(error: Floats) -> tuple[float, float, float]:
    size = np.abs(error)
    return float(size.max()), float(np.quantile(size, 0.99)), float(np.sqrt((error**2).mean()))
