"""How irregular the times of events are, of all of them and of each channel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.data.spans import span_text
from host_tools.data.summary import aligned

_EVEN = 0.95
# Channels in the table.
_MOST = 12


def seconds_text(value: float) -> str:
    """Return a time in seconds in a unit that suits it."""
    return span_text(float(f"{value * 1e6:.3g}"))


@dataclass(frozen=True)
class Gaps:
    """Quantiles of the time between events, s, and their variation."""

    name: str
    count: int
    median_s: float
    p99_s: float
    longest_s: float
    variation: float  # coefficient of variation: deviation / mean
    # Whether nearly all gaps are the median one and the others its multiples, as when rows lack.
    even: bool


def gaps_of(name: str, times_us: Sequence[NDArray[np.int64]]) -> Gaps | None:
    """Return the gaps of one channel's events in all recordings; None for less than two events."""
    every = [np.diff(times) for times in times_us if len(times) > 1]
    if not every:
        return None
    steps_us = np.concatenate(every)
    usual_us = max(int(np.median(steps_us)), 1)
    even = (steps_us == usual_us).mean() >= _EVEN and not (steps_us % usual_us).any()
    gaps = steps_us * 1e-6
    mean = float(gaps.mean())
    return Gaps(
        name,
        len(gaps),
        float(np.median(gaps)),
        float(np.quantile(gaps, 0.99)),
        float(gaps.max()),
        float(gaps.std()) / mean if mean else 0.0,
        bool(even),
    )


def all_gaps(
    channels: Sequence[str],
    recordings: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> list[Gaps]:
    """Return the gaps between all events, then those of each channel if they differ.

    recordings: times in us (events,), values (events, channels) with NaN for not carried.
    """
    found = [gaps_of("all events", [times for times, _ in recordings])]
    partial = [
        c for c in range(len(channels)) if any(np.isnan(v[:, c]).any() for _, v in recordings)
    ]
    for column in partial:
        carried = [times[~np.isnan(values[:, column])] for times, values in recordings]
        found.append(gaps_of(channels[column], carried))
    return [each for each in found if each is not None]


def counts_rows(gaps: Gaps) -> str:
    """Return why the times are no times, "" if they may be."""
    if gaps.longest_s == 0.0:
        return "t_us is the same in every row"
    if gaps.even and gaps.median_s in (1e-6, 1e-3, 1.0):
        return f"all gaps are exactly {seconds_text(gaps.median_s)}, as where rows are counted"
    return ""


def timing_lines(found: Sequence[Gaps]) -> list[str]:
    """Return a table of the gaps."""
    rows = [["time between events", "median", "99 %", "longest", "variation"]]
    for each in found[:_MOST]:
        spans = (each.median_s, each.p99_s, each.longest_s)
        rows.append([each.name, *map(seconds_text, spans), f"{each.variation:.2f}"])
    lines = aligned(rows, left=1)
    if len(found) > _MOST:
        lines.append(f"and {len(found) - _MOST} more channels")
    return lines
