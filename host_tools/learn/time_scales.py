"""The time scales that a network starts with, from the intervals and lengths of the recordings."""

from dataclasses import dataclass

import numpy as np

from host_tools.learn.dataset import Dataset

# Bounds of the rates beyond the time constants that training starts from.
_SLOWER, _FASTER = 3.0, 4.0
# The longest time constant starts at this part of what a window shows.
_PART = 3.0
_SPREAD = 10.0  # at least, between the shortest and the longest
# Rates that the integer kernels represent, 1/s, with some room.
_INT8_RATES = 0.001, 1000.0


@dataclass(frozen=True)
class TimeScales:
    """Time constants at the start, in seconds, and the bounds of the rates, in 1/s."""

    shortest_s: float
    longest_s: float
    slowest_rate: float
    fastest_rate: float
    # The usual interval: a unit of time for cells that count in one.
    unit_s: float


def time_scales(data: Dataset, window: int, int8: bool) -> TimeScales:
    """Return the time scales of a data set whose training sees `window` events at a time.

    int8: keep the rates within what the integer kernels represent.
    """
    usual = data.median_gap_s()
    gaps = np.concatenate([piece.gaps_us[1:] for piece in data.training])
    mean = float(gaps.mean()) * 1e-6
    seen = min(float(np.median([piece.seconds for piece in data.training])), window * mean)
    shortest = _short(usual)
    longest = max(_short(seen / _PART), _SPREAD * shortest)
    slowest, fastest = 1 / (_SLOWER * longest), _FASTER / shortest
    if int8:
        slowest, fastest = max(slowest, _INT8_RATES[0]), min(fastest, _INT8_RATES[1])
        slowest = min(slowest, fastest / _SPREAD)
        fastest = max(fastest, slowest * _SPREAD)
    return TimeScales(shortest, longest, _short(slowest), _short(fastest), shortest)


def _short(value: float) -> float:
    return float(f"{value:.2g}")
