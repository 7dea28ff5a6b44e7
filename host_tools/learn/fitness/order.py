"""Whether the order of the events matters, whether their times do, or whether whole recordings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from host_tools.learn.baselines.features import Features, in_order, statistics
from host_tools.learn.baselines.forest import OnTable, forest
from host_tools.learn.baselines.judging import Answers, Score, beats, score
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece

_WINDOW = 10
# A recording that is answered as a whole has at most so many events.
_SHORT = 500
_LEAST_RECORDINGS = 10


@dataclass(frozen=True)
class Order:
    """Forests on the last events: in order with their times, shuffled, and without times."""

    ordered: Score
    shuffled: Score
    untimed: Score

    @property
    def lines(self) -> list[str]:
        """What the comparison says."""
        found = []
        for name, other in (("in random order", self.shuffled), ("without times", self.untimed)):
            shows = beats({0.0: self.ordered}, {0.0: other})
            word = "matters" if shows else "does not show"
            what = "order" if other is self.shuffled else "time"
            found.append(
                f"{what} {word}: trees on the last {_WINDOW} events reach "
                f"{self.ordered.worth:.3f}, {name} {other.worth:.3f}"
            )
        return found


def compare_orders(data: Dataset) -> Order:
    """Train forests on windows in order, shuffled and without times; judge them on the test."""

    def judged(features: Features) -> Score:
        model = OnTable(data, features, forest)
        model.fit()
        return score(data, data.test, model.predict(data.test))

    inputs = data.inputs
    return Order(
        judged(in_order(inputs, _WINDOW)),
        judged(in_order(inputs, _WINDOW, shuffle=1)),
        judged(in_order(inputs, _WINDOW, timed=False)),
    )


@dataclass(frozen=True)
class Whole:
    """One label for each short recording: accuracy from statistics of the whole of it."""

    events: int  # median of the recordings
    accuracy: float
    recordings: int  # of the test


def whole_recordings(data: Dataset) -> Whole | None:
    """Judge trees on whole recordings; None if recordings are not answered as a whole."""
    if not data.classes or data.split_by == "blocks" or len(data.recordings) < _LEAST_RECORDINGS:
        return None
    events = int(np.median([len(piece) for piece in data.recordings]))
    kinds = [np.unique(piece.labels[piece.labels >= 0]) for piece in data.recordings]
    if events > _SHORT or any(len(each) > 1 for each in kinds):
        return None
    from sklearn.ensemble import RandomForestClassifier

    longest = max(len(piece) for piece in data.recordings)
    # The statistics of the last events, of more than there are, at the last one.
    features = statistics(data.inputs, [longest])
    model = RandomForestClassifier(200, min_samples_leaf=1, random_state=0, n_jobs=2)
    learnt = data.training + data.validation
    model.fit(_last_rows(features, learnt), _labels(learnt))
    right = model.predict(_last_rows(features, data.test)) == _labels(data.test)
    return Whole(events, float(right.mean()), len(right))


def at_the_end(data: Dataset, answers: Answers) -> float:
    """Return the accuracy of the last answer of each test recording."""
    counts = [int(piece.answered.sum()) for piece in data.test]
    last = np.cumsum(counts) - 1
    return float((answers[last] == _labels(data.test)).mean())


def _last_rows(features: Features, pieces: Sequence[Piece]) -> NDArray[np.float64]:
    return np.concatenate([features(_ending(piece)) for piece in pieces])


def _ending(piece: Piece) -> Piece:
    """Return the piece with its last label alone."""
    labels = np.full_like(piece.labels, -1)
    last = np.flatnonzero(piece.labels >= 0)[-1]
    labels[last] = piece.labels[last]
    return replace(piece, labels=labels)


def _labels(pieces: Sequence[Piece]) -> NDArray[np.int64]:
    return np.array([piece.labels[piece.labels >= 0][-1] for piece in pieces])
