"""What training minimises, and what the best iteration is chosen by. Needs PyTorch.

Each takes outputs (models, series, events + 1, outputs), events, and targets as windows have them;
it returns one value a model.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.learn.dataset import Dataset
from host_tools.train.fit import Loss
from host_tools.train.losses import entropy_of
from host_tools.train.series import EventBatch

# How much of the loss the choice takes: enough to decide between equal F1.
_LOSS_SHARE = 0.01


def loss_of(data: Dataset) -> Loss:
    """Return the loss at every event with an answer."""
    if not data.classes:
        return _square_error
    # A class weighs its frequency to the power -0.5, so that rare ones count for more.
    counts = np.maximum(data.class_counts("train"), 1)
    weights = (counts / counts.sum()) ** -0.5
    by_class = torch.tensor(weights / weights.mean(), dtype=torch.float32)

    def entropy(logits: Tensor, events: EventBatch, labels: Tensor) -> Tensor:
        at_events, labels = _at_events(logits, labels)
        known = labels.clamp_min(0)
        weight = by_class[known] * (labels >= 0) * events.received
        return _mean(entropy_of(at_events, known), weight)

    return entropy


def choice_of(data: Dataset) -> Loss:
    """Return what is lowest for the best iteration: 1 - macro F1, or the loss of values.

    The entropy would choose too early: it grows with confidence while the decisions still improve.
    """
    loss = loss_of(data)
    if not data.classes:
        return loss
    count = len(data.classes)

    def choice(logits: Tensor, events: EventBatch, labels: Tensor) -> Tensor:
        at_events, wanted = _at_events(logits, labels)
        counted = (wanted >= 0) & (events.received > 0)
        truth = F.one_hot(wanted.clamp_min(0), count) * counted[..., None]
        said = F.one_hot(at_events.argmax(-1), count) * counted[..., None]
        truly, named = truth.flatten(1, 2).sum(1), said.flatten(1, 2).sum(1)
        right = (truth * said).flatten(1, 2).sum(1)
        there = truly > 0
        f1 = torch.where(there, 2 * right / (truly + named).clamp_min(1), 0.0)
        macro = f1.sum(1) / there.sum(1).clamp_min(1)
        return 1 - macro + _LOSS_SHARE * loss(logits, events, labels)

    return choice


def _square_error(values: Tensor, events: EventBatch, targets: Tensor) -> Tensor:
    """Return the mean squared error of the normalised values."""
    at_events, targets = _at_events(values, targets)
    known = torch.isfinite(targets)
    error = (at_events - torch.where(known, targets, 0.0)).square()
    return _mean(error, known * events.received[..., None])


def _at_events(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return outputs and targets of the events; targets are padded to the longest window."""
    at_events = outputs[..., :-1, :]
    return at_events, targets[:, :, : at_events.shape[2]]


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).flatten(1).sum(1) / weight.flatten(1).sum(1).clamp_min(1e-9)
