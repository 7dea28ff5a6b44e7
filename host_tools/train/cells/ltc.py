"""The LTC cell (firmware/rivulet/cells/ltc.py): conductance synapses, semi-implicit unfolds.

Parameters under ncps' names: gleak, vleak, cm (n,); w, mu, sigma, erev (n, n), source before
target, and the same with sensory_ (m, n); gleak, cm and w through softplus.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from host_tools.train.cells.ncps import NcpsCell, NcpsField
from host_tools.train.network import Field, Parameters, Readout


class Ltc(NcpsCell):
    """An LTC, fully connected or in the ncps wiring that `wiring()` makes."""

    cell = "ltc"

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 32,
        unfolds: int = 6,
        wiring: Any = None,
        convention: str = "current",
        readout: Readout | None = None,
        mixed_memory: bool = False,
    ) -> None:
        def make() -> Any:
            from ncps.torch import LTCCell
            from ncps.wirings import FullyConnected

            made = FullyConnected(units) if wiring is None else wiring()
            # Normalisation replaces ncps' input mapping, the readout its output mapping.
            return LTCCell(
                made, channels, None, None, ode_unfolds=unfolds, implicit_param_constraints=True
            )

        sizes = channels, units, outputs
        super().__init__(make, seeds, sizes, convention, readout, mixed_memory)
        self.unfolds = unfolds
        self.epsilon = float(self.module._epsilon)

    def decays(self, name: str) -> bool:
        # Potentials, steepnesses and thresholds have no reason to be near zero.
        return name == "readout.weight"

    def field(self, weights: Parameters, inputs: Tensor) -> Field:
        return _Field(self, weights, inputs)

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, metadata = super().exported(index)
        options = {
            "ode_unfolds": self.unfolds,
            "epsilon": self.epsilon,
            "implicit_param_constraints": True,
            # The readout reads every neuron, not only motor neurons.
            "output_size": self.units,
        }
        return arrays, metadata | options


class _Synapses:
    """Sums over the sources at every target: of conductances times their erev, and of these."""

    def __init__(self, weights: Parameters, prefix: str, mask: Tensor) -> None:
        # Targets first and series last, contiguous: one batched product sums over the sources.
        sigma, mu, w, erev = (
            weights[prefix + name].transpose(1, 2).contiguous()
            for name in ("sigma", "mu", "w", "erev")
        )
        self._sigma = sigma[..., None]  # (models, targets, sources, 1)
        self._shift = (-sigma * mu)[..., None]
        conductance = softplus(w) * mask.T
        self._sums = torch.stack([conductance * erev, conductance], -2)

    def __call__(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """source (models, sources, series) -> two of (models, targets, series)."""
        gate = torch.sigmoid(torch.addcmul(self._shift, source[:, None], self._sigma))
        current, conductance = (self._sums @ gate).unbind(2)
        return current, conductance


class _Field(NcpsField):
    cell = "ltc"

    def __init__(self, network: Ltc, weights: Parameters, inputs: Tensor) -> None:
        super().__init__(network, weights, inputs)
        module = network.module
        self._unfolds = network.unfolds
        # Series come last here, as synapses have them.
        leak = softplus(weights["gleak"])[..., None]
        self._capacity = softplus(weights["cm"])[..., None]
        rest = leak * weights["vleak"][..., None]
        # The inputs' part needs no state and is computed at once.
        sensory = _Synapses(weights, "sensory_", module.sensory_sparsity_mask)
        current, conductance = sensory(inputs.permute(0, 3, 2, 1).flatten(2, 3))
        shape = (*leak.shape[:2], inputs.shape[2], inputs.shape[1])
        self._current = (current + rest).view(shape).unbind(2)
        self._conductance = (conductance + leak + network.epsilon).view(shape).unbind(2)
        self._recurrent = _Synapses(weights, "", module.sparsity_mask)

    def step(self, index: int, x: Tensor, seconds: Tensor) -> Tensor:
        capacity = self._capacity * (self._unfolds / seconds.transpose(1, 2))
        held = self._conductance[index] + capacity
        v = x.transpose(1, 2)
        for _ in range(self._unfolds):
            current, conductance = self._recurrent(v)
            v = (capacity * v + self._current[index] + current) / (held + conductance)
        return v.transpose(1, 2)

    def cell_rates(self, index: int, x: Tensor) -> Tensor:
        total = self._conductance[index] + self._recurrent(x.transpose(1, 2))[1]
        return (total / self._capacity).transpose(1, 2)
