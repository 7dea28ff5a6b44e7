"""Each integrator's gain, number of evaluations and behaviour in a long gap."""

from math import exp

from fixtures import TOLERANCE, close

from rivulet.arrays import floats, np
from rivulet.cells.integrators import BY_NAME


class Frozen:
    """A cell whose rates and target do not change."""

    def __init__(self, alpha, target, state, alpha_max=20.0):
        n = len(alpha)
        self.state = np.array(state)
        self.state_floats = floats(self.state)
        self.stages = None
        self.alpha = np.zeros(n)
        self.alpha_floats = floats(self.alpha)
        self.target = np.zeros(n)
        self.gain = np.zeros(n)
        self.gain_floats = floats(self.gain)
        self.one = np.array([1.0])
        self.seconds = np.zeros(1)
        self.seconds_floats = floats(self.seconds)
        self.alpha_max = alpha_max
        self.evaluations = 0
        self._alpha, self._target = floats(np.array(alpha)), floats(np.array(target))

    def evaluate(self):
        self.evaluations += 1
        self.alpha_floats[:] = self._alpha
        floats(self.target)[:] = self._target


_ALPHA, _TARGET, _STATE = [0.5, 4.0, 20.0], [1.0, -0.5, 0.25], [0.0, 0.5, -1.0]


def cell():
    return Frozen(_ALPHA, _TARGET, _STATE)


def moved(left):
    """The state when each distance to its target has shrunk to `left(alpha)` of it."""
    return [q + left(a) * (x - q) for a, q, x in zip(_ALPHA, _TARGET, _STATE)]


def test_exponential_is_exact_for_a_gap_of_any_length():
    for h in (1e-6, 0.01, 0.5, 100.0, 1e5):
        one = cell()
        BY_NAME["exponential"](one, h)
        assert close(floats(one.state), moved(lambda a, h=h: exp(-h * a)))
        assert one.evaluations == 1


def test_a_tiny_step_keeps_its_digits():
    # 1 - exp(-h) by subtraction would be 4 % off, or nothing, in float32.
    one = Frozen([1.0], [1.0], [0.0])
    BY_NAME["exponential"](one, 1e-7)
    assert abs(floats(one.state)[0] - 1e-7) < 1e-12


def test_semi_implicit_solves_its_equation():
    for h in (1e-6, 0.01, 0.5, 100.0, 1e5):
        one = cell()
        BY_NAME["semi_implicit"](one, h)
        assert close(
            floats(one.state),
            [(x + h * a * q) / (1.0 + h * a) for a, q, x in zip(_ALPHA, _TARGET, _STATE)],
        )
        assert one.evaluations == 1


def test_euler_takes_one_step_where_that_is_stable():
    one = cell()
    BY_NAME["euler"](one, 0.04)
    assert close(floats(one.state), moved(lambda a: 1.0 - 0.04 * a))
    assert one.evaluations == 1


def test_euler_takes_as_many_steps_as_stability_needs():
    for h, count in ((0.05, 2), (0.06, 2), (0.11, 3), (1.03, 21)):
        one = cell()
        BY_NAME["euler"](one, h)
        assert one.evaluations == count
        left = moved(lambda a, h=h, count=count: (1.0 - h / count * a) ** count)
        assert close(floats(one.state), left)


def test_euler_is_bounded_and_finishes_a_long_gap():
    for h in (3.21, 3.24, 4.0, 10.0, 3600.0, 1e6):
        one = cell()
        BY_NAME["euler"](one, h)
        assert one.evaluations <= 65
        # The slowest rate has 0.5/s: all the time counts, not only the first 64 steps.
        rest = 1.0 - _euler_then_exponential(0.5, h)
        assert abs(floats(one.state)[0] - rest) <= 10 * TOLERANCE, h
        assert close(floats(one.state)[1:], [-0.5, 0.25], 1e-2)


def _euler_then_exponential(alpha, h):
    """The share of the distance to the target that is left."""
    step = 1.0 / 20.0
    return (1.0 - step * alpha) ** 64 * exp(-(h - 64 * step) * alpha)


def test_euler_never_overshoots_at_the_highest_rate():
    for h in (0.049, 0.0501, 0.0999, 3.19, 3.21):
        one = Frozen([20.0], [1.0], [0.0])
        BY_NAME["euler"](one, h)
        assert -TOLERANCE <= floats(one.state)[0] <= 1.0 + TOLERANCE


def test_the_arrays_of_the_cell_stay_the_same_objects():
    for name in ("euler", "semi_implicit", "exponential"):
        one = cell()
        state, view = one.state, floats(one.state)
        BY_NAME[name](one, 0.2)
        assert one.state is state
        assert list(view) == list(floats(one.state)) != _STATE
