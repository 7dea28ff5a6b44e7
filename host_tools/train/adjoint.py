"""The flow between two events with gradients by the adjoint: memory does not grow with the steps.

The equation is the cell's own, solved to a tolerance, not the device's steps. Where these are
coarse (exponential steps over long gaps) the trained network differs from the one that runs:
train through the unrolled steps then, or train this first and go on with those.

Source: Chen et al., "Neural Ordinary Differential Equations", NeurIPS 2018; torchdiffeq.
"""

from typing import Any

import torch
from torch import Tensor

from host_tools.errors import RivuletError


def advance_by_adjoint(field: Any, index: int, x: Tensor, gap: Tensor, tolerance: float) -> Tensor:
    """Return x (models, series, units) after `gap` (models, series) s under constant inputs."""
    try:
        from torchdiffeq import odeint_adjoint  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise RivuletError(
            "training by the adjoint needs torchdiffeq: pip install 'rivulet[train]'"
        ) from None
    wide = gap[..., None]

    def scaled(_: Tensor, state: Tensor) -> Tensor:
        # Scale every series' gap to 1: one solve serves all of them.
        slope: Tensor = wide * field.slope(index, state)
        return slope

    tensors = tuple(t for t in field.tensors(index) if t.requires_grad)
    ends = torch.tensor([0.0, 1.0], dtype=x.dtype)
    try:
        states = odeint_adjoint(
            scaled, x, ends, rtol=tolerance, atol=tolerance, adjoint_params=tensors
        )
    except AssertionError as error:  # torchdiffeq raises it when no step is short enough
        raise RivuletError(
            f"the adjoint's solver gave up at tolerance {tolerance:g} ({error}): the state runs "
            "away or the tolerance is too tight"
        ) from None
    reached: Tensor = states[-1]
    return reached
