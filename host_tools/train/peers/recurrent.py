"""Recurrent networks for comparison: GRU and LSTM, with and without the interval as input.

With the readout "mean" they take the true intervals too, as the liquid cells do.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train.network import CONVENTIONS, Network, Parameters, Readout, State, driven
from host_tools.train.quantise import Integers, Rows, integers
from host_tools.train.series import EventBatch
from host_tools.train.trajectory import Trajectory


class Peer(Network):
    """A recurrent network; with `timed` the time since the event before is one more input.

    convention: with "previous" the features at an event are those just before it, with "current"
    they have seen its inputs.
    """

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
        convention: str = "previous",
    ) -> None:
        if convention not in CONVENTIONS:
            raise RivuletError(f"no convention is called '{convention}': {CONVENTIONS}")
        self.channels = channels
        self.timed = timed
        self.convention = convention
        each = [self.initial(seed, channels + timed, outputs, units) for seed in seeds]
        super().__init__(each, units, readout or Readout())

    def initial(self, seed: int, channels: int, outputs: int, units: int) -> Parameters:
        return _initial(seed, channels, outputs, units, self.gates)

    def zero_state(self, series: int) -> State:
        wide = self.zeros(series, self.units)
        return *([wide] * self.carried), wide, wide[..., 0], self.since(series)

    def step(self, weights: Parameters, now: Tensor, state: State, received: Tensor) -> State:
        """Return the state after an event.

        now: the product of its inputs; received: (models, series, 1).
        """
        raise NotImplementedError

    def rested(self, weights: Parameters, state: State, gap: Tensor) -> State:
        """Return the state after `gap` seconds without an event."""
        return state

    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        weights = self.weights()
        carried, (mean, weight, since) = state[: self.carried], state[self.carried :]
        events = events.following(since)
        inputs = events.inputs
        if self.timed:
            inputs = torch.cat([inputs, events.gaps[..., None]], 3)
        if self.integers is not None:
            inputs = self.integers.inputs(inputs)

        features = []
        each = (
            driven(inputs, weights["input"], weights["input.bias"]),
            events.gaps.unbind(2),
            events.received.unbind(2),
        )
        for now, gap, received in zip(*each, strict=True):
            carried = self.rested(weights, carried, gap)
            before = carried
            carried = self.step(weights, now, carried, received[..., None])
            seen = before if self.convention == "previous" else carried
            feature, mean, weight = self.observe(seen[0], mean, weight, gap)
            features.append(feature)
        last = self.rested(weights, carried, events.rest)
        features.append(self.observe(last[0], mean, weight, events.rest)[0])
        return torch.stack(features, 2), (*carried, mean, weight, events.rest)

    def past(self, weights: Parameters, h: Tensor) -> Tensor:
        """Return the state's part of the gates, (models, series, rows)."""
        if self.integers is not None:
            h = self.integers.state(h)
        return h @ weights["recurrent"].transpose(1, 2) + weights["recurrent.bias"][:, None]

    def quantise(self, half: Sequence[float] | None = None) -> None:
        """Round as the integer kernels of the liquid cells would; no board has such a kernel."""
        reach = [*half, *([8.0] * self.timed)] if half is not None else None
        self.integers = integers(1.0, self.channels + self.timed, reach)

    def rows(self, integers: Integers) -> list[Rows]:
        own: list[Rows] = [[("recurrent", 1.0)], [("input", integers.input_scale)]]
        return [*own, *super().rows(integers)]


class Gru(Peer):
    gates, carried = 3, 1

    def step(self, weights: Parameters, now: Tensor, state: State, received: Tensor) -> State:
        (h,), n = state, self.units
        past = self.past(weights, h)
        reset, update = torch.sigmoid(now[..., : 2 * n] + past[..., : 2 * n]).chunk(2, -1)
        fresh = torch.tanh(now[..., 2 * n :] + reset * past[..., 2 * n :])
        return (h + received * (1 - update) * (fresh - h),)


class Lstm(Peer):
    gates, carried = 4, 2

    def step(self, weights: Parameters, now: Tensor, state: State, received: Tensor) -> State:
        h, c = state
        enter, forget, leave, fresh = (now + self.past(weights, h)).chunk(4, -1)
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
