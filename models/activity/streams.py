"""Recordings as irregular events: samples lost, timestamps jittered, intervals true or assumed."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

PERIOD_S = 0.1
WINDOW_S = 10.0
# Time since the last event of a stream that had none: its first event then counts as time zero.
NEVER = -torch.inf
GRAVITY = 9.80665  # m/s^2


@dataclass(frozen=True)
class Samples:
    """Labelled series; the inputs are (values - offset) * scale."""

    inputs: Tensor  # (series, samples, channels)
    labels: Tensor  # (series,)
    scale: Tensor  # (channels,)


def gravity(series: int, scale: Tensor, random: torch.Generator) -> Tensor:
    """Gravity from a random direction for every series, to be added to its inputs.

    The watch that made the recordings reports acceleration without gravity. A bare accelerometer
    such as the MPU-6050's feels it, from whichever side the board is mounted on.
    """
    down = F.normalize(torch.randn(series, 1, 3, generator=random), dim=2)
    return F.pad(GRAVITY * down, (0, len(scale) - 3)) * scale


@dataclass(frozen=True)
class Events:
    """Events of (models, series), padded at the end to the longest by repeating the last one.

    A repeated event comes 0 s after the last, so it changes nothing.
    """

    inputs: Tensor  # (models, series, events, channels), normalised
    gaps: Tensor  # (models, series, events): s since the event before; first: since the start
    rest: Tensor  # (models, series): s from the last event to the end of the recording
    received: Tensor  # (models, series, events): 1.0, or 0.0 where padded

    def assuming_period(self) -> "Events":
        """The same events as told by a device that takes every interval for the nominal one."""
        gaps = PERIOD_S * self.received
        gaps[..., 0] = 0.0
        return replace(self, gaps=gaps, rest=torch.full_like(self.rest, PERIOD_S))

    def following(self, rest: Tensor) -> "Events":
        """The same events on a stream whose last event came `rest` before this recording."""
        gaps = self.gaps.clone()
        gaps[..., 0] = (gaps[..., 0] + rest).clamp_min(0.0)
        return replace(self, gaps=gaps)


def make_events(
    inputs: Tensor, drop: Tensor, jitter_s: Tensor, stretch: Tensor, random: torch.Generator
) -> Events:
    """Lose each sample with probability `drop` and move its time by up to +-`jitter_s`.

    `inputs` is (series, samples, channels), the others (series,). At least one sample is kept.
    The result has a single model.
    """
    series, samples, channels = inputs.shape
    moved = 2 * torch.rand(series, samples, generator=random) - 1
    times = (PERIOD_S * torch.arange(samples) + moved * jitter_s[:, None]).clamp_min(0.0)
    kept = torch.rand(series, samples, generator=random) >= drop[:, None]
    spared = torch.randint(samples, (series,), generator=random)
    kept[torch.arange(series), spared] |= ~kept.any(1)

    count = kept.sum(1)
    order = torch.argsort((~kept).int(), dim=1, stable=True)[:, : int(count.max())]
    place = torch.arange(order.shape[1])
    order = order.gather(1, torch.minimum(place[None], count[:, None] - 1))
    times = times.gather(1, order) * stretch[:, None]
    return Events(
        inputs.gather(1, order[..., None].expand(-1, -1, channels))[None],
        torch.diff(times, dim=1, prepend=torch.zeros(series, 1))[None],
        (WINDOW_S * stretch - times[:, -1])[None],
        (place[None] < count[:, None]).float()[None],
    )


def stack(each: list[Events]) -> Events:
    """The events of several models as one."""
    longest = max(events.gaps.shape[2] for events in each)
    padded = []
    for events in each:
        missing = longest - events.gaps.shape[2]
        last = events.inputs[:, :, -1:].expand(-1, -1, missing, -1)
        zeros = torch.zeros(1, events.gaps.shape[1], missing)
        padded.append(
            (
                torch.cat([events.inputs, last], 2),
                torch.cat([events.gaps, zeros], 2),
                events.rest,
                torch.cat([events.received, zeros], 2),
            )
        )
    return Events(*(torch.cat(parts) for parts in zip(*padded, strict=True)))
