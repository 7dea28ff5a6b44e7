"""Quantiles of the time constants of a trajectory, weighted by time."""

import numpy as np
from numpy.typing import NDArray

from host_tools import tau
from host_tools.quantiles import weighted_quantiles
from host_tools.train.trajectory import Trajectory

# Quantiles in a training run's history.
_HISTORY = (0.05, 0.25, 0.5, 0.75, 0.95)


def measure(trajectory: Trajectory, model: int) -> NDArray[np.float64]:
    """Return one model's tau over all series, s: (len(tau.QUANTILES), units)."""
    rates = trajectory.rates()[model].flatten(0, 1).detach().double().numpy()
    gaps = trajectory.gaps()[model].flatten().double().numpy()
    return weighted_quantiles(1.0 / rates, gaps, tau.QUANTILES)


def overall(trajectory: Trajectory) -> list[list[float]]:
    """Return 5, 25, 50, 75 and 95 % of every model's tau over time and units, s.

    Nothing for networks without time constants.
    """
    result: list[list[float]] = []
    if trajectory.empty:
        return result
    for rates, gaps in zip(trajectory.rates(), trajectory.gaps(), strict=True):
        flat = rates.flatten(0, 1).double().numpy()
        weights = np.repeat(gaps.flatten().double().numpy(), flat.shape[1])
        found = weighted_quantiles(1.0 / flat.reshape(-1, 1), weights, _HISTORY)
        result.append(found[:, 0].tolist())
    return result
