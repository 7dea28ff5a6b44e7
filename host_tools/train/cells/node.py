"""The neural ODE cell (firmware/rivulet/cells/node.py): a small dense network is dx/dt, by RK4.

Parameters: layers.0.weight (b, n + m) over [x; u], layers.0.bias (b,), ... up to a last layer of n
rows; readout.weight (k, n), readout.bias (k,).
"""

from typing import Any

import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train.network import Field, Liquid, Parameters, Readout, driven, initial_matrix
from host_tools.train.steps import rk4_step, substeps
from rivulet.cells.integrators import MAX_SUBSTEPS
from rivulet.cells.lstm import LOWEST_RATE

ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "lecun_tanh": lambda z: 1.7159 * torch.tanh(0.666 * z),
}


class NeuralOde(Liquid):
    """dx/dt = mlp(x, u), in RK4 steps of at most `step_s`, 64 at most in a gap."""

    cell = "node"

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 32,
        layers: tuple[int, ...] = (32,),
        activation: str = "tanh",
        step_s: float = 0.1,
        convention: str = "previous",
        readout: Readout | None = None,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise RivuletError(f"no activation is called '{activation}': {tuple(ACTIVATIONS)}")
        each = [_initial(seed, channels, outputs, units, layers) for seed in seeds]
        super().__init__(each, units, readout or Readout(), convention)
        self.channels = channels
        self.depth = len(layers) + 1
        self.activation = activation
        self.step_s = step_s

    def field(self, weights: Parameters, inputs: Tensor) -> Field:
        return _Field(self, weights, inputs)

    def metadata(self) -> dict[str, Any]:
        own = {"integrator": "rk4", "activation": self.activation, "step_s": self.step_s}
        return super().metadata() | own


class _Field(Field):
    def __init__(self, network: NeuralOde, weights: Parameters, inputs: Tensor) -> None:
        n = network.units
        self._step_s = network.step_s
        self._activate = ACTIVATIONS[network.activation]
        first = weights["layers.0.weight"]
        self._driven = driven(inputs, first[..., n:], weights["layers.0.bias"])
        self._first = first[..., :n].transpose(1, 2)
        names = [f"layers.{i}" for i in range(1, network.depth)]
        self._rest = [
            (weights[f"{name}.weight"].transpose(1, 2), weights[f"{name}.bias"][:, None])
            for name in names
        ]

    def slope(self, index: int, x: Tensor) -> Tensor:
        z = torch.baddbmm(self._driven[index], x, self._first)
        for weight, bias in self._rest:
            z = torch.baddbmm(bias, self._activate(z), weight)
        return z

    def rates(self, index: int, x: Tensor) -> Tensor:
        return self.slope(index, x).abs() / (1 + x.abs()) + LOWEST_RATE

    def advance(self, index: int, x: Tensor, gap: Tensor) -> Tensor:
        count, step, _ = substeps(gap.clamp_max(MAX_SUBSTEPS * self._step_s), 1 / self._step_s)
        for taken in range(int(count.max())):
            h = torch.where(taken < count, step, 0.0)[..., None]
            x = rk4_step(lambda state: self.slope(index, state), x, h)
        return x

    def tensors(self, index: int) -> tuple[Tensor, ...]:
        return self._first, self._driven[index], *(t for layer in self._rest for t in layer)


def _initial(
    seed: int, channels: int, outputs: int, units: int, layers: tuple[int, ...]
) -> Parameters:
    random = torch.Generator().manual_seed(seed)
    parameters: Parameters = {}
    width = units + channels
    for i, size in enumerate((*layers, units)):
        # A small last layer: with a full one some states diverge before training takes hold.
        parameters[f"layers.{i}.weight"] = initial_matrix(
            random, size, width, 1.0 if i < len(layers) else 0.3
        )
        parameters[f"layers.{i}.bias"] = torch.zeros(size)
        width = size
    return parameters | {
        "readout.weight": initial_matrix(random, outputs, units, 1.0),
        "readout.bias": torch.zeros(outputs),
    }
