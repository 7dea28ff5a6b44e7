"""Rates from the times of edges: exact at any speed, bounded while an edge is due, 0 at rest."""

from rivulet.sensing.edges import COUNTS, EdgeRate

_MASK = 0x3FFFFFFF


def _close(a, b):
    return abs(a - b) <= 1e-5 * max(abs(a), abs(b))


def test_the_rate_is_that_of_the_edges_not_of_the_interval():
    rate = EdgeRate(500000)
    # 7 edges every 1000 us from 100 us on, looked at every 20 ms: 20 or 21 an interval.
    for now in range(20000, 200000, 20000):
        count = (now - 100) // 7 + 1
        found = rate.update(count, 100 + (count - 1) * 7, now)
    assert _close(found, 1e6 / 7)


def test_a_slow_signal_has_a_rate_between_its_edges():
    rate = EdgeRate(500000)
    rate.update(1, 1000, 2000)
    assert _close(rate.update(2, 101000, 102000), 10.0)
    # The next edge is due after 100 ms: until then nothing has changed, then it must be slower.
    assert _close(rate.update(2, 101000, 151000), 10.0)
    assert _close(rate.update(2, 101000, 301000), 5.0)


def test_silence_is_standstill_and_the_first_edge_after_it_has_no_rate():
    rate = EdgeRate(500000)
    assert rate.update(0, 0, 0) == 0
    rate.update(5, 1000, 2000)
    assert rate.update(6, 2000, 2100) > 0
    assert rate.update(6, 2000, 502001) == 0
    assert rate.update(7, 900000, 900100) == 0
    assert _close(rate.update(8, 901000, 901100), 1000.0)


def test_backwards_is_negative_and_counters_wrap():
    rate = EdgeRate(500000)
    rate.update(2, _MASK - 99, _MASK - 90)
    assert _close(rate.update(COUNTS, 900, 910), -3 * 1e6 / 1000)
