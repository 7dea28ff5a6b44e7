"""Gains of linear quadratic regulators and of steady Kalman filters."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_discrete_are

Floats = NDArray[np.float64]


def regulator(a: Floats, b: Floats, states: ArrayLike, actions: ArrayLike) -> Floats:
    """Return K of u = -K x; states, actions: the weights of their squares."""
    q, r = np.diag(np.asarray(states, float)), np.diag(np.asarray(actions, float))
    p = solve_discrete_are(a, b, q, r)
    return np.asarray(np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a))


def variance(a: Floats, c: Floats, process: Floats, noise: Floats) -> Floats:
    """Return the steady variance of a Kalman filter's prediction."""
    return np.asarray(solve_discrete_are(a.T, c.T, process, noise))
