"""Over which times a signal changes: its structure function on irregular samples.

gamma(h) is half the mean squared difference of two samples about h apart. It rises from the noise
to the variance. The time scale is the h at which it has reached 1 - 1/e of the variance, as for a
signal that forgets exponentially. Needs no even sampling, unlike an autocorrelation by FFT.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.data.summary import aligned
from host_tools.learn.dataset import Dataset
from host_tools.learn.fitness.timing import seconds_text

Floats = NDArray[np.float64]
_SILL = 1.0 - np.exp(-1.0)
_LAGS = 40  # numbers of events apart that are looked at, log-spaced
_BINS = 24
_LEAST_PAIRS = 30
_MOST = 12


@dataclass(frozen=True)
class Scale:
    """The time over which one channel changes."""

    name: str
    time_s: float  # inf: longer than the recordings show; 0: shorter than the gaps
    noise: float  # share of the variance between the closest samples

    @property
    def text(self) -> str:
        if self.time_s == 0.0:
            return "shorter than the time between events"
        if np.isinf(self.time_s):
            return "longer than the recordings show"
        return seconds_text(self.time_s)


def time_scale(name: str, pieces: Sequence[tuple[Floats, Floats]]) -> Scale | None:
    """Return the scale of one channel; pieces: (times in s, values) without NaN.

    None for a channel that never moves, or with too few samples.
    """
    squares, spans = [], []
    longest = max((len(times) for times, _ in pieces), default=0)
    if longest < 3:
        return None
    lags = np.unique(np.geomspace(1, max(longest // 2, 1), _LAGS).astype(int))
    for times, values in pieces:
        for lag in lags[lags < len(times)]:
            squares.append(0.5 * np.square(values[lag:] - values[:-lag]))
            spans.append(times[lag:] - times[:-lag])
    square, span = np.concatenate(squares), np.concatenate(spans)
    # Within the recordings: what lies between them is no change over time.
    within = [values - values.mean() for _, values in pieces if len(values)]
    variance = float(np.square(np.concatenate(within)).mean())
    usable = span > 0
    if variance <= 0.0 or not usable.any():
        return None
    square, span = square[usable] / variance, span[usable]
    edges = np.geomspace(span.min(), span.max() * 1.001, _BINS + 1)
    place = np.digitize(span, edges) - 1
    counts = np.bincount(place, minlength=_BINS)[:_BINS]
    filled = counts >= min(_LEAST_PAIRS, counts.max())
    gamma = np.bincount(place, square, minlength=_BINS)[:_BINS][filled] / counts[filled]
    at = np.bincount(place, span, minlength=_BINS)[:_BINS][filled] / counts[filled]
    noise = float(min(gamma[0], 1.0))
    above = np.flatnonzero(gamma >= _SILL)
    if not len(above):
        return Scale(name, np.inf, noise)
    first = int(above[0])
    if first == 0:
        return Scale(name, 0.0, noise)
    share = (_SILL - gamma[first - 1]) / (gamma[first] - gamma[first - 1])
    return Scale(name, float(at[first - 1] * (at[first] / at[first - 1]) ** share), noise)


def scale_lines(found: Sequence[Scale], tau_s: tuple[float, float]) -> list[str]:
    """Return a table of the scales, and how they lie to the range of tau."""
    rows = [["time scale", "", "noise"]]
    rows += [[each.name, each.text, f"{each.noise:.0%}"] for each in found[:_MOST]]
    lines = aligned(rows, left=2)
    if len(found) > _MOST:
        lines.append(f"and {len(found) - _MOST} more channels")
    low, high = tau_s
    lines.append(f"a liquid network's time constants: {seconds_text(low)} to {seconds_text(high)}")
    finite = [each for each in found if 0 < each.time_s < np.inf]
    outside = [each.name for each in finite if not low <= each.time_s <= high]
    if outside:
        lines.append(f"outside that range: {', '.join(outside[:_MOST])}")
    return lines


def scales_of(data: Dataset) -> list[Scale]:
    """Return the scale of each channel over the training part."""
    found = []
    for column, name in enumerate(data.channels):
        pieces = []
        for piece in data.training:
            carried = ~np.isnan(piece.values[:, column])
            pieces.append((piece.t_s[carried], piece.values[carried, column]))
        scale = time_scale(name, pieces)
        if scale is not None:
            found.append(scale)
    return found
