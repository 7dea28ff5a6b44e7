"""One step of dx/dt = alpha(x, u) * (q(x, u) - x) over h seconds, the input held.

Every cell of decay form offers `evaluate()`, which fills its arrays `alpha` (rates, 1/s) and
`target` (q, the state it is drawn to) for its present state and input. Each integrator moves
`cell.state` in place by x += k * (q - x), with a gain k that is its own:

    euler          k = h alpha, in equal sub-steps              first order
    semi_implicit  k = h alpha / (1 + h alpha)                  first order, stable for any h
    exponential    k = 1 - exp(-h alpha)                        first order, exact if frozen

All work in arrays made once by the cell (`gain`, `seconds`, `one`).
"""

from rivulet.compat import const
from rivulet.kernels import np

# Explicit steps in one call: keeps a turn of the loop bounded however long the gap was.
_MAX_SUBSTEPS = const(64)


def _gain(cell, factor):
    """cell.gain = factor * cell.alpha, without a temporary array."""
    cell.gain_floats[:] = cell.alpha_floats
    cell.seconds_floats[0] = factor
    gain = cell.gain
    gain *= cell.seconds
    return gain


def exponential(cell, h):
    """x += (1 - exp(-h alpha)) (q - x): a gap of any length in one step."""
    cell.evaluate()
    gain = _gain(cell, -h)
    np.expm1(gain, out=gain)
    change = cell.target
    change -= cell.state
    change *= gain
    state = cell.state
    state -= change


def semi_implicit(cell, h):
    """x += h alpha / (1 + h alpha) (q - x), that is x+ = (x + h alpha q) / (1 + h alpha)."""
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
    """x += (h/N) alpha (q - x), N times, with h/N at most 1/alpha_max.

    That is half the explicit stability limit 2/alpha_max, for any alpha the cell can reach. N
    depends on h and the model only, so that every board takes the same steps. A gap that would
    need more than 64 is finished by one exponential step.
    """
    substeps = int(h * cell.alpha_max) + 1
    step = h / substeps
    if substeps > _MAX_SUBSTEPS:
        substeps = _MAX_SUBSTEPS
        step = 1.0 / cell.alpha_max
    for _ in range(substeps):
        cell.evaluate()
        gain = _gain(cell, step)
        change = cell.target
        change -= cell.state
        change *= gain
        state = cell.state
        state += change
    rest = h - substeps * step
    if rest > step:
        exponential(cell, rest)


BY_NAME = {"euler": euler, "semi_implicit": semi_implicit, "exponential": exponential}
