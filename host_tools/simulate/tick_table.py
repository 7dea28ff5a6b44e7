"""A whole recording as a model takes it: its events, or the ticks that are made of them."""

from pathlib import Path
from typing import Any

import numpy as np

from host_tools.choices import Late
from host_tools.data.event_table import EventTable, read_table
from host_tools.data.events import Event
from host_tools.simulate.ticks import by_ticks, columns, ticks


def read_table_for(path: Path, settings: dict[str, Any], late: Late = Late.refuse) -> EventTable:
    """Read a whole EVENTS.csv as a model takes it, ticks for one that is fed at each.

    Raises RivuletError as `read_table` does.
    """
    if not by_ticks(path, settings):
        return read_table(path, settings["channels"], late)
    table = read_table(path, columns(settings), late)
    rows = zip(table.t_us.tolist(), table.values.tolist(), strict=True)
    found = list(ticks((Event(0, t_us, values) for t_us, values in rows), settings))
    return EventTable(
        np.array([each.t_us for each in found], np.int64),
        np.array([each.values for each in found]),
        table.late,
        table.dropped,
    )
