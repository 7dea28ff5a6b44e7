"""Scores answers against the truth, and tells whether one model's are better than another's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from host_tools.learn.baselines.windows import answers_of
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece, kept_events

# Class numbers (events,), or values (events, targets).
Answers = NDArray[np.int64] | NDArray[np.float64]
# Consecutive events whose answers are taken as one observation: neighbours resemble each other.
_BLOCK = 25


class Model(Protocol):
    """Whatever answers at events."""

    name: str
    what: str

    def predict(self, pieces: Sequence[Piece]) -> Answers: ...


@dataclass(frozen=True)
class Score:
    """How good answers are; `figures` are those of metrics.json."""

    # "accuracy" and "macro_f1", or "rmse".
    figures: dict[str, float]
    # One an event, mean 1 at best: right or wrong, every class weighing the same; or 1 minus the
    # squared error as a share of the variance.
    credit: NDArray[np.float64]
    # Blocks of neighbouring events: (events,), numbered.
    block: NDArray[np.int64]

    @property
    def worth(self) -> float:
        """Balanced accuracy, or the share of the variance that is explained."""
        return float(self.credit.mean())


def score(data: Dataset, pieces: Sequence[Piece], answers: Answers) -> Score:
    """Score the answers at the answered events of the pieces."""
    truth, block = answers_of(data, pieces), _blocks(pieces)
    if data.classes:
        right = answers == truth
        counts = np.bincount(truth, minlength=len(data.classes))
        weight = len(truth) / ((counts > 0).sum() * counts[truth])
        figures = {"accuracy": float(right.mean()), "macro_f1": macro_f1(truth, answers)}
        return Score(figures, right * weight, block)
    known = np.isfinite(truth)
    error = np.where(known, answers - np.where(known, truth, 0.0), 0.0)
    # In deviations of the training part, so that targets of different units weigh the same.
    spread = np.square(error * data.outputs.scale).sum(1) / known.sum(1)
    rmse = math.sqrt(float(np.square(error).sum() / known.sum()))
    return Score({"rmse": rmse}, 1.0 - spread, block)


def under_losses(data: Dataset, model: Model, shares: Sequence[float]) -> dict[float, Score]:
    """Score a model on the test events while shares of them get lost."""
    found = {}
    for share in shares:
        masks = kept_events(data.test, share)
        pieces = [p.thinned(mask) for p, mask in zip(data.test, masks, strict=True)]
        pieces = [piece for piece in pieces if piece.answered.any()]
        found[share] = score(data, pieces, model.predict(pieces))
    return found


def better(one: Score, other: Score) -> tuple[float, float]:
    """Return how much more worth `one` has, and the standard error of that.

    Both must be of the same events. The error is that of the mean over blocks of events.
    """
    gain = one.credit - other.credit
    sizes = np.bincount(one.block)
    sums = np.bincount(one.block, gain)
    mean = float(gain.mean())
    if len(sizes) < 2:
        return mean, math.inf
    rest = sums - mean * sizes
    factor = len(sizes) / (len(sizes) - 1)
    return mean, math.sqrt(factor * float(np.square(rest).sum())) / float(sizes.sum())


def macro_f1(truth: NDArray[np.int64], answers: Answers) -> float:
    """Return the mean F1 of the classes that occur in the truth."""
    each = []
    for kind in np.unique(truth):
        hits = int(((truth == kind) & (answers == kind)).sum())
        each.append(2 * hits / int((truth == kind).sum() + (answers == kind).sum()))
    return float(np.mean(each))


def _blocks(pieces: Sequence[Piece]) -> NDArray[np.int64]:
    """Number the blocks; none reaches from one piece into the next."""
    numbers, first = [], 0
    for piece in pieces:
        count = int(piece.answered.sum())
        numbers.append(first + np.arange(count) // _BLOCK)
        first = int(numbers[-1].max(initial=first - 1)) + 1
    return np.concatenate(numbers)
