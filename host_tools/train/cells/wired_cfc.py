"""A CfC in a wiring of ncps (firmware/rivulet/cells/wired_cfc.py): layers in a chain, each sparse.

Every layer is a CfC without backbone over [y; x], y what comes from below and x its own state; its
ff1 and ff2 see of y what the wiring joins. The readout reads the last layer, the motor neurons.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train.cells.cfc import ClosedForm, heads
from host_tools.train.cells.ncps import NcpsCell, NcpsField
from host_tools.train.network import Field, Parameters, Readout
from rivulet.cells.cfc import MODES


class WiredCfc(NcpsCell):
    """`wiring()` makes a wiring of ncps: lambda: AutoNCP(32, 4, seed=1); the same at each call."""

    cell = "cfc"

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        wiring: Callable[[], Any],
        mode: str = "default",
        convention: str = "current",
        readout: Readout | None = None,
        mixed_memory: bool = False,
    ) -> None:
        if mode not in MODES:
            raise RivuletError(f"no mode is called '{mode}': {MODES}")

        def make() -> Any:
            from ncps.torch import WiredCfCCell

            return WiredCfCCell(channels, wiring(), mode)

        made = wiring()
        seen, sizes = made.output_dim, (channels, made.units, outputs)
        super().__init__(make, seeds, sizes, convention, readout, mixed_memory, seen)
        self.mode = mode
        self.layers: list[int] = self.module.layer_sizes

    def field(self, weights: Parameters, inputs: Tensor) -> Field:
        return _Field(self, weights, inputs)

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, metadata = super().exported(index)
        return arrays, metadata | {"mode": self.mode}


class _Layer:
    def __init__(self, network: WiredCfc, weights: Parameters, number: int) -> None:
        prefix = f"layer_{number}."
        mask = getattr(network.module, f"layer_{number}").sparsity_mask
        names = heads(network.mode)
        matrices = [weights[f"{prefix}{name}.weight"] for name in names]
        # The time gates are dense, as in ncps.
        matrices = [m * mask if i < 2 else m for i, m in enumerate(matrices)]
        self._weight = torch.cat(matrices, 1).transpose(1, 2)
        self._bias = torch.cat([weights[f"{prefix}{name}.bias"] for name in names], 1)[:, None]
        self.form = ClosedForm(network.mode, weights, prefix)

    def forward(self, below: Tensor, x: Tensor) -> Tensor:
        return torch.baddbmm(self._bias, torch.cat([below, x], -1), self._weight)


class _Field(NcpsField):
    cell = "cfc"

    def __init__(self, network: WiredCfc, weights: Parameters, inputs: Tensor) -> None:
        super().__init__(network, weights, inputs)
        self._inputs = inputs.unbind(2)
        self._sizes = network.layers
        self._layers = [_Layer(network, weights, i) for i in range(len(network.layers))]

    def step(self, index: int, x: Tensor, seconds: Tensor) -> Tensor:
        below, states = self._inputs[index], []
        for layer, state in zip(self._layers, x.split(self._sizes, -1), strict=True):
            below = layer.form.state(layer.forward(below, state), seconds)
            states.append(below)
        return torch.cat(states, -1)

    def cell_rates(self, index: int, x: Tensor) -> Tensor:
        below, rates = self._inputs[index], []
        for layer, state in zip(self._layers, x.split(self._sizes, -1), strict=True):
            rates.append(layer.form.rates(layer.forward(below, state)))
            below = state
        return torch.cat(rates, -1)
