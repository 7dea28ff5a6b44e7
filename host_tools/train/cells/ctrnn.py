"""The CTRNN (firmware/rivulet/cells/ctrnn.py): a fixed time constant a neuron, learned.

Parameters: log_rate (n,), the rate exp(log_rate) bounded by the form's alpha_min and alpha_max;
drive.recurrent (n, n), drive.input (n, m), drive.bias (n,), readout.weight (k, n), readout.bias.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from host_tools.train.cells.relaxing import Form, Relaxing, RelaxingField
from host_tools.train.network import Field, Parameters, driven


class Ctrnn(Relaxing):
    """dx/dt = rate (q(x, u) - x)."""

    cell = "ctrnn"

    def initial_rates(self, random: torch.Generator, channels: int, units: int) -> Parameters:
        return {"log_rate": self.starting_rates(units).log()}

    def field(self, weights: Parameters, inputs: Tensor) -> Field:
        return _Field(self.form, weights, inputs)

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, metadata = super().exported(index)
        log_rate = torch.tensor(arrays.pop("log_rate"))
        return arrays | {"tau_s": (1 / _bounded(log_rate, self.form)).numpy()}, metadata


class _Field(RelaxingField):
    def __init__(self, form: Form, weights: Parameters, inputs: Tensor) -> None:
        self._rate = _bounded(weights["log_rate"], form)[:, None]
        # As the device counts explicit steps: by each model's fastest neuron.
        super().__init__(form, self._rate.detach().amax(-1))
        self._recurrent = weights["drive.recurrent"].transpose(1, 2)
        self._driven = driven(inputs, weights["drive.input"], weights["drive.bias"])

    def gates(self, index: int, x: Tensor) -> tuple[Tensor, Tensor]:
        g = torch.tanh(torch.baddbmm(self._driven[index], x, self._recurrent))
        return self._rate.expand_as(x), self.drawn(self._rate, g)

    def tensors(self, index: int) -> tuple[Tensor, ...]:
        return self._recurrent, self._driven[index], self._rate


def _bounded(log_rate: Tensor, form: Form) -> Tensor:
    return log_rate.exp().clamp(form.alpha_min, form.alpha_max)
