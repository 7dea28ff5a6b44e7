"""Intervals between events: how regular they are, and where the gaps are."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from host_tools.data.recording import Recording

# An interval is a gap from so many medians on, if it lasts this long as well.
_MEDIANS = 20
_SHORTEST_GAP_US = 1000


class Gap(NamedTuple):
    """A long interval."""

    at_us: int  # t_us of the event before it
    us: int


@dataclass(frozen=True)
class Intervals:
    """Intervals of a recording's events in order of time, in microseconds."""

    median_us: float
    p99_us: float
    longest_us: int
    # Share of intervals that differ from the median by more than a tenth.
    irregular: float
    late: int  # events whose time goes back
    gaps: list[Gap]  # the longest first


def measure(recording: Recording) -> Intervals | None:
    """Return what the intervals are like, None with fewer than two events."""
    if len(recording.t_us) < 2:
        return None
    times = np.sort(recording.t_us)
    steps = np.diff(times)
    median = float(np.median(steps))
    irregular = float((np.abs(steps - median) > 0.1 * median).mean())
    long = np.flatnonzero(steps > max(_MEDIANS * median, _SHORTEST_GAP_US))
    gaps = sorted((Gap(int(times[at]), int(steps[at])) for at in long), key=lambda gap: -gap.us)
    late = int((recording.t_us < np.maximum.accumulate(recording.t_us)).sum())
    p99 = float(np.quantile(steps, 0.99))
    return Intervals(median, p99, int(steps.max()), irregular, late, gaps)
