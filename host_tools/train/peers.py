"""Recurrent networks for comparison: GRU and LSTM, with and without the interval as input.

Both have the readouts of the liquid cells, the true intervals in the mean included, so that what
is compared is the recurrence. They do not run on boards.
"""

import torch
from torch import Tensor

from host_tools.train.network import Network, Parameters, Readout, State, driven
from host_tools.train.series import EventBatch
from host_tools.train.trajectory import Trajectory


class Peer(Network):
    """A recurrent network; with `timed` the time since the event before is one more input."""

    gates: int
    carried: int  # tensors of the state

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 32,
        timed: bool = True,
        readout: Readout | None = None,
    ) -> None:
        wide = channels + timed
        each = [_initial(seed, wide, outputs, units, self.gates) for seed in seeds]
        super().__init__(each, units, readout or Readout())
        self.timed = timed

    def zero_state(self, series: int) -> State:
        wide = self.zeros(series, self.units)
        return *([wide] * self.carried), wide, wide[..., 0], self.since(series)

    def step(self, weights: Parameters, now: Tensor, state: State, received: Tensor) -> State:
        """Return the state after an event.

        now: the product of its inputs; received: (models, series, 1).
        """
        raise NotImplementedError

    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        weights = self.weights()
        carried, (mean, weight, since) = state[: self.carried], state[self.carried :]
        events = events.following(since)
        inputs = events.inputs
        if self.timed:
            inputs = torch.cat([inputs, events.gaps[..., None]], 3)

        features = []
        each = (
            driven(inputs, weights["input"], weights["input.bias"]),
            events.gaps.unbind(2),
            events.received.unbind(2),
        )
        for now, gap, received in zip(*each, strict=True):
            feature, mean, weight = self.observe(carried[0], mean, weight, gap)
            features.append(feature)
            carried = self.step(weights, now, carried, received[..., None])
        features.append(self.observe(carried[0], mean, weight, events.rest)[0])
        return torch.stack(features, 2), (*carried, mean, weight, events.rest)


class Gru(Peer):
    gates, carried = 3, 1

    def step(self, weights: Parameters, now: Tensor, state: State, received: Tensor) -> State:
        (h,), n = state, self.units
        past = h @ weights["recurrent"].transpose(1, 2) + weights["recurrent.bias"][:, None]
        reset, update = torch.sigmoid(now[..., : 2 * n] + past[..., : 2 * n]).chunk(2, -1)
        fresh = torch.tanh(now[..., 2 * n :] + reset * past[..., 2 * n :])
        return (h + received * (1 - update) * (fresh - h),)


class Lstm(Peer):
    gates, carried = 4, 2

    def step(self, weights: Parameters, now: Tensor, state: State, received: Tensor) -> State:
        h, c = state
        past = h @ weights["recurrent"].transpose(1, 2) + weights["recurrent.bias"][:, None]
        enter, forget, leave, fresh = (now + past).chunk(4, -1)
        new = torch.sigmoid(forget) * c + torch.sigmoid(enter) * torch.tanh(fresh)
        out = torch.sigmoid(leave) * torch.tanh(new)
        return h + received * (out - h), c + received * (new - c)


def _initial(seed: int, channels: int, outputs: int, units: int, gates: int) -> Parameters:
    random = torch.Generator().manual_seed(seed)
    bound = 1 / units**0.5  # PyTorch's own initialisation

    def uniform(*shape: int) -> Tensor:
        return bound * (2 * torch.rand(*shape, generator=random) - 1)

    return {
        "recurrent": uniform(gates * units, units),
        "recurrent.bias": uniform(gates * units),
        "input": uniform(gates * units, channels),
        "input.bias": uniform(gates * units),
        "readout.weight": uniform(outputs, units),
        "readout.bias": uniform(outputs),
    }
