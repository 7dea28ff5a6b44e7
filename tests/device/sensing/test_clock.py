"""Monotonic time out of counters that wrap, stall and stand still."""

from fixtures import Numbers, moment

from rivulet.sensing.clock import PERIOD, Clock, elapsed_us

_MINUTE = 60 * 1000000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


class Counters:
    """True time, and counters of it that start anywhere and wrap at 2^30."""

    def __init__(self, us_phase=0, ms_phase=0):
        self.now = 0
        self.asleep = 0  # what ticks_us did not count
        self._us_phase = us_phase
        self._ms_phase = ms_phase
        self.clock = Clock(self.ticks_us, self.ticks_ms)
        self._first = self.clock.ticks

    def ticks_us(self):
        return (self.now - self.asleep + self._us_phase) & (PERIOD - 1)

    def ticks_ms(self):
        return (self.now // 1000 + self._ms_phase) & (PERIOD - 1)

    def wait(self, us):
        self.now += us
        self.clock.update()

    def sleep(self, us):
        """Light sleep: ticks_us stands still, ticks_ms does not."""
        self.asleep += us
        self.wait(us)

    def error(self):
        """Clock time since the start, less the true time."""
        return elapsed_us(0, self._first, self.clock.epoch, self.clock.ticks) - self.now


def test_a_wrap_begins_an_epoch():
    counters = Counters(us_phase=PERIOD - 5)
    counters.wait(4)
    assert (counters.clock.epoch, counters.clock.ticks) == (0, PERIOD - 1)
    counters.wait(1)
    assert (counters.clock.epoch, counters.clock.ticks) == (1, 0)


def test_many_wraps():
    for step in (PERIOD // 7, PERIOD // 5, 268000000):
        counters = Counters(us_phase=12345)
        for _ in range(200):
            counters.wait(step)
            assert counters.error() == 0
        assert counters.clock.epoch >= 200 * step // PERIOD


def test_a_counter_that_is_wider_than_its_period_is_masked():
    now = PERIOD * 5 + 3
    clock = Clock(lambda: now, lambda: now // 1000)
    assert (clock.epoch, clock.ticks) == (0, 3)
    clock.update()
    assert (clock.epoch, clock.ticks) == (0, 3)


def test_stalls_that_ticks_us_alone_cannot_tell():
    for stall in (
        268001000,
        PERIOD // 2 + 1,
        PERIOD - 1,
        PERIOD,
        PERIOD + 1,
        2 * PERIOD,
        _HOUR,
        9 * _HOUR + 17,
        3 * _DAY + 1,
        12 * _DAY,
    ):
        for phase in (0, 1, PERIOD // 2, PERIOD - 1):
            counters = Counters(us_phase=phase)
            counters.wait(1000)
            counters.wait(stall)
            assert counters.error() == 0, (stall, phase)
            counters.wait(700)
            assert counters.error() == 0, (stall, phase)


def test_the_coarse_counter_wraps_too():
    for phase in (PERIOD - 1, PERIOD - 400000):
        counters = Counters(ms_phase=phase)
        counters.wait(_HOUR)
        counters.wait(100)
        assert counters.error() == 0


def test_thirty_days_polled_unevenly():
    numbers = Numbers(3)
    counters = Counters(us_phase=PERIOD - 77, ms_phase=PERIOD - 5)
    while counters.now < 30 * _DAY:
        # From nothing to more than a day.
        counters.wait(numbers.below(1000) * 10 ** numbers.below(9) + numbers.below(1000))
        assert counters.error() == 0
    assert counters.clock.epoch == (counters.now + PERIOD - 77) // PERIOD


def test_time_that_ticks_us_slept_through():
    for nap in (5000000, _MINUTE, 4 * _MINUTE, 5 * _MINUTE, 9 * _MINUTE, 30 * _MINUTE, 8 * _HOUR):
        counters = Counters(us_phase=PERIOD - 1000)
        counters.wait(_MINUTE)
        counters.sleep(nap)
        # The coarse counter tells milliseconds, and what looks like drift is left alone.
        assert abs(counters.error()) <= 2000000 + nap // 100 + 1000, nap
        error = counters.error()
        for _ in range(3):
            counters.wait(4 * _MINUTE)
            assert counters.error() == error


def test_stamps_are_moved_like_the_clock_after_a_sleep():
    counters = Counters()
    counters.sleep(30 * _MINUTE)
    stamp = counters.ticks_us()
    clock = counters.clock
    assert moment(clock, stamp) == (clock.epoch, clock.ticks)
    counters.now += 250
    epoch, ticks = moment(clock, counters.ticks_us())
    assert elapsed_us(clock.epoch, clock.ticks, epoch, ticks) == 250


def test_two_counters_that_drift_apart_a_little_keep_the_fine_one():
    now = [0, 0]
    clock = Clock(lambda: now[0] & (PERIOD - 1), lambda: now[1] & (PERIOD - 1))
    fine = _HOUR + 1234
    now[0], now[1] = fine, _HOUR // 1000 + 1500
    clock.update()
    assert clock.epoch * PERIOD + clock.ticks == fine


def test_moment_of_a_stamp_before_the_last_wrap():
    counters = Counters(us_phase=PERIOD - 10)
    stamp = counters.ticks_us()
    counters.wait(30)
    assert moment(counters.clock, stamp) == (0, PERIOD - 10)
    assert moment(counters.clock, 5) == (1, 5)


def test_moment_of_a_stamp_after_a_wrap_not_seen_yet():
    counters = Counters(us_phase=PERIOD - 10)
    counters.now += 30  # no update
    assert moment(counters.clock, counters.ticks_us()) == (1, 20)
    assert counters.clock.epoch == 0


def test_moment_at_every_phase():
    reach = PERIOD // 2 - 1
    for phase in (0, 1, 1000, PERIOD // 2 - 1, PERIOD // 2, PERIOD // 2 + 1, PERIOD - 1):
        counters = Counters(us_phase=phase)
        clock = counters.clock
        counters.wait(PERIOD // 4)
        counters.wait(PERIOD // 4)
        for offset in (-reach, -1000, -1, 0, 1, 1000, reach):
            stamp = (clock.ticks + offset) & (PERIOD - 1)
            epoch, ticks = moment(clock, stamp)
            assert ticks == stamp
            assert elapsed_us(clock.epoch, clock.ticks, epoch, ticks) == offset


def test_elapsed_across_epochs():
    assert elapsed_us(0, 5, 0, 9) == 4
    assert elapsed_us(0, 9, 0, 5) == -4
    assert elapsed_us(3, PERIOD - 1, 4, 0) == 1
    assert elapsed_us(4, 0, 3, PERIOD - 1) == -1
    assert elapsed_us(0, 0, 2414, 7) == 2414 * PERIOD + 7
