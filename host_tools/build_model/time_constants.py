"""The time constants of a model over recorded events, for its file's provenance."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from host_tools import tau
from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.integers.compare import feed, running
from host_tools.integers.reference import reference
from host_tools.quantiles import weighted_quantiles

Floats = NDArray[np.float64]


def time_constants(model: ModelFile, events: EventTable) -> dict[str, str]:
    """Return `tau_s` as a provenance keeps it; empty if no time passes between the events.

    An interval counts by its length, with the rates that the cell had in it: those which a board
    sends. model: of floats or integers, whose rates are coarser.
    """
    gaps = events.gaps_us * 1e-6
    moved = gaps > 0.0
    if not moved.any():
        return {}
    rates = np.array(list(_rates(model, events)))
    return tau.to_provenance(
        weighted_quantiles(1.0 / rates[moved], gaps[moved], tau.QUANTILES).tolist()
    )


def _rates(model: ModelFile, events: EventTable) -> Iterator[Floats]:
    """Yield 1/tau of each unit, 1/s, after each event."""
    if "arithmetic" not in model.settings:
        run = running(model)
        for gap_us, values in zip(events.gaps_us, events.values, strict=True):
            feed(run, int(gap_us), values)
            yield np.array(run.cell.alpha_floats, np.float64)
        return
    integers = reference(model.tensors, model.settings)
    unit = 0.5 ** int(model.settings.get("rate_bits", 20))
    for gap_us, values in zip(events.gaps_us, events.values, strict=True):
        integers.measured(gap_us, values)
        yield np.maximum(integers.alpha[0], 1) * unit
