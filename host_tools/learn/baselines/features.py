"""Tables of numbers for models without a state: a row for each answered event."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from host_tools.learn.dataset import Dataset, Scaling
from host_tools.learn.piece import Piece, held

Floats = NDArray[np.float64]
# One piece -> (answered events, features).
Features = Callable[[Piece], Floats]

WINDOWS = (10, 30)
# Training rows: more take longer and teach trees little.
_MOST_ROWS = 20_000


def scaled(piece: Piece, scaling: Scaling) -> Floats:
    """Return the inputs that are held at every event, normalised; before the first value 0."""
    values = (piece.values - scaling.offset) * scaling.scale
    return held(values, np.zeros(values.shape[1]))


def current(scaling: Scaling) -> Features:
    """Return the features of the moment alone."""
    return lambda piece: scaled(piece, scaling)[piece.answered]


def statistics(scaling: Scaling, windows: Sequence[int] = WINDOWS) -> Features:
    """Return each channel's statistics over the last events, and how long these took."""

    def features(piece: Piece) -> Floats:
        inputs, rows = scaled(piece, scaling), np.flatnonzero(piece.answered)
        columns = [inputs[rows]]
        for length in windows:
            values, seconds = _window(inputs, piece.t_s, length, rows)
            columns += [
                values.mean(2),
                values.std(2),
                values.min(2),
                values.max(2),
                values[..., -1] - values[..., 0],
                np.abs(np.diff(values, axis=2)).mean(2),
                (seconds[:, -1] - seconds[:, 0])[:, None],
                np.diff(seconds, axis=1).max(1)[:, None],
            ]
        return np.concatenate(columns, axis=1)

    return features


def in_order(
    scaling: Scaling, length: int, timed: bool = True, shuffle: int | None = None
) -> Features:
    """Return the last events one after the other, the latest first.

    timed: with the time since each of them. shuffle: a seed to put the events before the latest in
    random order, their times with them.
    """

    def features(piece: Piece) -> Floats:
        inputs, rows = scaled(piece, scaling), np.flatnonzero(piece.answered)
        values, seconds = _window(inputs, piece.t_s, length, rows)
        ages = seconds[:, -1:] - seconds
        both = np.concatenate([values, ages[:, None]], axis=1)[..., ::-1]
        if shuffle is not None:
            random = np.random.default_rng(shuffle)
            order = random.random((len(rows), length - 1)).argsort(1) + 1
            order = np.concatenate([np.zeros((len(rows), 1), np.int64), order], axis=1)
            both = np.take_along_axis(both, order[:, None], axis=2)
        return (both if timed else both[:, :-1]).reshape(len(rows), -1)

    return features


def _window(
    inputs: Floats, t_s: Floats, length: int, rows: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return the last `length` events at each row: values (rows, channels, length), times.

    Before a recording's first event, that event is repeated.
    """
    before = np.zeros(length - 1, np.int64)
    places = np.concatenate([before, np.arange(len(inputs))])
    windows = sliding_window_view(places, length)[rows]
    return inputs[windows].transpose(0, 2, 1), t_s[windows]


def table(features: Features, pieces: Sequence[Piece]) -> Floats:
    """Return the rows of all pieces."""
    return np.concatenate([features(piece) for piece in pieces])


def training_rows(
    features: Features, data: Dataset, drop: float = 0.0, seed: int = 0
) -> tuple[Floats, NDArray[np.float64] | NDArray[np.int64]]:
    """Return the rows and answers of the training part.

    drop: if above 0, the events come once more, this share of them lost at random.
    """
    pieces = list(data.training)
    if drop:
        random = np.random.default_rng(seed)
        thinned = [piece.thinned(random.random(len(piece)) >= drop) for piece in pieces]
        pieces += [piece for piece in thinned if piece.answered.any()]
    rows, answers = table(features, pieces), answers_of(data, pieces)
    if len(rows) > _MOST_ROWS:
        some = np.random.default_rng(seed).permutation(len(rows))[:_MOST_ROWS]
        rows, answers = rows[some], answers[some]
    return rows, answers


def answers_of(data: Dataset, pieces: Sequence[Piece]) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the true answers of the answered events: class numbers, or values."""
    if data.classes:
        return np.concatenate([piece.labels[piece.answered] for piece in pieces])
    return np.concatenate([piece.targets[piece.answered] for piece in pieces])
