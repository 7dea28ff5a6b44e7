"""Scores answers at every event: tables of truth against answer, and what they say."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from host_tools.evidence.wearable.contenders import Contender
from host_tools.evidence.wearable.data import CLASSES, ROOMS, room
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece, kept_events
from host_tools.learn.windows import Windows
from host_tools.train.network import Network
from host_tools.train.series import EventBatch, stack

# (rooms, classes, classes): events of a class (rows) that were taken for a class (columns)
Table = NDArray[np.int64]
# Recordings that a network runs over together: more take memory.
_TOGETHER = 6


def thinned(data: Dataset, share: float) -> list[Piece]:
    """Return the test's recordings, the shortest first, after `share` of the events got lost."""
    masks = kept_events(data.test, share)
    pieces = [p.thinned(mask) for p, mask in zip(data.test, masks, strict=True)]
    return sorted(pieces, key=len)


def tables(
    contender: Contender, network: Network, sets: Sequence[Dataset], share: float
) -> list[Table]:
    """Run every model over its own test recordings, each from rest; set i belongs to model i."""
    each = [thinned(data, share) for data in sets]
    found = [empty() for _ in sets]
    most = max(map(len, each))
    for first in range(0, most, _TOGETHER):
        # From the longest on, so that recordings of about one length run together.
        parts = [
            pieces[max(len(pieces) - first - _TOGETHER, 0) : len(pieces) - first]
            if first < len(pieces)
            else []
            for pieces in each
        ]
        width = max(map(len, parts))
        batch = [_events(data, part, width) for data, part in zip(sets, parts, strict=True)]
        answers = _answers(contender, network, stack(batch))
        for i, part in enumerate(parts):
            for row, piece in enumerate(part):
                count(found[i], piece, answers[i, row, : len(piece)].numpy())
    return found


def _events(data: Dataset, part: Sequence[Piece], width: int) -> EventBatch:
    """Return the events of `width` recordings; what is missing is filled with the first event."""
    short = [*part, *[data.test[0].between(0, 1)] * (width - len(part))]
    windows = Windows(data, short)
    lengths = torch.tensor(windows.lengths)
    series, _ = windows.take(lengths.cumsum(0) - lengths, lengths)
    return series.events()


def _answers(contender: Contender, network: Network, events: EventBatch) -> Tensor:
    with torch.no_grad():
        series = events.gaps.shape[1]
        features, _ = network.run(contender.given(events), network.zero_state(series))
        answers: Tensor = network.logits(features[:, :, :-1]).argmax(-1)
    return answers


def empty() -> Table:
    return np.zeros((len(ROOMS), len(CLASSES), len(CLASSES)), np.int64)


def count(table: Table, piece: Piece, answers: NDArray[np.int64]) -> None:
    """Add a recording's events to a table."""
    np.add.at(table[ROOMS.index(room(piece))], (piece.labels, answers), 1)


def f1(table: Table) -> NDArray[np.float64]:
    """Return the F1 of every class of (..., classes, classes); NaN for one that no event has."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    truly, said = table.sum(-1), table.sum(-2)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(truly > 0, 2 * right / (truly + said), np.nan)
    return found


def macro_f1(table: Table) -> float:
    """Return the mean F1 of the classes that are there, over both rooms."""
    return float(np.nanmean(f1(table.sum(0))))


def accuracy(table: Table) -> float:
    return float(np.trace(table.sum(0)) / table.sum())
