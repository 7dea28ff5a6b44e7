"""Recordings as irregular events, and the batches that networks run over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

# Time since the last event of a stream without events: its first event is then at time zero.
NEVER = -torch.inf


@dataclass(frozen=True)
class EventBatch:
    """Events of (models, series), padded at the end to the longest by repeating the last one.

    A repeated event comes 0 s after the last, so it changes nothing.
    """

    inputs: Tensor  # (models, series, events, channels), normalised; held until the next event
    gaps: Tensor  # (models, series, events): s since the event before; first: since the start
    rest: Tensor  # (models, series): s from the last event to the end of the recording
    received: Tensor  # (models, series, events): 1.0, or 0.0 where padded

    def assuming_period(self, period_s: float) -> "EventBatch":
        """Return the events with every interval replaced by the nominal one."""
        gaps = period_s * self.received
        gaps[..., 0] = 0.0
        return replace(self, gaps=gaps, rest=torch.full_like(self.rest, period_s))

    def following(self, rest: Tensor) -> "EventBatch":
        """Return the events in a stream whose last event came `rest` s before this recording."""
        gaps = self.gaps.clone()
        gaps[..., 0] = (gaps[..., 0] + rest).clamp_min(0.0)
        return replace(self, gaps=gaps)


def stack(each: Sequence[EventBatch]) -> EventBatch:
    """Join the events of several models along the first axis, padded to the longest."""
    longest = max(events.gaps.shape[2] for events in each)
    padded = []
    for events in each:
        missing = longest - events.gaps.shape[2]
        last = events.inputs[:, :, -1:].expand(-1, -1, missing, -1)
        zeros = torch.zeros_like(events.gaps[:, :, :1]).expand(-1, -1, missing)
        padded.append(
            (
                torch.cat([events.inputs, last], 2),
                torch.cat([events.gaps, zeros], 2),
                events.rest,
                torch.cat([events.received, zeros], 2),
            )
        )
    return EventBatch(*(torch.cat(parts) for parts in zip(*padded, strict=True)))


@dataclass(frozen=True)
class Series:
    """Recordings of one model's batch before they become `EventBatch`; padded at the end."""

    times: Tensor  # (series, events): s from the start of the recording
    inputs: Tensor  # (series, events, channels), normalised
    received: Tensor  # (series, events), bool: neither padded nor lost
    duration: Tensor  # (series,), s
    carried: Tensor | None = None  # (series, events, channels), bool; None: all in every event

    def events(self) -> EventBatch:
        """Return the received events in order of time; every channel holds its latest value."""
        count = self.received.sum(1)
        order = self.order()
        place = torch.arange(order.shape[1])
        times = self.times.gather(1, order)
        wide = order[..., None].expand(-1, -1, self.inputs.shape[2])
        inputs = self.inputs.gather(1, wide)
        if self.carried is not None:
            inputs = _hold(inputs, self.carried.gather(1, wide))
        gaps = torch.diff(times, dim=1, prepend=torch.zeros_like(times[:, :1]))
        rest, received = self.duration - times[:, -1], place[None] < count[:, None]
        small = (part.to(inputs.dtype)[None] for part in (gaps, rest, received))
        return EventBatch(inputs[None], *small)

    def order(self) -> Tensor:
        """Return the places of the received events in order of time, (series, longest).

        Shorter series repeat their last event at the end.
        """
        count = self.received.sum(1)
        # Stable: simultaneous events keep their order.
        late = torch.where(self.received, self.times, torch.inf)
        order = torch.argsort(late, dim=1, stable=True)[:, : int(count.max())]
        place = torch.arange(order.shape[1])
        return order.gather(1, torch.minimum(place[None], count[:, None] - 1))

    def pick(self, index: Tensor) -> "Series":
        carried = None if self.carried is None else self.carried[index]
        parts = (self.times[index], self.inputs[index], self.received[index], self.duration[index])
        return Series(*parts, carried)


def _hold(inputs: Tensor, carried: Tensor) -> Tensor:
    """Return each channel's latest carried value; before the first 0, the channel's offset."""
    place = torch.arange(inputs.shape[1])[None, :, None]
    latest = torch.where(carried, place, -1).cummax(1).values
    held = inputs.gather(1, latest.clamp_min(0))
    return torch.where(latest >= 0, held, 0.0)
