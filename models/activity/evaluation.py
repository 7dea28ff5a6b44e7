"""Accuracy of trained models: each recording from rest, and all as one stream without reset."""

from dataclasses import dataclass

import torch
from networks import Network, State
from streams import Events, Samples, gravity, make_events, stack
from torch import Tensor
from torch.nn import functional as F

DROPS = (0.0, 0.3, 0.5, 0.7, 0.9)
MASKS = 20  # random sets of lost samples a recording is judged over
STREAMS = 20  # random orders, each with its own lost samples, that a stream is judged over
STREAM_JITTER_S = 0.03
_SEED = 20_000


@dataclass(frozen=True)
class Score:
    """One entry a model."""

    accuracy: Tensor
    loss: Tensor  # mean negative log-likelihood


@torch.no_grad()
def from_rest(
    network: Network, samples: Samples, drop: float, true_gaps: bool = True, tilted: bool = False
) -> Score:
    """Every recording by itself, from the zero state, judged at its end."""
    random = torch.Generator().manual_seed(_SEED)
    inputs, labels = samples.inputs.repeat(MASKS, 1, 1), samples.labels.repeat(MASKS)
    if tilted:
        inputs = inputs + gravity(len(inputs), samples.scale, random)
    events = _events(network, inputs, drop, 0.0, random)
    if not true_gaps:
        events = events.assuming_period()
    features, _ = network.run(events, network.zero_state(len(labels)))
    return _score([network.logits(features[:, :, -1])], [labels])


@torch.no_grad()
def from_rest_with_gravity(
    network: Network, samples: Samples, drop: float, true_gaps: bool = True
) -> Score:
    """The same with gravity in the acceleration, from a random direction for each recording."""
    return from_rest(network, samples, drop, true_gaps, tilted=True)


@torch.no_grad()
def as_stream(network: Network, samples: Samples, drop: float, true_gaps: bool = True) -> Score:
    """All recordings one after another, the state carried over, judged at the end of each."""
    random = torch.Generator().manual_seed(_SEED)
    count = len(samples.labels)
    orders = torch.stack([torch.randperm(count, generator=random) for _ in range(STREAMS)])
    state: State = network.zero_state(STREAMS)
    outputs, labels = [], []
    for pick in orders.unbind(1):
        events = _events(network, samples.inputs[pick], drop, STREAM_JITTER_S, random)
        if not true_gaps:
            events = events.assuming_period()
        features, state = network.run(events, state)
        outputs.append(network.logits(features[:, :, -1]))
        labels.append(samples.labels[pick])
    return _score(outputs, labels)


def _events(
    network: Network, inputs: Tensor, drop: float, jitter_s: float, random: torch.Generator
) -> Events:
    """The same events for every model, so that seeds differ by their training alone."""
    each = torch.ones(len(inputs))
    events = make_events(inputs, drop * each, jitter_s * each, each, random)
    return stack([events] * len(network.parameters["readout.bias"]))


def _score(outputs: list[Tensor], labels: list[Tensor]) -> Score:
    logits, truth = torch.cat(outputs, 1), torch.cat(labels).expand(len(outputs[0]), -1)
    losses = F.cross_entropy(logits.flatten(0, 1), truth.flatten(), reduction="none")
    correct = (logits.argmax(-1) == truth).float()
    return Score(correct.mean(1), losses.view_as(truth).mean(1))


WAYS = {
    "from_rest": from_rest,
    "stream": as_stream,
    "from_rest_with_gravity": from_rest_with_gravity,
}
