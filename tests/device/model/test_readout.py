"""The outputs: of the state, and of its mean over true time."""

from math import exp

from fixtures import FLOAT32, TOLERANCE, Numbers, close

from rivulet.arrays import floats, np
from rivulet.model.readout import Readout


class Cell:
    def __init__(self, n):
        self.state = np.zeros(n)
        self.state_floats = floats(self.state)


def readout(tau_s, n=3, k=2, seed=1):
    """(readout, cell, rows of weights)"""
    numbers = Numbers(seed)
    rows = [[numbers.unit() for _ in range(n + 1)] for _ in range(k)]
    weights = np.zeros((k, n + 1))
    flat = weights.reshape((k * (n + 1),))
    flat[:] = np.array([value for row in rows for value in row])
    cell = Cell(n)
    return Readout(weights, tau_s, cell), cell, rows


def product(rows, feature):
    return [sum(w * f for w, f in zip(row, list(feature) + [1.0])) for row in rows]


def test_of_the_state():
    head, cell, rows = readout(0.0)
    assert close(head.outputs(), [row[-1] for row in rows])
    for state in ([0.5, -0.25, 1.0], [-1.0, 0.0, 0.125]):
        cell.state_floats[:] = floats(np.array(state))
        head.advance(0.01)
        assert close(head.outputs(), product(rows, state))


def test_outputs_are_new_each_time():
    head, cell, _ = readout(0.0)
    first = head.outputs()
    kept = list(first)
    cell.state_floats[0] = 1.0
    head.advance(1.0)
    head.outputs()
    assert list(first) == kept


def test_the_mean_against_its_definition():
    numbers = Numbers(5)
    head, cell, rows = readout(1.5)
    mean, confidence = [0.0] * 3, 0.0
    for _ in range(400):
        seconds = 10.0 ** (-4 + 5 * abs(numbers.unit()))
        state = [numbers.unit() for _ in range(3)]
        cell.state_floats[:] = floats(np.array(state))
        head.advance(seconds)
        w = 1.0 - exp(-seconds / 1.5)
        confidence += w * (1.0 - confidence)
        mean = [m + w / confidence * (x - m) for m, x in zip(mean, state)]
        tolerance = 1e-4 if FLOAT32 else 2e-6  # the bias correction ends at 0.999999
        assert close(head.feature_floats, mean, tolerance)
        assert close(head.outputs(), product(rows, mean), 2 * tolerance)


def test_the_first_interval_counts_in_full():
    for seconds in (1e-3, 1.0, 1e4):
        head, cell, _ = readout(2.0)
        cell.state_floats[:] = floats(np.array([0.5, -0.25, 1.0]))
        head.advance(seconds)
        assert close(head.feature_floats, [0.5, -0.25, 1.0], 1e-4)


def test_longer_intervals_weigh_more():
    head, cell, _ = readout(100.0)
    for value, seconds in ((1.0, 3.0), (0.0, 1.0)):
        cell.state_floats[0] = value
        head.advance(seconds)
    assert abs(head.feature_floats[0] - 0.75) < 0.02


def test_one_long_interval_is_many_short_ones():
    long, long_cell, _ = readout(2.0)
    short, short_cell, _ = readout(2.0)
    for value in (1.0, -0.5, 0.25):
        for cell in (long_cell, short_cell):
            cell.state_floats[0] = value
        long.advance(1.0)
        for _ in range(16):
            short.advance(0.0625)
        assert close(short.feature_floats, long.feature_floats, 20 * TOLERANCE)


def test_the_correction_ends_and_the_mean_goes_on():
    head, cell, _ = readout(0.5)
    cell.state_floats[0] = 1.0
    for _ in range(40):
        head.advance(1.0)
    assert head.missing == 0.0
    cell.state_floats[0] = 0.0
    head.advance(0.5)
    assert close([head.feature_floats[0]], [exp(-1.0)])
    head.advance(1e6)
    assert abs(head.feature_floats[0]) < 1e-6


def test_reset_forgets():
    head, cell, rows = readout(2.0)
    cell.state_floats[0] = 1.0
    head.advance(5.0)
    head.reset()
    assert head.missing == 1.0
    assert close(head.outputs(), [row[-1] for row in rows])
    cell.state_floats[0] = -1.0
    head.advance(0.01)
    assert close([head.feature_floats[0]], [-1.0], 1e-4)


def test_an_interval_too_short_to_tell_from_none():
    # In float32 exp(-dt/tau) is 1: two interrupts within a microsecond, a mean over a minute.
    head, cell, _ = readout(60.0)
    cell.state_floats[0] = 1.0
    head.advance(1e-6)
    assert close([head.feature_floats[0]], [1.0], 1e-4)
    head.advance(30.0)
    assert close([head.feature_floats[0]], [1.0])


def test_the_correction_ends_with_short_intervals_too():
    head, cell, _ = readout(2.0)
    for _ in range(1000):
        head.advance(0.04)
    assert head.missing == 0.0
