"""A whole EVENTS.csv as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools.choices import Late
from host_tools.data.events import goes_back, read
from host_tools.errors import RivuletError


@dataclass(frozen=True)
class EventTable:
    """Recorded events as arrays, in order of the file; NaN where an event carries no value."""

    t_us: NDArray[np.int64]
    values: NDArray[np.float64]  # (events, channels), physical units
    late: int = 0  # events that were dropped because their time goes back
    dropped: str = ""  # says so, for a person

    @property
    def gaps_us(self) -> NDArray[np.int64]:
        """Time since the event before, (events,); 0 for the first and for late ones."""
        latest = np.maximum.accumulate(self.t_us)
        return np.diff(latest, prepend=latest[0])


def read_table(path: Path, channels: Sequence[str], late: Late = Late.refuse) -> EventTable:
    """Read a whole EVENTS.csv. Raises RivuletError, with the line.

    A channel without a column comes as never carried. late: what becomes of an event whose time
    is before that of an earlier row; what is learnt from events needs them in order.
    """
    times, values = [], []
    count, first = 0, ""
    for event in read(path, channels):
        if event.back_from is None:
            times.append(event.t_us)
            values.append(event.values)
            continue
        said = goes_back(path, event)
        if late is Late.refuse:
            raise RivuletError(f"{said}; sort the rows, or leave such ones out with --late drop")
        count += 1
        first = first or said
    dropped = f"{count} late events dropped; the first: {first}" if count else ""
    return EventTable(np.array(times, np.int64), np.array(values), count, dropped)
