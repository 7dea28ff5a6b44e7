"""The clock against time as one integer of any size."""

from array import array

from fixtures import moment
from hypothesis import given
from hypothesis import strategies as st

from rivulet.sensing.clock import PERIOD, Clock, elapsed_us

_DAY_US = 24 * 3600 * 1_000_000
_phase = st.one_of(
    st.integers(0, PERIOD - 1), st.sampled_from([0, 1, PERIOD // 2, PERIOD - 1, PERIOD - 2])
)
# Gaps of every magnitude, and those around what the counters can tell.
_gap = st.one_of(
    st.integers(0, 2000),
    st.integers(0, PERIOD),
    st.integers(0, 12 * _DAY_US),
    st.builds(
        lambda wraps, less: max(0, wraps * PERIOD // 2 + less),
        st.integers(0, 200),
        st.integers(-2000, 2000),
    ),
    st.integers(267_990_000, 268_010_000),
)


class Time:
    """True time since the counters were at their phases."""

    def __init__(self, us_phase: int, ms_phase: int) -> None:
        self.now = 0
        self.asleep = 0
        self._us_phase, self._ms_phase = us_phase, ms_phase
        self.clock = Clock(self.ticks_us, self.ticks_ms)

    def ticks_us(self) -> int:
        return (self.now - self.asleep + self._us_phase) % PERIOD

    def ticks_ms(self) -> int:
        return ((self.now + 500) // 1000 + self._ms_phase) % PERIOD

    def pass_by(self, gap: int) -> None:
        self.now += gap
        self.clock.update()

    @property
    def told(self) -> int:
        return self.clock.epoch * PERIOD + self.clock.ticks - self._us_phase


@given(_phase, _phase, st.lists(_gap, max_size=12))
def test_any_gaps_at_any_phase(us_phase: int, ms_phase: int, gaps: list[int]) -> None:
    time = Time(us_phase, ms_phase)
    for gap in gaps:
        time.pass_by(gap)
        assert time.told == time.now
        assert 0 <= time.clock.ticks < PERIOD


@given(_phase, st.integers(0, 30 * _DAY_US), st.integers(1, 11 * _DAY_US))
def test_any_gap_up_to_a_month_if_it_is_polled(us_phase: int, gap: int, poll: int) -> None:
    time = Time(us_phase, 12345)
    poll = max(poll, gap // 200 + 1)
    while time.now < gap:
        time.pass_by(min(poll, gap - time.now))
    assert time.told == time.now == gap


@given(_phase, st.lists(_gap, max_size=5), _gap, st.integers(-2000, 2000))
def test_a_moment_advances_to_a_stamp(
    us_phase: int, gaps: list[int], ago: int, offset: int
) -> None:
    time = Time(us_phase, 0)
    for gap in gaps:
        time.pass_by(gap)
    begun = time.told + us_phase
    last = array("i", divmod(begun, PERIOD))
    time.pass_by(ago)
    seen = array("i", (0, 0))
    wanted = time.told + us_phase + offset
    elapsed_us = time.clock.advance(wanted % PERIOD, last, seen)
    assert tuple(seen) == tuple(time.clock.stamp) == divmod(wanted, PERIOD)
    if 0 <= wanted - begun < PERIOD:
        assert elapsed_us == wanted - begun and last == seen
    else:
        assert elapsed_us == -1 and tuple(last) == divmod(begun, PERIOD)


@given(_phase, st.lists(_gap, max_size=5), st.integers(-(PERIOD // 2) + 1, PERIOD // 2 - 1))
def test_the_moment_of_a_stamp(us_phase: int, gaps: list[int], offset: int) -> None:
    time = Time(us_phase, 0)
    for gap in gaps:
        time.pass_by(gap)
    clock = time.clock
    epoch, ticks = moment(clock, (clock.ticks + offset) % PERIOD)
    assert 0 <= ticks < PERIOD
    assert epoch * PERIOD + ticks == clock.epoch * PERIOD + clock.ticks + offset
    assert elapsed_us(clock.epoch, clock.ticks, epoch, ticks) == offset


@given(st.integers(0, 1 << 50), st.integers(0, 1 << 50))
def test_elapsed_is_the_difference(one: int, other: int) -> None:
    assert elapsed_us(*divmod(one, PERIOD), *divmod(other, PERIOD)) == other - one


@given(
    _phase,
    st.lists(
        st.tuples(st.integers(0, 20 * 60 * 1_000_000), st.integers(4_001_000, 10**11)),
        min_size=1,
        max_size=6,
    ),
)
def test_sleep_that_ticks_us_does_not_count(us_phase: int, naps: list[tuple[int, int]]) -> None:
    """Within the drift that the two counters are allowed, and never backwards."""
    time = Time(us_phase, PERIOD - 100)
    allowed = 0
    for awake, asleep in naps:
        time.pass_by(awake)
        before = time.told
        time.asleep += asleep
        time.pass_by(asleep)
        assert time.told >= before
        # More than half a period cannot hide: it would be another number of wraps.
        allowed += min(2_000_000 + asleep // 100, PERIOD // 2) + 1000
        assert abs(time.told - time.now) <= allowed
        stamp = moment(time.clock, time.ticks_us())
        assert stamp == (time.clock.epoch, time.clock.ticks)
