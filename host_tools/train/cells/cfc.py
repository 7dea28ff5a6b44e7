"""The CfC cell without wiring (firmware/rivulet/cells/cfc.py), in its three modes."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train.cells.ncps import NcpsCell, NcpsField
from host_tools.train.cells.node import ACTIVATIONS
from host_tools.train.network import Field, Parameters, Readout, driven
from rivulet.cells.cfc import MODES
from rivulet.cells.lstm import LOWEST_RATE

_PARTS = ("weight", "bias")


def heads(mode: str) -> tuple[str, ...]:
    return ("ff1",) if mode == "pure" else ("ff1", "ff2", "time_a", "time_b")


class Cfc(NcpsCell):
    cell = "cfc"

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 32,
        mode: str = "default",
        backbone: tuple[int, int] = (32, 1),  # units of a layer, layers
        activation: str = "lecun_tanh",
        convention: str = "current",
        readout: Readout | None = None,
        mixed_memory: bool = False,
    ) -> None:
        for name, value, known in (
            ("mode", mode, MODES),
            ("activation", activation, tuple(ACTIVATIONS)),
        ):
            if value not in known:
                raise RivuletError(f"no {name} is called '{value}': {known}")

        def make() -> Any:
            from ncps.torch import CfCCell

            return CfCCell(channels, units, mode, activation, *backbone)

        sizes = channels, units, outputs
        super().__init__(make, seeds, sizes, convention, readout, mixed_memory)
        self.options = {"mode": mode, "activation": activation}
        # Every second entry of ncps' backbone is an activation.
        self.layers = [f"backbone.{2 * i}" for i in range(backbone[1])]
        self.heads = heads(mode)

    def field(self, weights: Parameters, inputs: Tensor) -> Field:
        return _Field(self, weights, inputs)

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, metadata = super().exported(index)
        return arrays, metadata | self.options


class _Field(NcpsField):
    cell = "cfc"

    def __init__(self, network: Cfc, weights: Parameters, inputs: Tensor) -> None:
        super().__init__(network, weights, inputs)
        self._activate = ACTIVATIONS[network.options["activation"]]
        # All heads are one product; the inputs' part of the first layer is computed for all gaps.
        dense = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in network.layers]
        heads = [[weights[f"{name}.{part}"] for name in network.heads] for part in _PARTS]
        dense.append((torch.cat(heads[0], 1), torch.cat(heads[1], 1)))
        first, m = dense[0][0], inputs.shape[3]
        self._driven = driven(inputs, first[..., :m], dense[0][1])
        self._recurrent = first[..., m:].transpose(1, 2)
        self._rest = [(weight.transpose(1, 2), bias[:, None]) for weight, bias in dense[1:]]
        self._form = ClosedForm(network.options["mode"], weights)

    def _forward(self, index: int, x: Tensor) -> Tensor:
        z = torch.baddbmm(self._driven[index], x, self._recurrent)
        for weight, bias in self._rest:
            z = torch.baddbmm(bias, self._activate(z), weight)
        return z

    def step(self, index: int, x: Tensor, seconds: Tensor) -> Tensor:
        return self._form.state(self._forward(index, x), seconds)

    def cell_rates(self, index: int, x: Tensor) -> Tensor:
        return self._form.rates(self._forward(index, x))


class ClosedForm:
    """Return the new state from the heads: z is ff1, or ff1, ff2, time_a, time_b side by side."""

    def __init__(self, mode: str, weights: Parameters, prefix: str = "") -> None:
        self._mode = mode
        if mode == "pure":
            self._rate, self._a = weights[prefix + "w_tau"].abs(), weights[prefix + "A"]

    def state(self, z: Tensor, seconds: Tensor) -> Tensor:
        if self._mode == "pure":
            return self._a - self._a * torch.exp(-seconds * (self._rate + z.abs())) * z
        ff1, ff2, time_a, time_b = z.chunk(4, -1)
        g1, g2 = torch.tanh(ff1), torch.tanh(ff2)
        share = torch.sigmoid(time_a * seconds + time_b)
        return g1 + share * (g2 if self._mode == "no_gate" else g2 - g1)

    def rates(self, z: Tensor) -> Tensor:
        if self._mode == "pure":
            return self._rate + z.abs() + LOWEST_RATE
        return z.chunk(4, -1)[2].abs() + LOWEST_RATE
