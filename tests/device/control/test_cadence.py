"""When decisions are due: within an epoch, across wraps, after stalls."""

from array import array

from fixtures import Numbers

from rivulet.control.policy import Cadence

_PERIOD = 1 << 30


def moment(us):
    return array("i", (us // _PERIOD, us % _PERIOD))


def check(start_us, cadence_us, steps):
    """Compare with the same in plain microseconds, which have no epochs."""
    cadence = Cadence(moment(start_us))
    now = due = decided = start_us
    for step_us in steps:
        now += step_us
        late_us = now - due - cadence_us
        found = cadence.take(moment(now), cadence_us)
        if late_us < 0:
            assert found == -1
            continue
        due = now - late_us % cadence_us
        assert found == min(late_us, _PERIOD - 1)
        assert cadence.waited_us == now - decided
        assert cadence.due == moment(due)
        decided = now


def test_turns_of_any_length():
    numbers = Numbers(7)
    for start_us in (0, 12345, _PERIOD - 200000, 5 * _PERIOD - 1):
        for cadence_us in (1, 999, 100000):
            check(start_us, cadence_us, [numbers.below(60000) for _ in range(300)])


def test_stalls_and_long_cadences():
    numbers = Numbers(8)
    for cadence_us in (100000, _PERIOD // 2, _PERIOD - 1):
        for start_us in (0, _PERIOD - 1):
            check(start_us, cadence_us, [8192 * numbers.below(1 << 18) for _ in range(50)])


def test_a_decision_that_was_due_before_the_wrap():
    check(_PERIOD - 50000, 40000, [45000, 10000, 39999, 1, 40000])
