"""Scores answers against the truth, and tells whether one model's are better than another's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from host_tools.learn import judge
from host_tools.learn.baselines.features import answers_of
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece, kept_events

# Class numbers (events,), or values (events, targets).
Answers = NDArray[np.int64] | NDArray[np.float64]
# Consecutive events whose answers are taken as one observation: neighbours resemble each other.
_BLOCK = 25
# The least gain in worth that counts, whatever its error.
_LEAST_GAIN = 0.01


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


def score(
    data: Dataset,
    pieces: Sequence[Piece],
    answers: Answers,
    block: NDArray[np.int64] | None = None,
) -> Score:
    """Score the answers at the answered events of the pieces.

    block: of each answered event, where some of the events were lost; None: they are all there.
    """
    truth = answers_of(data, pieces)
    if block is None:
        block = _blocks(pieces)
    if data.classes:
        truth, answers = truth.astype(np.int64), answers.astype(np.int64)
        right = answers == truth
        counts = np.bincount(truth, minlength=len(data.classes))
        weight = len(truth) / ((counts > 0).sum() * counts[truth])
        table = np.zeros((len(data.classes), len(data.classes)), np.int64)
        np.add.at(table, (truth, answers), 1)
        figures = {"accuracy": float(right.mean()), "macro_f1": judge.macro_f1(table)}
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
    before = _blocks(data.test)
    for share in shares:
        masks = kept_events(data.test, share)
        pieces = [p.thinned(mask) for p, mask in zip(data.test, masks, strict=True)]
        pieces = [piece for piece in pieces if piece.answered.any()]
        left = [mask[p.answered] for p, mask in zip(data.test, masks, strict=True)]
        answers = model.predict(pieces)
        found[share] = score(data, pieces, answers, before[np.concatenate(left)])
    return found


def worth(scores: Mapping[float, Score]) -> float:
    """Return the mean credit of all judged events, whatever share was lost."""
    return float(np.concatenate([each.credit for each in scores.values()]).mean())


def better(one: Mapping[float, Score], other: Mapping[float, Score]) -> tuple[float, float]:
    """Return how much more `one` is worth, and the standard error of that.

    Both must be of the same events. Events of one block count as one observation, also those that
    are judged again while others are lost.
    """
    gain = np.concatenate([one[share].credit - other[share].credit for share in one])
    block = np.concatenate([each.block for each in one.values()])
    mean = float(gain.mean())
    sums = np.bincount(block, gain - mean)
    blocks = len(np.unique(block))
    if blocks < 2:
        return mean, math.inf
    return mean, math.sqrt(blocks / (blocks - 1) * float(np.square(sums).sum())) / len(gain)


def beats(one: Mapping[float, Score], other: Mapping[float, Score]) -> bool:
    """Tell whether one is better than the other, by more than chance and by enough to count."""
    gain, error = better(one, other)
    return gain > max(_LEAST_GAIN, 2 * error)


def _blocks(pieces: Sequence[Piece]) -> NDArray[np.int64]:
    """Number the blocks of answered events; none reaches from one piece into the next."""
    numbers: list[NDArray[np.int64]] = []
    first = 0
    for piece in pieces:
        numbers.append(first + np.arange(int(piece.answered.sum())) // _BLOCK)
        first = int(numbers[-1].max(initial=first - 1)) + 1
    return np.concatenate(numbers)
