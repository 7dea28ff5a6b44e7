"""The largest step at which each integrator still decays, and the proof of it by simulation.

Near an equilibrium a step of length h multiplies a disturbance by the eigenvalues mu of the
step's derivative; it shrinks while all |mu| < 1. With the poles lambda of the continuous system
(Hairer and Wanner, "Solving Ordinary Differential Equations II", section IV.2):

    euler           mu = 1 + z, z = h lambda                        h < -2 Re(lambda) / |lambda|^2
    rk4             mu = 1 + z + z^2/2 + z^3/6 + z^4/24             the ray's way out of |mu| < 1
    implicit_euler  mu = 1 / (1 - z)                                any h where Re(lambda) < 0

For dx/dt = alpha (q - x) the semi-implicit and the exponential step freeze alpha and q. With both
truly constant they are stable for any h. They are not: at an equilibrium q = x, so that

    d(step)/dx = I + diag(k / alpha) J,   k = h alpha/(1 + h alpha) or 1 - exp(-h alpha)

whose limit for long steps is dq/dx. That is searched in h.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from host_tools.analyze.dynamics import Dynamics, Floats
from host_tools.analyze.equilibria import Equilibrium
from host_tools.analyze.linearise import jacobian

INTEGRATORS = ("euler", "rk4", "semi_implicit", "exponential", "implicit_euler")
_EXPLICIT = ("euler", "rk4")
# How far below and above its limit an integrator is run, and how far a step of one without a
# limit goes beyond the slowest pole.
BELOW, ABOVE = 0.95, 1.05
_BEYOND = 10.0
_DISTURBANCE = 1e-7
_GRID = 240


@dataclass(frozen=True)
class Trial:
    """One simulation: the device's integrator from a disturbed equilibrium.

    predicted: largest |mu| of the derivative of the device's step; measured: the factor per step
    by which the disturbance really moved.
    """

    seconds: float
    predicted: float
    measured: float

    @property
    def agrees(self) -> bool:
        return abs(self.measured - self.predicted) <= 1e-3 * max(1.0, self.predicted)


@dataclass(frozen=True)
class StepLimit:
    """limit_s: the largest stable step, s; inf where every step searched is stable.

    curve: (2, points): steps h in s and the largest |mu| of each.
    """

    integrator: str
    limit_s: float
    curve: Floats
    trials: list[Trial]

    @property
    def confirmed(self) -> bool:
        """Whether the simulations shrink below the limit and grow above it, as predicted."""
        return all(
            trial.agrees and (trial.measured < 1.0) == (trial.seconds < self.limit_s)
            for trial in self.trials
        )


def euler_limit(poles: np.ndarray) -> float:
    """Return explicit Euler's largest stable step, s, for poles (n,) with Re < 0; else 0."""
    if (poles.real >= 0.0).any():
        return 0.0
    return float((-2.0 * poles.real / np.abs(poles) ** 2).min())


def rk4_limit(poles: np.ndarray) -> float:
    """Return RK4's largest stable step, s: where h lambda first leaves its stability region."""
    if (poles.real >= 0.0).any():
        return 0.0
    direction = poles / np.abs(poles)
    # The region |R(z)| <= 1 lies within |z| < 3.
    radii = np.linspace(0.0, 3.0, 601)[1:, None]
    outside = np.abs(_rk4_factor(radii * direction)) >= 1.0
    last = radii[np.maximum(outside.argmax(axis=0) - 1, 0), 0]
    low, high = last, last + 0.005
    for _ in range(50):
        middle = 0.5 * (low + high)
        out = np.abs(_rk4_factor(middle * direction)) >= 1.0
        low, high = np.where(out, low, middle), np.where(out, middle, high)
    return float((low / np.abs(poles)).min())


def _rk4_factor(z: np.ndarray) -> np.ndarray:
    return 1.0 + z * (1.0 + z / 2.0 * (1.0 + z / 3.0 * (1.0 + z / 4.0)))


# mu of z = h lambda.
FACTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "euler": lambda z: 1.0 + z,
    "rk4": _rk4_factor,
    "implicit_euler": lambda z: 1.0 / (1.0 - z),
}


