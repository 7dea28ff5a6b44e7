"""A whole EVENTS.csv as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools.data.events import read


@dataclass(frozen=True)
class EventTable:
    """Recorded events as arrays, in order of the file; NaN where an event carries no value."""

    t_us: NDArray[np.int64]
    values: NDArray[np.float64]  # (events, channels), physical units

    @property
    def gaps_us(self) -> NDArray[np.int64]:
        """Time since the event before, (events,); 0 for the first and for late ones."""
        latest = np.maximum.accumulate(self.t_us)
        return np.diff(latest, prepend=latest[0])


def read_table(path: Path, channels: Sequence[str]) -> EventTable:
    """Read a whole EVENTS.csv. Raises RivuletError, with the line.

    A channel without a column comes as never carried.
    """
    times, values = [], []
    for event in read(path, channels):
        times.append(event.t_us)
        values.append(event.values)
    return EventTable(np.array(times, np.int64), np.array(values))
