"""Cuts series into recordings: at gaps, and where a log began anew."""

from dataclasses import dataclass, field

import numpy as np

from host_tools.data.importing.series import Series
from host_tools.data.importing.store import source_text
from host_tools.data.importing.times import utc_text
from host_tools.data.recording import Description, Recording
from host_tools.data.spans import span_text


@dataclass
class Order:
    """What was found about the order of a series' rows, for the report."""

    # Rows of the same time as the one before; those of them whose cells are the same as well.
    equal: int = 0
    identical: int = 0
    late: int = 0
    # The first of them, in words.
    first_late: str = ""
    cuts: list[str] = field(default_factory=list)


def cut(series: Series, gap_us: int, sort: bool) -> tuple[list[Recording], Order]:
    """Return the recordings of a series.

    gap_us: longest time between rows of one recording, in either direction; 0 for any.
    """
    order = Order()
    starts = _starts(series, gap_us if not sort else 0, order)
    if sort:
        rows = np.argsort(series.t_us, kind="stable")
        series.t_us, series.values = series.t_us[rows], series.values[rows]
        series.lines = series.lines[rows]
        if series.labels is not None:
            series.labels = [series.labels[row] for row in rows.tolist()]
        starts = _starts(series, gap_us, order)
    _count_equal(series, order)
    ends = [*starts[1:], len(series.t_us)]
    return [_recording(series, *span) for span in zip(starts, ends, strict=True)], order


def _starts(series: Series, gap_us: int, order: Order) -> list[int]:
    """Return the first row of each recording; counts the rows out of order."""
    starts = [0]
    t_us = series.t_us.tolist()
    latest = t_us[0]
    for row, time in enumerate(t_us):
        ahead = time - latest
        # A log began anew if the row after it is as far back; else one row is out of order.
        back = ahead < -gap_us and t_us[min(row + 1, len(t_us) - 1)] < latest - gap_us
        if gap_us and (ahead > gap_us or back):
            what = "gap of" if ahead > 0 else "the time goes back by"
            order.cuts.append(
                f"line {series.lines[row]}: {what} {span_text(abs(ahead))}, a new recording"
            )
            starts.append(row)
            latest = time
        elif ahead < 0:
            order.late += 1
            order.first_late = order.first_late or (
                f"line {series.lines[row]} by {span_text(-ahead)}"
            )
        latest = max(latest, time)
    return starts


def _count_equal(series: Series, order: Order) -> None:
    same = np.flatnonzero(np.diff(series.t_us) == 0)
    order.equal = len(same)
    one, other = series.values[same], series.values[same + 1]
    alike = ((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1)
    labels = series.labels
    order.identical = sum(
        labels is None or labels[row] == labels[row + 1] for row in same[alike].tolist()
    )


def _recording(series: Series, start: int, end: int) -> Recording:
    rows = slice(start, end)
    t_us = series.t_us[rows]
    zero = int(t_us[0])
    count = end - start
    return Recording(
        [heading.name for heading in series.channels],
        t_us - zero,
        series.values[rows],
        series.labels[rows] if series.labels is not None else None,
        [series.group] * count if series.group else None,
        Description(
            units={heading.name: heading.unit for heading in series.channels},
            source=source_text(
                series.source, int(series.lines[rows].min()), int(series.lines[rows].max())
            ),
            time_zero_utc=(utc_text(zero) or None) if series.utc else None,
        ),
    )