def multiplier(name: str, seconds: float, matrix: Floats, alpha: Floats | None = None) -> float:
    """Return the largest |mu| of a step of `seconds`.

    matrix: J (n, n), 1/s; alpha: (n,), 1/s, for the integrators that freeze the rates.
    """
    if name in ("semi_implicit", "exponential"):
        assert alpha is not None
        if name == "exponential":
            share = -np.expm1(-seconds * alpha) / alpha
        else:
            share = seconds / (1.0 + seconds * alpha)
        return float(np.abs(np.linalg.eigvals(np.eye(len(alpha)) + share[:, None] * matrix)).max())
    z = seconds * np.linalg.eigvals(matrix).astype(complex)
    return float(np.abs(FACTORS[name](z)).max())


def limits(dynamics: Dynamics, rest: Equilibrium, u: Floats) -> list[StepLimit]:
    """Return the step limits of every integrator of this cell.

    rest: a stable equilibrium under the constant input u (m,), physical units.
    """
    if not dynamics.relaxing:
        # A neural ODE knows RK4 alone; the others come with steps of their own.
        names: tuple[str, ...] = ("rk4",) if dynamics.settings["cell"] == "node" else ()
        alpha = None
    else:
        names, alpha = INTEGRATORS, dynamics.rates(rest.state, u)
    poles, matrix = rest.near.poles.values, rest.near.matrix
    size = np.abs(poles)
    grid = np.geomspace(1e-2 / size.max(), 1e3 / size.min(), _GRID)
    found = []
    for name in names:
        curve = np.array([multiplier(name, h, matrix, alpha) for h in grid])
        if name in _EXPLICIT:
            limit = euler_limit(poles) if name == "euler" else rk4_limit(poles)
        else:
            limit = _first_crossing(name, grid, curve, matrix, alpha)
        finite = np.isfinite(limit)
        lengths = [BELOW * limit, ABOVE * limit] if finite else [float(_BEYOND / size.min())]
        trials = [_trial(dynamics, name, rest.state, u, h) for h in lengths]
        found.append(StepLimit(name, limit, np.array([grid, curve]), trials))
    return found


def _first_crossing(
    name: str, grid: Floats, curve: Floats, matrix: Floats, alpha: Floats | None
) -> float:
    outside = np.flatnonzero(curve >= 1.0)
    if not len(outside) or not outside[0]:
        return float("inf") if not len(outside) else 0.0
    low, high = float(grid[outside[0] - 1]), float(grid[outside[0]])
    for _ in range(50):
        middle = 0.5 * (low + high)
        if multiplier(name, middle, matrix, alpha) < 1.0:
            low = middle
        else:
            high = middle
    return low


def _trial(dynamics: Dynamics, name: str, rest: Floats, u: Floats, seconds: float) -> Trial:
    """Disturb along the mode that decays least and measure its decay.

    A left eigenvector of the step's derivative picks that mode out of the difference, so that a
    rotating one is measured as exactly as a real one.
    """

    def step(state: Floats) -> Floats:
        return dynamics.explicit(name, state, u, seconds)

    values, vectors = np.linalg.eig(jacobian(step, rest)[0])
    index = int(np.abs(values).argmax())
    predicted = float(np.abs(values[index]))
    left = np.linalg.pinv(vectors)[index]
    # Few enough steps that neither rounding nor the nonlinearity is reached: within 10^3.
    speed = abs(np.log(max(predicted, 1e-3)))
    count = int(np.clip(np.log(1e3) / max(speed, 1e-3), 1, 400))
    mode = vectors[:, index]
    state = rest + _DISTURBANCE * (mode / np.abs(mode).max()).real
    first = abs(left @ (state - rest))
    for _ in range(count):
        state = step(state)
    return Trial(seconds, predicted, float((abs(left @ (state - rest)) / first) ** (1.0 / count)))


def own_step(dynamics: Dynamics, rest: Equilibrium, u: Floats, seconds: float) -> float:
    """Return the largest |mu| of the model's own step over `seconds`, sub-steps included."""
    matrix = jacobian(lambda state: dynamics.step(state, u, seconds), rest.state)[0]
    return float(np.abs(np.linalg.eigvals(matrix)).max())
