"""Derivatives of the device code, and the eigenvalues of the linearised dynamics.

The equation near a point is d(dx)/dt = J dx with J = df/dx; its eigenvalues are the poles of the
linearised system (Khalil, "Nonlinear Systems", 3rd ed., section 4.3: an equilibrium is stable if
all have negative real parts, unstable if one is positive).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.analyze.dynamics import Dynamics, Floats

Function = Callable[[Floats], Floats]

# A step at which truncation, of fourth order after one extrapolation, and rounding both are far
# below a part in 10^8 for smooth gates; halved where the estimate says that it is too long.
_FIRST_STEP = 4e-3
_GOOD = 1e-8
_MOST_HALVINGS = 10
# A smaller multiplier of a map vanishes within one step; its logarithm would be rounding.
_SMALLEST_MULTIPLIER = 1e-12
# Imaginary parts below this part of a pole's size are rounding of a double real pole.
_REAL = 1e-6
# A real part within this part of the fastest pole is zero, give or take the derivative's error.
_ZERO = 1e-10


def differences(function: Function, point: Floats, steps: Floats) -> Floats:
    """Return df/dx (k, n) at `point` (n,) by central differences with the given steps (n,)."""
    columns = []
    for i in range(len(point)):
        ahead, behind = point.copy(), point.copy()
        ahead[i] += steps[i]
        behind[i] -= steps[i]
        columns.append((function(ahead) - function(behind)) / (ahead[i] - behind[i]))
    return np.column_stack(columns)


def jacobian(
    function: Function, point: Floats, unit: Floats | None = None
) -> tuple[Floats, float]:
    """Return (df/dx (k, n) at `point` (n,), its estimated absolute error).

    Richardson's extrapolation of central differences. The steps, in `unit`s (n,) of the
    coordinates, are halved until two extrapolations agree; each column keeps the pair that agrees
    best (Ridders 1982, "Accurate computation of F'(x) and F'(x)F''(x)").
    """
    unit = np.maximum(1.0, np.abs(point)) if unit is None else unit
    steps = _FIRST_STEP * unit
    coarse = differences(function, point, steps)
    best = last = coarse
    errors = np.full(len(point), np.inf)
    for halving in range(1, _MOST_HALVINGS + 1):
        fine = differences(function, point, steps * 0.5**halving)
        extrapolated = (4.0 * fine - coarse) / 3.0
        found = np.abs(extrapolated - last).max(axis=0)
        better = found < errors
        best = np.where(better, extrapolated, best)
        errors = np.where(better, found, errors)
        coarse, last = fine, extrapolated
        if halving > 1 and errors.max() <= _GOOD * (1.0 + np.abs(best).max()):
            break
    return best, float(errors.max())


@dataclass(frozen=True)
class Poles:
    """Eigenvalues (n,) of the linearised dynamics, 1/s; Re < 0 is stable."""

    values: NDArray[np.complex128]

    @property
    def abscissa(self) -> float:
        """The largest real part, 1/s."""
        return float(self.values.real.max())

    @property
    def stable(self) -> bool:
        return self.abscissa < -self._zero

    @property
    def grows(self) -> bool:
        return self.abscissa > self._zero

    @property
    def _zero(self) -> float:
        return _ZERO * float(np.abs(self.values).max())

    @property
    def fastest_s(self) -> float:
        return -1.0 / float(self.values.real.min()) if self.values.real.min() < 0.0 else math.inf

    @property
    def slowest_s(self) -> float:
        """Time constant of the slowest decay, s; inf if something does not decay."""
        return -1.0 / self.abscissa if self.stable else math.inf

    @property
    def oscillation(self) -> tuple[float, float] | None:
        """(frequency in Hz, damping ratio -Re/|pole|) of the least damped pair; None if all are
        real."""
        size = np.abs(self.values)
        pairs = self.values[self.values.imag > _REAL * size]
        if not len(pairs):
            return None
        damping = -pairs.real / np.abs(pairs)
        least = int(damping.argmin())
        return float(pairs[least].imag / (2.0 * math.pi)), float(damping[least])


@dataclass(frozen=True)
class Linearisation:
    """At one point: J (n, n), 1/s, or the derivative of a step for a map; error: J's own."""

    matrix: Floats
    error: float
    poles: Poles


def linearise(dynamics: Dynamics, x: Floats, u: Floats) -> Linearisation:
    """Linearise the dynamics at state x (n,) under constant inputs u (m,).

    Of a map with multipliers mu over an interval T the poles are ln(mu)/T; a mode
    that changes sign at every step oscillates at half the event rate.
    """
    if dynamics.continuous:
        matrix, error = jacobian(lambda point: dynamics.field(point, u), x)
        return Linearisation(matrix, error, Poles(np.linalg.eigvals(matrix).astype(complex)))
    seconds = dynamics.interval_s
    matrix, error = jacobian(lambda point: dynamics.step(point, u, seconds), x)
    multipliers = np.linalg.eigvals(matrix).astype(complex)
    multipliers[np.abs(multipliers) < _SMALLEST_MULTIPLIER] = _SMALLEST_MULTIPLIER
    return Linearisation(matrix, error, Poles(np.log(multipliers) / seconds))


def input_gain(dynamics: Dynamics, x: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Return (df/du (n, m), dy/du (k, m) at rest), for one normalised unit of each channel.

    At an equilibrium 0 = J dx + B du, so that the outputs follow a slow input by
    dy = -W J^-1 B du: the static gain. The readout, a weighted mean or the state, has gain 1.
    Inputs that the readout reads itself add to it.
    """
    unit = np.where(dynamics.unit > 0.0, dynamics.unit, 1.0)
    inward = jacobian(lambda point: dynamics.drift(x, point), u, unit)[0] * unit
    matrix = linearise(dynamics, x, u).matrix
    if not dynamics.continuous:
        matrix = matrix - np.eye(dynamics.hidden)
    moved = np.linalg.lstsq(matrix, -inward, rcond=None)[0]
    gain: Floats = dynamics.output_weights[:, :-1] @ moved + dynamics.direct * unit
    return inward, gain
