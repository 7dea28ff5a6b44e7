"""Windows: stretches of consecutive events that a network is trained on. Needs PyTorch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece, held
from host_tools.train import augment
from host_tools.train.series import EventBatch, Series

# Share of the windows that lose events in training.
_DAMAGED = 0.7
# Share of the windows that go on in another piece, where no piece has two classes.
_GO_ON = 0.5
_NO_LABEL = -1


class Windows:
    """The events of some pieces, joined, from which windows are taken.

    A window begins with the state at rest and every channel at the value held then. Its targets
    are (series, events): the class, -1 for none; or (series, events, targets): normalised values,
    NaN for none.
    """

    def __init__(self, data: Dataset, pieces: Sequence[Piece]) -> None:
        offset, scale = data.inputs.offset, data.inputs.scale
        normal = [(piece.values - offset) * scale for piece in pieces]
        rest = np.zeros(len(data.channels))
        values = np.concatenate(normal)
        self._carried = torch.tensor(~np.isnan(values))
        self._inputs = torch.tensor(np.nan_to_num(values), dtype=torch.float32)
        found = np.concatenate([held(each, rest) for each in normal])
        self._held = torch.tensor(found, dtype=torch.float32)
        self._times = torch.tensor(np.concatenate([piece.t_s for piece in pieces]))
        self._targets = torch.tensor(_targets(data, pieces))
        self.lengths = np.array([len(piece) for piece in pieces])
        self._first = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        next_s = [np.append(np.diff(piece.t_s), 0.0) for piece in pieces]
        # s from an event to the next; 0 for the last of a piece.
        self._next_s = torch.tensor(np.concatenate(next_s))
        kinds = [np.unique(piece.labels[piece.labels >= 0]) for piece in pieces]
        self._of_one_class = bool(data.classes) and all(len(kind) < 2 for kind in kinds)

    def take(self, starts: Tensor, lengths: Tensor) -> tuple[Series, Tensor]:
        """Return windows (series and targets) of `lengths` events from the places `starts`."""
        place = torch.arange(int(lengths.max()))
        received = place[None] < lengths[:, None]
        index = starts[:, None] + torch.minimum(place[None], lengths[:, None] - 1)
        times = self._times[index]
        times = times - times[:, :1]
        inputs, carried = self._inputs[index], self._carried[index]
        inputs[:, 0], carried[:, 0] = self._held[starts], True
        return Series(times, inputs, received, times[:, -1], carried), self._targets[index]

    def draw(
        self, count: int, length: int, drop: float, random: torch.Generator
    ) -> tuple[EventBatch, Tensor]:
        """Draw windows of `length` events or of a whole piece, and lose events in most of them.

        A piece is drawn as often as it has events. drop: the most that a window loses. Where no
        piece has two classes, half of the windows go on in another piece: on the board one class
        follows another, and a network that has never seen that keeps to its first answer.
        """
        limits = torch.full((count,), length)
        if self._of_one_class:
            goes_on = torch.rand(count, generator=random) < _GO_ON
            before = 1 + ((length - 1) * torch.rand(count, generator=random)).long()
            limits = torch.where(goes_on, before, limits)
        starts, lengths = self._places(limits, random)
        series, targets = self.take(starts, lengths)
        begins = _begins(series)
        if self._of_one_class:
            after, further = self.take(*self._places((length - limits).clamp_min(1), random))
            after.received[limits == length] = False
            begins = torch.cat([begins, _begins(after)], 1)
            series = _followed(series, self._next_s[starts], after)
            targets = torch.cat([targets, further], 1)
        rate = drop * torch.rand(count, generator=random)
        rate = torch.where(torch.rand(count, generator=random) < _DAMAGED, rate, 0.0)
        thinned = augment.drop(series, rate, random)
        # The first event of a piece carries what was held before it.
        thinned = replace(thinned, received=thinned.received | begins)
        return _in_order(thinned, targets, length)

    def _places(self, limits: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw starts and lengths of stretches of `limits` events, or of whole pieces."""
        weight = torch.tensor(self.lengths, dtype=torch.float64)
        which = torch.multinomial(weight, len(limits), replacement=True, generator=random)
        whole = torch.tensor(self.lengths)[which]
        lengths = torch.minimum(whole, limits)
        share = torch.rand(len(limits), dtype=torch.float64, generator=random)
        return torch.tensor(self._first)[which] + (share * (whole - lengths + 1)).long(), lengths

    def spread(self, count: int, length: int) -> tuple[EventBatch, Tensor]:
        """Return at most `count` windows of at most `length` events, evenly over the pieces."""
        starts, lengths = [], []
        for first, whole in zip(self._first, self.lengths, strict=True):
            for start in range(0, int(whole), length):
                starts.append(int(first) + start)
                lengths.append(min(length, int(whole) - start))
        chosen = np.linspace(0, len(starts) - 1, min(count, len(starts))).round().astype(int)
        some = torch.tensor(starts)[chosen], torch.tensor(lengths)[chosen]
        series, targets = self.take(*some)
        return _in_order(series, targets, series.times.shape[1])


def _begins(series: Series) -> Tensor:
    """Return which event is the first of each series, (series, events)."""
    first = torch.zeros_like(series.received)
    first[:, 0] = series.received[:, 0]
    return first


def _followed(series: Series, gap_s: Tensor, after: Series) -> Series:
    """Return the events of a series, and `gap_s` behind its last one those of another."""
    assert series.carried is not None and after.carried is not None
    begin = series.duration + gap_s
    return Series(
        torch.cat([series.times, after.times + begin[:, None]], 1),
        torch.cat([series.inputs, after.inputs], 1),
        torch.cat([series.received, after.received], 1),
        begin + after.duration,
        torch.cat([series.carried, after.carried], 1),
    )


def _targets(data: Dataset, pieces: Sequence[Piece]) -> np.ndarray:
    if data.classes:
        return np.concatenate([piece.labels for piece in pieces])
    values = np.concatenate([piece.targets for piece in pieces])
    return ((values - data.outputs.offset) * data.outputs.scale).astype(np.float32)


def _in_order(series: Series, targets: Tensor, longest: int) -> tuple[EventBatch, Tensor]:
    """Return the received events, and their targets in the same order, `longest` places of them.

    That is more than the events of most draws, so that several models' targets can be stacked;
    their events are padded when they are stacked.
    """
    order = series.order()
    events = series.events()
    wide = order if targets.dim() == 2 else order[..., None].expand(-1, -1, targets.shape[2])
    ordered = targets.gather(1, wide)
    missing = longest - ordered.shape[1]
    padding = [0, missing] if targets.dim() == 2 else [0, 0, 0, missing]
    none = _NO_LABEL if targets.dim() == 2 else torch.nan
    ordered = F.pad(ordered, padding, value=none)
    return replace(events, rest=torch.zeros_like(events.rest)), ordered
