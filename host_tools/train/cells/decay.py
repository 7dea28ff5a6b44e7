"""The decay cell (firmware/rivulet/cells/decay.py): rates that depend on the state and the input.

Parameters: alpha.recurrent (n, n), alpha.input (n, m), alpha.bias (n,), the same under drive.,
readout.weight (k, n), readout.bias (k,).
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.integers.cells.decay import state_bound
from host_tools.train.cells.relaxing import Form, Relaxing, RelaxingField
from host_tools.train.network import Field, Parameters, Readout
from host_tools.train.quantise import Integers, Rows, integers


class DecayCell(Relaxing):
    """dx/dt = alpha(x, u) (q(x, u) - x)."""

    cell = "decay"

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 32,
        form: Form | None = None,
        readout: Readout | None = None,
    ) -> None:
        form = form or Form()
        each = [initial(seed, channels, outputs, units, form) for seed in seeds]
        super().__init__(each, units, channels, form, readout or Readout())

    def quantise(self, half: Sequence[float] | None = None) -> None:
        self.integers = integers(state_bound(self.metadata()), self.channels, half)

    def rows(self, integers: Integers) -> list[Rows]:
        scales = integers.state_scale, integers.input_scale
        gates = [
            [(f"{gate}.recurrent", scales[0]), (f"{gate}.input", scales[1])]
            for gate in ("alpha", "drive")
        ]
        return [*gates, *super().rows(integers)]

    def field(self, weights: Parameters, inputs: Tensor) -> Field:
        return _Field(self.form, weights, inputs, self.integers)

    def metadata(self) -> dict[str, Any]:
        bounds = {"alpha_min": self.form.alpha_min, "alpha_max": self.form.alpha_max}
        return super().metadata() | bounds


class _Field(RelaxingField):
    def __init__(
        self, form: Form, weights: Parameters, inputs: Tensor, integers: Integers | None
    ) -> None:
        super().__init__(form, form.alpha_max)
        self._integers = integers
        # Both gates share one product; the inputs' part needs no state and is computed at once.
        recurrent, forward, bias = (
            torch.cat([weights[f"alpha.{part}"], weights[f"drive.{part}"]], 1)
            for part in ("recurrent", "input", "bias")
        )
        self._recurrent = recurrent.transpose(1, 2)
        self._units = weights["alpha.bias"].shape[1]
        driven = inputs.flatten(1, 2) @ forward.transpose(1, 2) + bias[:, None]
        self._driven = driven.view(*inputs.shape[:3], 2 * self._units).unbind(2)

    def gates(self, index: int, x: Tensor) -> tuple[Tensor, Tensor]:
        n, form = self._units, self._form
        seen = x if self._integers is None else self._integers.state(x)
        both = torch.baddbmm(self._driven[index], seen, self._recurrent)
        alpha = (F.softplus(both[..., :n]) + form.alpha_min).clamp_max(form.alpha_max)
        return alpha, self.drawn(alpha, torch.tanh(both[..., n:]))

    def tensors(self, index: int) -> tuple[Tensor, ...]:
        return self._recurrent, self._driven[index]


def initial(seed: int, channels: int, outputs: int, units: int, form: Form) -> Parameters:
    random = torch.Generator().manual_seed(seed)

    def normal(rows: int, columns: int, gain: float) -> Tensor:
        return gain / math.sqrt(columns) * torch.randn(rows, columns, generator=random)

    rate = starting_rates(units, form) - form.alpha_min
    return {
        # Small gains: inputs and state vary the time constants around the initial ones.
        "alpha.recurrent": normal(units, units, 0.2),
        "alpha.input": normal(units, channels, 0.3),
        "alpha.bias": _before_softplus(rate),
        "drive.recurrent": normal(units, units, 0.8),
        "drive.input": normal(units, channels, 0.8),
        "drive.bias": 0.1 * torch.randn(units, generator=random),
        "readout.weight": normal(outputs, units, 1.0),
        "readout.bias": torch.zeros(outputs),
    }


def _before_softplus(rate: Tensor) -> Tensor:
    # From 20 on softplus changes nothing that float32 resolves, and exp soon overflows.
    return torch.where(rate > 20.0, rate, torch.log(torch.expm1(rate)))


def starting_rates(units: int, form: Form) -> Tensor:
    """Return every neuron's initial 1/tau, 1/s: (units,)."""
    shortest, longest = map(math.log10, form.start_tau_s)
    rates = 1 / torch.logspace(shortest, longest, units)
    # Inside the bounds: at a bound the gradient is zero.
    return torch.clamp(rates, 1.01 * form.alpha_min, 0.99 * form.alpha_max)
