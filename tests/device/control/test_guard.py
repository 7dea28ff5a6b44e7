"""What must not get through to the model."""

from fixtures import built

from rivulet.arrays import floats, np
from rivulet.control.guard import Guard

_NAN = float("nan")
_INFINITY = float("inf")


def passed(guard, values, held, source=1):
    """What becomes of a sensor's values, and of those held."""
    array = np.array(values)
    view = floats(array)
    kept = floats(np.array(held))
    was_bad = sum(guard.bad_values)
    assert guard.values(source, array, view, kept) == (sum(guard.bad_values) == was_bad)
    return list(view), list(kept)


def test_good_values_pass_and_are_held():
    guard = Guard()
    assert passed(guard, [1.5, -2.0, 0.0], [9.0, 9.0, 9.0]) == ([1.5, -2.0, 0.0],) * 2
    assert sum(guard.bad_values) == 0


def test_bad_values_are_replaced_by_the_held_ones_and_counted():
    for bad in (_NAN, _INFINITY, -_INFINITY):
        guard = Guard()
        assert passed(guard, [1.5, bad, 4.0], [7.0, 8.0, 9.0]) == ([1.5, 8.0, 4.0],) * 2
        assert list(guard.bad_values[:3]) == [0, 1, 0]


def test_infinities_that_would_cancel():
    guard = Guard()
    good, _ = passed(guard, [_INFINITY, -_INFINITY, _NAN], [1.0, 2.0, 3.0], source=2)
    assert good == [1.0, 2.0, 3.0]
    assert guard.bad_values[2] == 3


def test_a_sum_that_overflows_is_not_a_bad_value():
    guard = Guard()
    huge = 3e38 if float("1e39") == _INFINITY else 1.7e308
    assert passed(guard, [huge, huge, huge], [0.0, 0.0, 0.0])[0] == list(np.array([huge] * 3))
    assert sum(guard.bad_values) == 0


def test_a_good_state_stays():
    guard = Guard()
    model = built()
    model.event(0, (0, 1, 2), (1.0, 2.0, 3.0))
    model.event(50000, (0, 1, 2), (1.0, 2.0, 3.0))
    before = list(model.cell.state_floats)
    assert not guard.state(model)
    assert list(model.cell.state_floats) == before and guard.resets == 0


def test_a_state_that_is_no_number_is_reset():
    for bad in (_NAN, _INFINITY, -_INFINITY):
        guard = Guard()
        model = built()
        model.event(50000, (0, 1, 2), (1.0, 2.0, 3.0))
        model.event(50000, (0, 1, 2), (1.0, 2.0, 3.0))
        model.cell.state_floats[1] = bad
        assert guard.state(model)
        assert guard.resets == guard.trips == 1
        assert list(model.cell.state_floats) == [0.0] * 4
        assert list(model.cell.input_floats) == [0.5, 0.0, -0.25]
        assert model.readout.missing == 1.0
        assert not guard.state(model)
