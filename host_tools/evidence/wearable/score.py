"""Lets every model answer at each event of its own test recordings."""

from collections.abc import Sequence

import torch
from torch import Tensor

from host_tools.evidence.wearable.contenders import Contender
from host_tools.evidence.wearable.figures import Table, count, empty
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece, kept_events
from host_tools.learn.windows import Windows
from host_tools.train.network import Network
from host_tools.train.series import EventBatch, stack

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
