"""Augmentation by faults of the field: lost samples, jitter, bursts, an outage.

Each function takes and returns a `Series`; at least one event of every recording is kept.
Amounts are one a recording: (series,).
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from host_tools.train.series import Series


def jitter(series: Series, limit_s: Tensor, random: torch.Generator) -> Series:
    """Move every timestamp by up to +-`limit_s`, but not before the start."""
    moved = 2 * torch.rand(series.times.shape, generator=random) - 1
    return replace(series, times=(series.times + moved * limit_s[:, None]).clamp_min(0.0))


def drop(series: Series, rate: Tensor, random: torch.Generator) -> Series:
    """Drop every sample independently with probability `rate`."""
    kept = torch.rand(series.times.shape, generator=random) >= rate[:, None]
    return _lose(series, kept, random)


def burst(series: Series, length_s: Tensor, random: torch.Generator) -> Series:
    """Drop all samples for `length_s`, at a random time of each recording."""
    start, end = _window(series, length_s, random)
    return _lose(series, (series.times < start) | (series.times >= end), random)


def outage(
    series: Series, channels: Sequence[int], length_s: Tensor, random: torch.Generator
) -> Series:
    """Silence the sensor with these channels for `length_s`; the others continue."""
    start, end = _window(series, length_s, random)
    silent = (series.times >= start) & (series.times < end)
    carried = series.carried
    if carried is None:
        carried = torch.ones(series.inputs.shape, dtype=torch.bool)
    gone = torch.zeros(series.inputs.shape[2], dtype=torch.bool)
    gone[list(channels)] = True
    left = carried & ~(silent[..., None] & gone)
    lost = ~left.any(2)
    series = _lose(series, ~lost, random)
    spared = (series.received & lost)[..., None]
    return replace(series, carried=torch.where(spared, carried, left))


def stretch(series: Series, factor: Tensor) -> Series:
    return replace(series, times=series.times * factor[:, None], duration=series.duration * factor)


def _window(series: Series, length_s: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw (start, end), (series, 1) each; the span lies within the recording where it fits."""
    room = (series.duration - length_s).clamp_min(0.0)
    start = (room * torch.rand(len(room), generator=random))[:, None]
    return start, start + length_s[:, None]


def _lose(series: Series, kept: Tensor, random: torch.Generator) -> Series:
    """Keep only the events in `kept`; a recording that would lose all keeps one."""
    count = series.received.sum(1)
    lot = torch.randint(series.times.shape[1], (len(count),), generator=random) % count
    spared = (series.received.cumsum(1) == lot[:, None] + 1).int().argmax(1)
    left = kept & series.received
    left[torch.arange(len(count)), spared] |= ~left.any(1)
    return replace(series, received=left)
