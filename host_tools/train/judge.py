"""Evaluates trained models: accuracy from rest and in a stream without reset."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from host_tools.train.losses import entropy_of
from host_tools.train.network import Network, State
from host_tools.train.series import EventBatch, stack
from host_tools.train.trajectory import Trajectory

SEED = 20_000
# Which recordings (numbers) and random draws -> events of one model.
Make = Callable[[Tensor, torch.Generator], EventBatch]


@dataclass(frozen=True)
class Score:
    """Accuracy and loss, one entry a model."""

    accuracy: Tensor
    loss: Tensor  # mean negative log-likelihood


def from_rest(network: Network, make: Make, labels: Tensor, times: int) -> Score:
    """Score every recording separately, from the zero state, at its end, `times` times."""
    random = torch.Generator().manual_seed(SEED)
    pick = torch.arange(len(labels)).repeat(times)
    events = _shared(network, make(pick, random))
    with torch.no_grad():
        features, _ = network.run(events, network.zero_state(len(pick)))
        return _score([network.logits(features[:, :, -1])], [labels[pick]])


def as_stream(network: Network, make: Make, labels: Tensor, orders: int) -> Score:
    """Score all recordings as one stream, in random orders, at the end of each recording."""
    random = torch.Generator().manual_seed(SEED)
    count = len(labels)
    each = torch.stack([torch.randperm(count, generator=random) for _ in range(orders)])
    state: State = network.zero_state(orders)
    outputs, truth = [], []
    with torch.no_grad():
        for pick in each.unbind(1):
            features, state = network.run(_shared(network, make(pick, random)), state)
            outputs.append(network.logits(features[:, :, -1]))
            truth.append(labels[pick])
        return _score(outputs, truth)


def trajectory_of(network: Network, events: EventBatch) -> Trajectory:
    """Return the trajectory of every model over `events`, from the zero state."""
    trajectory = Trajectory()
    shared = _shared(network, events)
    with torch.no_grad():
        network.run(shared, network.zero_state(shared.gaps.shape[1]), trajectory)
    return trajectory


def _shared(network: Network, events: EventBatch) -> EventBatch:
    """Repeat the events for every model, so that seeds differ by their training alone."""
    return stack([events] * network.models)


def _score(outputs: list[Tensor], labels: list[Tensor]) -> Score:
    logits, truth = torch.cat(outputs, 1), torch.cat(labels).expand(len(outputs[0]), -1)
    correct = (logits.argmax(-1) == truth).float()
    return Score(correct.mean(1), entropy_of(logits, truth).mean(1))
