"""Losses, one value a model: (models,). Logits and values are (models, series, events + 1, k)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.train.series import EventBatch


def class_loss(
    logits: Tensor,
    events: EventBatch,
    labels: Tensor,  # (models, series)
    label_smoothing: float = 0.0,
    settle_s: float = 0.0,
    full_s: float = 1.0,
    early_weight: float = 0.0,
) -> Tensor:
    """Return the cross-entropy at the recording's end, plus a share of it over the time before.

    The answer counts from `settle_s` on, with more and more weight up to `full_s`.
    """
    if not early_weight:
        return entropy_of(logits[..., -1, :], labels, label_smoothing).mean(1)
    entropy = entropy_of(logits, labels[..., None].expand(logits.shape[:-1]), label_smoothing)
    gaps = torch.cat([events.gaps, events.rest[..., None]], 2)
    settled = ((gaps.cumsum(2) - settle_s) / (full_s - settle_s)).clamp(0, 1)
    weight = gaps * settled
    early = (entropy * weight).sum(2) / weight.sum(2).clamp_min(1e-6)
    return (entropy[..., -1] + early_weight * early).mean(1)


def entropy_of(logits: Tensor, labels: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Return the cross-entropy of logits (..., classes) for each of the labels (...)."""
    flat = logits.flatten(0, -2), labels.flatten()
    entropy = F.cross_entropy(*flat, reduction="none", label_smoothing=label_smoothing)
    return entropy.view_as(labels)


def value_loss(values: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared error at the recording's end; targets (models, series, k)."""
    return (values[..., -1, :] - targets).square().flatten(1).mean(1)


def sequence_loss(values: Tensor, events: EventBatch, targets: Tensor) -> Tensor:
    """Return the mean error over the received events; padding and the end do not count.

    targets: (models, series, events, k) floats, squared error; or (models, series, events) class
    numbers, cross-entropy. Target e is what the device should put out at event e.
    """
    at_events = values[..., :-1, :]
    if targets.is_floating_point():
        error = (at_events - targets).square().mean(-1)
    else:
        error = entropy_of(at_events, targets)
    received = events.received
    return (error * received).flatten(1).sum(1) / received.flatten(1).sum(1).clamp_min(1.0)
