"""The histogram of event costs."""

from rivulet.latency import LatencyHistogram, percentile


def pairs(latency):
    return [[i, n] for i, n in enumerate(latency.counts) if n]


def test_short_durations_are_exact():
    for duration in range(16):
        latency = LatencyHistogram("event_cost")
        latency.add(duration)
        assert pairs(latency) == [[duration, 1]]
        assert percentile(pairs(latency), 0.5) == duration


def test_a_bucket_is_within_an_eighth_of_what_it_holds():
    duration = 16
    last = 0
    while duration < 1 << 22:
        latency = LatencyHistogram("event_cost")
        latency.add(duration)
        index = pairs(latency)[0][0]
        assert index >= last
        last = index
        assert abs(percentile(pairs(latency), 0.5) - duration) <= duration / 15
        duration += duration // 7 + 1


def test_percentiles_of_many():
    latency = LatencyHistogram("event_cost")
    for duration in range(1, 1001):
        latency.add(duration)
    assert abs(percentile(pairs(latency), 0.5) - 500) <= 500 / 12
    assert abs(percentile(pairs(latency), 0.99) - 990) <= 990 / 12
    assert percentile(pairs(latency), 0.001) == 1.0
    assert percentile([], 0.5) == 0.0


def test_last_and_worst():
    latency = LatencyHistogram("event_cost")
    for duration in (5, 9000, 12):
        latency.add(duration)
    assert (latency.last, latency.worst) == (12, 9000)


def test_what_is_longer_than_the_last_bucket_is_counted_there():
    latency = LatencyHistogram("event_cost")
    latency.add(1 << 22)
    latency.add((1 << 30) - 1)
    assert pairs(latency) == [[len(latency.counts) - 1, 2]]
    assert latency.worst == (1 << 30) - 1


def test_full_counters_are_halved_and_keep_the_percentiles():
    latency = LatencyHistogram("event_cost")
    latency.counts[3] = 0xFFFF
    latency.counts[9] = 0x4000
    latency.add(3)
    assert latency.counts[3] == 0x7FFF + 1
    assert latency.counts[9] == 0x2000
