"""Penalties on a trajectory, as means over time: one value a model, (models,)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from host_tools.train.trajectory import Trajectory

# Shorter gaps count as this long: simultaneous events would give infinite slopes.
_SHORTEST_S = 1e-3


@dataclass(frozen=True)
class Penalties:
    """Weights of the penalties on alpha^2, (dalpha/dt)^2 and (dx/dt)^2."""

    alpha: float = 0.0
    alpha_change: float = 0.0
    slope: float = 0.0

    def any(self) -> bool:
        return any((self.alpha, self.alpha_change, self.slope))

    def of(self, trajectory: Trajectory) -> Tensor:
        gaps = trajectory.gaps()
        total = torch.zeros_like(gaps[:, 0, 0])
        if self.alpha:
            total = total + self.alpha * _mean(trajectory.rates().square(), gaps)
        if self.alpha_change:
            # Over gap e the rates change from those at its start to those at the next start.
            speed = torch.diff(trajectory.rates(), dim=2) / _long(gaps[..., :-1])
            total = total + self.alpha_change * _mean(speed.square(), gaps[..., :-1])
        if self.slope:
            speed = trajectory.change() / _long(gaps)
            total = total + self.slope * _mean(speed.square(), gaps)
        return total


def _long(gaps: Tensor) -> Tensor:
    return gaps.clamp_min(_SHORTEST_S)[..., None]


def _mean(values: Tensor, gaps: Tensor) -> Tensor:
    """Return the mean over series, time and units; values (models, series, gaps, units)."""
    weighted = (values.mean(-1) * gaps).flatten(1).sum(1)
    return weighted / gaps.flatten(1).sum(1).clamp_min(1e-9)
