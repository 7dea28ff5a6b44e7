"""Weights as the device's int8 has them, with gradients that pass straight through.

Every row of a matrix has its own scale, so that its largest weight is +-127; biases stay as they
are, since the device keeps them in int32. Source: Bengio et al., "Estimating or Propagating
Gradients Through Stochastic Neurons", arXiv 1308.3432, for the straight-through estimator.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

_LARGEST = 127


def rounded(parameters: dict[str, Tensor], rows: Sequence[tuple[str, ...]]) -> dict[str, Tensor]:
    """The same parameters with matrices on their int8 grids.

    `rows` names the matrices (models, rows, columns) that share their rows' scales: on the device
    the recurrent and the input weights of a gate stand in one row.
    """
    result = dict(parameters)
    for names in rows:
        wide = fake_quantised(torch.cat([parameters[name] for name in names], -1))
        widths = [parameters[name].shape[-1] for name in names]
        result |= dict(zip(names, wide.split(widths, -1), strict=True))
    return result


def fake_quantised(weight: Tensor) -> Tensor:
    """Each row of (..., rows, columns) on multiples of its largest magnitude / 127."""
    scale = weight.detach().abs().amax(-1, keepdim=True) / _LARGEST
    scale = torch.where(scale > 0, scale, 1.0)
    grid = torch.round(weight.detach() / scale) * scale
    return weight + (grid - weight.detach())
