"""Weights and activations rounded as in the device's int8 arithmetic; gradients pass through.

Every row of a matrix has its own scale, so that its largest weight is +-127; biases stay as they
are, since the device keeps them in int32. Where state, inputs and the readout's features enter a
product they are multiples of 1/4096 of their scales (int16); the state itself has 32 bits and is
left alone. So are the tables: together with what else is left out they move a state by a few
ten-thousandths. Source of the estimator: Bengio et al., "Estimating or Propagating Gradients
Through Stochastic Neurons", arXiv 1308.3432.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from host_tools.data.calibration import NARROWEST
from host_tools.errors import RivuletError
from host_tools.integers.reference import INPUT_LIMIT

_LARGEST = 127
_Q12 = 4096
# Matrices that share their rows' scales, side by side, and what their columns are counted in.
Rows = Sequence[tuple[str, float | Tensor]]


@dataclass(frozen=True)
class Integers:
    """Scales of a model's integers."""

    state_scale: float  # the state's bound
    input_scale: Tensor  # (channels,): normalised units in an eighth of a channel's range

    def state(self, x: Tensor) -> Tensor:
        """Round a state, or its mean, as it enters a product."""
        return on_grid(x, self.state_scale / _Q12)

    def inputs(self, u: Tensor) -> Tensor:
        """Round normalised inputs (..., channels) and clip them to their range."""
        step = (self.input_scale / _Q12).to(u.dtype)
        return on_grid(torch.clamp(u, -INPUT_LIMIT * step, INPUT_LIMIT * step), step)


def integers(state_scale: float, channels: int, half: Sequence[float] | None) -> Integers:
    """half: each channel's range, +- normalised units, as `calibration.ranges` finds it.

    None: the narrowest range, which is what a conversion without calibration takes.
    """
    reach = torch.tensor([NARROWEST] * channels if half is None else list(half))
    if len(reach) != channels or not bool((reach >= NARROWEST).all()):
        raise RivuletError(f"int8 needs a range of at least {NARROWEST:g} for each channel")
    return Integers(state_scale, reach / NARROWEST)


def rounded(parameters: dict[str, Tensor], rows: Sequence[Rows]) -> dict[str, Tensor]:
    """Return the parameters with matrices (models, rows, columns) on their int8 grids."""
    result = dict(parameters)
    for parts in rows:
        wide = fake_quantised(torch.cat([parameters[name] * scale for name, scale in parts], -1))
        widths = [parameters[name].shape[-1] for name, _ in parts]
        for (name, scale), matrix in zip(parts, wide.split(widths, -1), strict=True):
            result[name] = matrix / scale
    return result


def fake_quantised(weight: Tensor) -> Tensor:
    """Round each row of (..., rows, columns) to multiples of its largest magnitude / 127."""
    scale = weight.detach().abs().amax(-1, keepdim=True) / _LARGEST
    return on_grid(weight, torch.where(scale > 0, scale, 1.0))


def on_grid(value: Tensor, step: float | Tensor) -> Tensor:
    """Return the nearest multiple of `step`, with the gradient of `value`."""
    grid = torch.round(value.detach() / step) * step
    return value + (grid - value.detach())
