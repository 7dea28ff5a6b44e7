"""Equilibria of a model under a constant input, by Newton's method from several starts."""

from dataclasses import dataclass

import numpy as np

from host_tools.analyze.dynamics import Dynamics, Floats
from host_tools.analyze.linearise import Linearisation, differences, linearise

_MOST_ITERATIONS = 30
# Steps shorter than 1/128 of Newton's converge too slowly: give up, and settle first.
_MOST_HALVINGS = 8
_STEP = 1e-5
# If Newton's method diverges, the device code runs for this many steps towards an attractor, and
# the search continues from there.
_SETTLING_STEPS = 200
# Largest |dx/dt| (1/s) or, for a map, |step - x| at an equilibrium.
SETTLED = 1e-9
# States that differ by less than this in every neuron are the same equilibrium.
_SAME = 1e-5


@dataclass(frozen=True)
class Equilibrium:
    state: Floats  # (n,)
    residual: float  # largest |dx/dt|, 1/s, or |step - x| of a map
    near: Linearisation

    @property
    def stable(self) -> bool:
        return self.near.poles.stable


@dataclass(frozen=True)
class Equilibria:
    """The equilibria found for one constant input (m,), physical units."""

    inputs: Floats
    points: list[Equilibrium]
    starts: int
    failed: int  # starts from which Newton's method did not converge


def find(dynamics: Dynamics, u: Floats, starts: list[Floats]) -> Equilibria:
    """Return the distinct equilibria that Newton's method finds from `starts`, stable first.

    There may be others: only contraction proves uniqueness (see contraction.py).
    """
    points: list[Equilibrium] = []
    failed = 0
    for start in starts:
        state, residual = _newton(dynamics, u, start)
        if not residual <= SETTLED:
            for _ in range(_SETTLING_STEPS):
                start = dynamics.step(start, u, dynamics.interval_s)
            state, residual = _newton(dynamics, u, start)
        if not residual <= SETTLED:
            failed += 1
        elif not any(np.abs(state - known.state).max() < _SAME for known in points):
            points.append(Equilibrium(state, residual, linearise(dynamics, state, u)))
    points.sort(key=lambda point: point.near.poles.abscissa)
    return Equilibria(u, points, len(starts), failed)


def starting_points(states: Floats, count: int, seed: int = 0) -> list[Floats]:
    """Return the zero state and `count` random states in 1.5 times the box of `states` (N, n)."""
    reach = 1.5 * np.maximum(np.abs(states).max(axis=0), 1e-3)
    random = np.random.default_rng(seed)
    return [np.zeros(states.shape[1]), *random.uniform(-reach, reach, (count, len(reach)))]


def _newton(dynamics: Dynamics, u: Floats, start: Floats) -> tuple[Floats, float]:
    """Return (state, residual) of damped Newton: steps are halved until the residual shrinks."""

    def drift(point: Floats) -> Floats:
        return dynamics.drift(point, u)

    state = start
    value = drift(state)
    size = float(np.abs(value).max())
    for _ in range(_MOST_ITERATIONS):
        # One more step after convergence costs little and leaves only rounding errors.
        settled = size <= SETTLED
        slopes = differences(drift, state, _STEP * np.maximum(1.0, np.abs(state)))
        if not np.isfinite(slopes).all():
            break
        try:
            move = np.linalg.solve(slopes, -value)
        except np.linalg.LinAlgError:  # a fold: take the least-squares step
            move = np.linalg.lstsq(slopes, -value, rcond=None)[0]
        for halving in range(_MOST_HALVINGS):
            trial = state + move * 0.5**halving
            trial_value = drift(trial)
            trial_size = float(np.abs(trial_value).max())
            if trial_size < size:
                break
        else:
            break
        state, value, size = trial, trial_value, trial_size
        if settled:
            break
    return state, size
