"""Accuracy over the recordings played as streams, without PyTorch: for floats and for integers.

A stream is all test recordings in random order, with samples lost and times jittered, never reset.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.convert import ModelFile
from host_tools.data.recordings import Recordings
from host_tools.integers.reference import IntegerReference

ORDERS = 20  # random orders, each with its own lost samples
JITTER_US = 30_000
_SEED = 40_000


@dataclass(frozen=True)
class Streams:
    """All recordings one after another, in several orders side by side; padded by dt = 0."""

    gaps_us: NDArray[np.int64]  # (events, streams)
    values: NDArray[np.float64]  # (events, streams, channels), NaN: nothing is carried
    labels: NDArray[np.int64]  # (events, streams): what is to be said here, -1: nothing


def streams(recordings: Recordings, drop: float) -> Streams:
    random = np.random.default_rng(_SEED)
    series, samples, channels = recordings.values.shape
    length = samples * recordings.period_us
    each = []
    for _ in range(ORDERS):
        times, values, labels = [], [], []
        for place, index in enumerate(random.permutation(series)):
            kept = random.random(samples) >= drop
            kept[random.integers(samples)] |= not kept.any()
            moved = random.integers(-JITTER_US, JITTER_US + 1, samples)
            time = np.maximum(np.arange(samples) * recordings.period_us + moved, 0)[kept]
            times.append(np.append(time, length) + place * length)
            nothing = np.full((1, channels), np.nan)
            values.append(np.vstack([recordings.values[index][kept], nothing]))
            labels.append(np.append(np.full(len(time), -1), recordings.labels[index]))
        joined = np.concatenate(times)
        gaps = np.maximum(np.diff(joined, prepend=joined[0]), 0)
        each.append((gaps, np.vstack(values), np.concatenate(labels)))
    longest = max(len(gaps) for gaps, _, _ in each)
    whole = Streams(
        np.zeros((longest, ORDERS), np.int64),
        np.full((longest, ORDERS, channels), np.nan),
        np.full((longest, ORDERS), -1),
    )
    for i, (gaps, values_, labels_) in enumerate(each):
        whole.gaps_us[: len(gaps), i] = gaps
        whole.values[: len(gaps), i] = values_
        whole.labels[: len(gaps), i] = labels_
    return whole


class FloatStreams:
    """The decay cell (relaxing, exponential, mean readout) in float64, several streams at once."""

    def __init__(self, model: ModelFile, count: int) -> None:
        self._gates = model.tensors["gates.weight"].astype(np.float64).T
        self._readout = model.tensors["readout.weight"].astype(np.float64).T
        self._settings = model.settings
        self.state = np.zeros((count, model.hidden))
        self.mean = np.zeros((count, model.hidden))
        self.confidence = np.zeros((count, 1))
        self.held = np.tile(np.array(model.settings["normalisation"]["offset"]), (count, 1))

    def measured(self, gap_us: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        hidden, h = self.state.shape[1], gap_us[:, None] * 1e-6
        ones = np.ones((len(h), 1))
        sums = np.hstack([self.state, self.held, ones]) @ self._gates
        alpha = np.logaddexp(0.0, sums[:, :hidden]) + self._settings["alpha_min"]
        alpha = np.minimum(alpha, self._settings["alpha_max"])
        self.state = self.state - np.expm1(-h * alpha) * (np.tanh(sums[:, hidden:]) - self.state)
        share = -np.expm1(-h / self._settings["readout_tau_s"])
        self.confidence = self.confidence + share * (1 - self.confidence)
        rate = np.divide(share, self.confidence, out=np.zeros_like(share), where=share > 0)
        self.mean = self.mean + rate * (self.state - self.mean)
        self.held = np.where(np.isnan(values), self.held, values)

    def values(self) -> NDArray[np.float64]:
        total: NDArray[np.float64] = self.mean @ self._readout[:-1] + self._readout[-1]
        return total


def accuracy(run: FloatStreams | IntegerReference, played: Streams) -> float:
    right = asked = 0
    each = zip(played.gaps_us, played.values, played.labels, strict=True)
    for gaps_us, values, labels in each:
        run.measured(gaps_us, values)
        here = labels >= 0
        if here.any():
            right += int((run.values()[here].argmax(1) == labels[here]).sum())
            asked += int(here.sum())
    return right / asked
