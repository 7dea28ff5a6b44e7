"""The decay cell (firmware/rivulet/cells/decay.py): rates that depend on the state and the input.

Parameters: alpha.recurrent (n, n), alpha.input (n, m), alpha.bias (n,), the same under drive.,
readout.weight (k, n), readout.bias (k,).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.integers.cells.decay import state_bound
from host_tools.train.cells.relaxing import Form, Relaxing, RelaxingField, before_softplus
from host_tools.train.network import Field, Parameters, driven, initial_matrix
from host_tools.train.quantise import Integers, Rows, integers


class DecayCell(Relaxing):
    """dx/dt = alpha(x, u) (q(x, u) - x)."""

    cell = "decay"

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

    def initial_rates(self, random: torch.Generator, channels: int, units: int) -> Parameters:
        return {
            # Small gains: inputs and state vary the time constants around the initial ones.
            "alpha.recurrent": initial_matrix(random, units, units, 0.2),
            "alpha.input": initial_matrix(random, units, channels, 0.3),
            "alpha.bias": before_softplus(self.starting_rates(units) - self.form.alpha_min),
        }

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
        self._driven = driven(inputs, forward, bias)

    def gates(self, index: int, x: Tensor) -> tuple[Tensor, Tensor]:
        n, form = self._units, self._form
        seen = x if self._integers is None else self._integers.state(x)
        both = torch.baddbmm(self._driven[index], seen, self._recurrent)
        alpha = (F.softplus(both[..., :n]) + form.alpha_min).clamp_max(form.alpha_max)
        return alpha, self.drawn(alpha, torch.tanh(both[..., n:]))

    def tensors(self, index: int) -> tuple[Tensor, ...]:
        return self._recurrent, self._driven[index]
