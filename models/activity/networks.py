"""The decay cell that is shipped, and the GRU that it is measured against.

Parameters, states and events carry a leading axis: one entry a seed. A step costs mostly the
calls, hardly the arithmetic, so five seeds train in about the time of one; nothing is shared
between them. Both networks have the same readout, so that what is compared is the recurrence.
"""

import math
from abc import ABC, abstractmethod

import torch
from streams import NEVER, Events
from torch import Tensor
from torch.nn import functional as F

ALPHA_MIN, ALPHA_MAX = 0.05, 30.0  # 1/s
TAU_S = (0.05, 5.0)  # the time constants start log-spaced over this range
READOUT_TAU_S = 3.0  # a 10 s recording outweighs what came before it 27 to 1

State = tuple[Tensor, ...]  # each (models, series, ...); the last is the time since the last event


class Network(ABC):
    """Parameters of several models, and how their state follows the events."""

    def __init__(self, each: list[dict[str, Tensor]], units: int) -> None:
        self.units = units
        self.parameters = {
            name: torch.stack([one[name] for one in each]).requires_grad_() for name in each[0]
        }

    def size(self) -> int:
        """How many parameters one model has."""
        return sum(p[0].numel() for p in self.parameters.values())

    @abstractmethod
    def zero_state(self, series: int) -> State:
        """The state before anything was received."""

    @abstractmethod
    def run(self, events: Events, state: State) -> tuple[Tensor, State]:
        """What the readout sees just before each event and at the end; the state to go on from."""

    def logits(self, features: Tensor) -> Tensor:
        weight, bias = self.parameters["readout.weight"], self.parameters["readout.bias"]
        flat = features.flatten(1, -2) @ weight.transpose(1, 2) + bias[:, None]
        return flat.view(*features.shape[:-1], -1)


class DecayCell(Network):
    """dx/dt = alpha(x, u) * (g(x, u) - x), exponential steps, "previous" convention."""

    def __init__(self, seeds: list[int], channels: int, classes: int, units: int = 32) -> None:
        super().__init__([_decay_parameters(s, channels, classes, units) for s in seeds], units)
        self.channels = channels

    def zero_state(self, series: int) -> State:
        models = len(self.parameters["readout.bias"])
        wide = torch.zeros(models, series, self.units)
        held = torch.zeros(models, series, self.channels)
        return wide, wide, wide[..., 0], held, torch.full((models, series), NEVER)

    def run(self, events: Events, state: State) -> tuple[Tensor, State]:
        p, n = self.parameters, self.units
        x, mean, weight, held, since = state
        events = events.following(since)
        gaps = torch.cat([events.gaps, events.rest[..., None]], 2)
        inputs = torch.cat([held[:, :, None], events.inputs], 2)  # what is held in each gap
        # Both gates share one product; the inputs' part needs no state, so it is made at once.
        recurrent = torch.cat([p["alpha.recurrent"], p["drive.recurrent"]], 1).transpose(1, 2)
        forward = torch.cat([p["alpha.input"], p["drive.input"]], 1).transpose(1, 2)
        bias = torch.cat([p["alpha.bias"], p["drive.bias"]], 1)[:, None]
        driven = (inputs.flatten(1, 2) @ forward + bias).view(*gaps.shape, 2 * n).unbind(2)

        features = []
        for index, gap in enumerate(gaps.unbind(2)):
            before = x, mean, weight
            gates = torch.baddbmm(driven[index], x, recurrent)
            alpha = (F.softplus(gates[..., :n]) + ALPHA_MIN).clamp_max(ALPHA_MAX)
            x = x - torch.expm1(-gap[..., None] * alpha) * (torch.tanh(gates[..., n:]) - x)
            mean, weight = _averaged(x, mean, weight, gap)
            features.append(mean)
        # The stream goes on from its last event, not from the look at the recording's end.
        return torch.stack(features, 2), (*before, events.inputs[:, :, -1], events.rest)


class Gru(Network):
    """A GRU whose input carries the time since the event before."""

    def __init__(self, seeds: list[int], channels: int, classes: int, units: int = 32) -> None:
        super().__init__([_gru_parameters(s, channels, classes, units) for s in seeds], units)

    def zero_state(self, series: int) -> State:
        models = len(self.parameters["readout.bias"])
        wide = torch.zeros(models, series, self.units)
        return wide, wide, wide[..., 0], torch.full((models, series), NEVER)

    def run(self, events: Events, state: State) -> tuple[Tensor, State]:
        p, n = self.parameters, self.units
        h, mean, weight, since = state
        events = events.following(since)
        inputs = torch.cat([events.inputs, events.gaps[..., None]], 3)
        recurrent, forward = p["recurrent"].transpose(1, 2), p["input"].transpose(1, 2)
        driven = inputs.flatten(1, 2) @ forward + p["input.bias"][:, None]
        driven = driven.view(*events.gaps.shape, 3 * n)

        features = []
        each = driven.unbind(2), events.gaps.unbind(2), events.received.unbind(2)
        for now, gap, received in zip(*each, strict=True):
            mean, weight = _averaged(h, mean, weight, gap)
            features.append(mean)
            past = h @ recurrent + p["recurrent.bias"][:, None]
            reset, update = torch.sigmoid(now[..., : 2 * n] + past[..., : 2 * n]).chunk(2, -1)
            fresh = torch.tanh(now[..., 2 * n :] + reset * past[..., 2 * n :])
            h = h + received[..., None] * (1 - update) * (fresh - h)
        features.append(_averaged(h, mean, weight, events.rest)[0])
        return torch.stack(features, 2), (h, mean, weight, events.rest)


def _averaged(x: Tensor, mean: Tensor, weight: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    """The leaky mean of `x` and its weight, after `x` was held for `gap` seconds."""
    share = -torch.expm1(-gap / READOUT_TAU_S)
    weight = weight + share * (1 - weight)
    # Nothing has been weighed before the first gap that is not 0: there the quotient is 0 / 0.
    rate = share / torch.where(weight > 0, weight, 1.0)
    return mean + rate[..., None] * (x - mean), weight


def _decay_parameters(seed: int, channels: int, classes: int, units: int) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)

    def normal(rows: int, columns: int, gain: float) -> Tensor:
        return gain / math.sqrt(columns) * torch.randn(rows, columns, generator=random)

    tau = torch.logspace(math.log10(TAU_S[0]), math.log10(TAU_S[1]), units)
    return {
        # Small gains: what is seen and felt bends the time constants, it does not set them.
        "alpha.recurrent": normal(units, units, 0.2),
        "alpha.input": normal(units, channels, 0.3),
        "alpha.bias": torch.log(torch.expm1(1 / tau - ALPHA_MIN)),
        "drive.recurrent": normal(units, units, 0.8),
        "drive.input": normal(units, channels, 0.8),
        "drive.bias": 0.1 * torch.randn(units, generator=random),
        "readout.weight": normal(classes, units, 1.0),
        "readout.bias": torch.zeros(classes),
    }


def _gru_parameters(seed: int, channels: int, classes: int, units: int) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    bound = 1 / math.sqrt(units)  # PyTorch's own initialisation

    def uniform(*shape: int) -> Tensor:
        return bound * (2 * torch.rand(*shape, generator=random) - 1)

    return {
        "recurrent": uniform(3 * units, units),
        "recurrent.bias": uniform(3 * units),
        "input": uniform(3 * units, channels + 1),
        "input.bias": uniform(3 * units),
        "readout.weight": uniform(classes, units),
        "readout.bias": uniform(classes),
    }
