"""A network whose readout sees the inputs of the event beside the network's own features."""

from collections.abc import Sequence

import torch
from torch import Tensor

from host_tools.train.network import Network, State, initial_matrix
from host_tools.train.quantise import Integers, Rows
from host_tools.train.series import EventBatch
from host_tools.train.trajectory import Trajectory


class Beside(Network):
    """Shares the parameters of `inner`, whose readout it replaces by a wider one."""

    def __init__(self, seeds: list[int], inner: Network, channels: int) -> None:
        self.inner = inner
        self.units, self.readout, self.integers = inner.units, inner.readout, None
        _, outputs, self.features = inner.parameters["readout.weight"].shape
        heads = [
            initial_matrix(
                torch.Generator().manual_seed(seed), outputs, self.features + channels, 1.0
            )
            for seed in seeds
        ]
        inner.parameters["readout.weight"] = torch.stack(heads).requires_grad_()
        self.parameters = inner.parameters

    def decays(self, name: str) -> bool:
        return self.inner.decays(name)

    def zero_state(self, series: int) -> State:
        return self.inner.zero_state(series)

    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        features, state = self.inner.run(events, state, trajectory)
        inputs = torch.cat([events.inputs, events.inputs[:, :, -1:]], 2)
        if self.integers is not None:
            features, inputs = self.integers.state(features), self.integers.inputs(inputs)
        return torch.cat([features, inputs], -1), state

    def logits(self, features: Tensor) -> Tensor:
        weights = self.weights()
        weight, bias = weights["readout.weight"], weights["readout.bias"]
        flat = torch.baddbmm(bias[:, None], features.flatten(1, -2), weight.transpose(1, 2))
        return flat.view(*features.shape[:-1], -1)

    def quantise(self, half: Sequence[float] | None = None) -> None:
        self.inner.quantise(half)
        self.integers = self.inner.integers

    def rows(self, integers: Integers) -> list[Rows]:
        own = [group for group in self.inner.rows(integers) if group[0][0] != "readout.weight"]
        scales = torch.full((self.features,), integers.state_scale)
        read = torch.cat([scales, integers.input_scale])
        return [*own, [("readout.weight", read)]]
