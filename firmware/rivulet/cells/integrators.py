"""Integrators of dx/dt = alpha(x, u) * (q(x, u) - x) over h seconds under a held input.

Every cell of decay form is a `Relaxing`. Its `evaluate()` fills the arrays `alpha` (rates, 1/s)
and `target` (q, the state it is drawn to) for the present state and input. Each integrator moves
`cell.state` in place. Most compute x += k * (q - x), each with its own gain k:

    euler           k = h alpha, in equal sub-steps              first order
    semi_implicit   k = h alpha / (1 + h alpha)                  first order, stable for any h
    exponential     k = 1 - exp(-h alpha)                        first order, exact if frozen
    implicit_euler  semi_implicit with alpha and q at the end    first order, for stiff cells
    rk4             four slopes a sub-step                       fourth order, for reference

All but implicit_euler work in arrays made once by the cell.
"""

from rivulet.arrays import FLOAT_BYTES, floats, np
from rivulet.compat import const

# Limit of explicit steps in one call: bounds a turn of the loop for a gap of any length.
MAX_SUBSTEPS = const(64)
_MAX_ITERATIONS = const(40)
# For each slope: its weight in the step, and the share of the step to the next slope's point.
_RK4 = ((1.0, 0.5), (2.0, 0.5), (2.0, 1.0), (1.0, 0.0))
# Squared change below which the iteration of an implicit step has converged.
_SETTLED = 1e-26 if FLOAT_BYTES == 8 else 1e-13


class Stages:
    """The working arrays of RK4, n floats each."""

    def __init__(self, n):
        self.start, self.total, self.part = np.zeros(n), np.zeros(n), np.zeros(n)
        self.start_floats, self.total_floats = floats(self.start), floats(self.total)
        self.part_floats = floats(self.part)
        self.factor = np.zeros(1)
        self.factor_floats = floats(self.factor)

    def scaled(self, slope, factor):
        """Return factor * slope, in `part`; only the plain Python arrays allocate a new one."""
        self.part_floats[:] = floats(slope)
        self.factor_floats[0] = factor
        part = self.part
        part *= self.factor
        return part


class Relaxing:
    """The arrays of a cell of decay form. state: (n,); alpha_max: the highest rate, 1/s."""

    def __init__(self, state, alpha_max):
        n = len(state)
        self.state = state
        self.alpha_max = alpha_max
        self.alpha = np.zeros(n)
        self.alpha_floats = floats(self.alpha)
        self.target = np.zeros(n)
        self.target_floats = floats(self.target)
        self.gain = np.zeros(n)
        self.gain_floats = floats(self.gain)
        self.one = np.array([1.0])
        self.seconds = np.zeros(1)
        self.seconds_floats = floats(self.seconds)
        self.stages = None  # made by RK4, which few models use

    def slope(self):
        """Return dx/dt for the present state and input; overwrites `target`."""
        self.evaluate()
        slope = self.target
        slope -= self.state
        slope *= self.alpha
        return slope


def _gain(cell, factor):
    """Return cell.gain, set to factor * cell.alpha without a temporary array."""
    cell.gain_floats[:] = cell.alpha_floats
    cell.seconds_floats[0] = factor
    gain = cell.gain
    gain *= cell.seconds
    return gain


def _substeps(cell, h):
    """Return (count, length) of explicit steps of at most 1/alpha_max, half of Euler's limit.

    They depend only on h and the model, so every board takes the same steps. A gap that needs more
    than 64 ends with one exponential step: see `_finish`.
    """
    steps = h * cell.alpha_max
    # Compared as a float, because it can be infinite.
    if not steps < MAX_SUBSTEPS:
        return MAX_SUBSTEPS, 1.0 / cell.alpha_max
    count = int(steps) + 1
    return count, h / count


def _finish(cell, rest, step):
    """Move over the rest of a long gap after 64 explicit steps."""
    # If the steps covered the whole gap, the rest is only a rounding error.
    if rest > 1e-3 * step:
        exponential(cell, rest)


def exponential(cell, h):
    """Compute x += (1 - exp(-h alpha)) (q - x), one step for a gap of any length."""
    cell.evaluate()
    gain = _gain(cell, -h)
    np.expm1(gain, out=gain)
    change = cell.target
    change -= cell.state
    change *= gain
    state = cell.state
    state -= change


def semi_implicit(cell, h):
    """Compute x += h alpha / (1 + h alpha) (q - x): x+ = (x + h alpha q) / (1 + h alpha)."""
    cell.evaluate()
    gain = _gain(cell, h)
    change = cell.target
    change -= cell.state
    change *= gain
    gain += cell.one
    change /= gain
    state = cell.state
    state += change


def euler(cell, h):
    """Compute x += (h/N) alpha (q - x) N times, with h/N at most 1/alpha_max."""
    count, step = _substeps(cell, h)
    for _ in range(count):
        cell.evaluate()
        gain = _gain(cell, step)
        change = cell.target
        change -= cell.state
        change *= gain
        state = cell.state
        state += change
    _finish(cell, h - count * step, step)


def implicit_euler(cell, h):
    """Solve x+ = (x + h alpha q) / (1 + h alpha), with alpha and q at x+ and the interval's end.

    At most 40 fixed-point iterations from x. The step is halved whenever the change grows, so that
    strongly coupled cells converge. The last iterate is the result; it lies between x and the
    targets even if 40 iterations were too few.
    """
    start = cell.state * 1.0
    state = cell.state
    share = 1.0
    last = None
    for _ in range(_MAX_ITERATIONS):
        cell.evaluate()
        gain = _gain(cell, h)
        change = cell.target
        change *= gain
        change += start
        gain += cell.one
        change /= gain
        change -= state
        size = np.max(change * change)
        if last is not None and size > last:
            share *= 0.5
        last = size
        state += change * share
        if not size > _SETTLED:
            break


def rk4(cell, h):
    """Run the classical Runge-Kutta method, with the sub-steps of `euler`."""
    count, step = _substeps(cell, h)
    if cell.stages is None:
        cell.stages = Stages(len(cell.state_floats))
    stages, state = cell.stages, cell.state_floats
    for _ in range(count):
        stages.start_floats[:] = state
        stages.total_floats[:] = state
        for weight, ahead in _RK4:
            slope = cell.slope()
            total = stages.total
            total += stages.scaled(slope, weight * step / 6.0)
            if ahead:
                point = stages.scaled(slope, ahead * step)
                point += stages.start
                state[:] = floats(point)
        state[:] = stages.total_floats
    _finish(cell, h - count * step, step)


BY_NAME = {
    "euler": euler,
    "semi_implicit": semi_implicit,
    "exponential": exponential,
    "implicit_euler": implicit_euler,
    "rk4": rk4,
}
