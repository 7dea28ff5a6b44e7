"""The histogram of event costs."""

from rivulet.latency import Costs, percentile


def pairs(costs):
    return [[i, n] for i, n in enumerate(costs.counts) if n]


def test_short_durations_are_exact():
    for duration in range(16):
        costs = Costs()
        costs.add(duration)
        assert pairs(costs) == [[duration, 1]]
        assert percentile(pairs(costs), 0.5) == duration


def test_a_bucket_is_within_an_eighth_of_what_it_holds():
    duration = 16
    last = 0
    while duration < 1 << 22:
        costs = Costs()
        costs.add(duration)
        index = pairs(costs)[0][0]
        assert index >= last
        last = index
        assert abs(percentile(pairs(costs), 0.5) - duration) <= duration / 15
        duration += duration // 7 + 1


def test_percentiles_of_many():
    costs = Costs()
    for duration in range(1, 1001):
        costs.add(duration)
    assert abs(percentile(pairs(costs), 0.5) - 500) <= 500 / 12
    assert abs(percentile(pairs(costs), 0.99) - 990) <= 990 / 12
    assert percentile(pairs(costs), 0.001) == 1.0
    assert percentile([], 0.5) == 0.0


def test_last_and_worst():
    costs = Costs()
    for duration in (5, 9000, 12):
        costs.add(duration)
    assert (costs.last, costs.worst) == (12, 9000)


def test_what_is_longer_than_the_last_bucket_is_counted_there():
    costs = Costs()
    costs.add(1 << 22)
    costs.add((1 << 30) - 1)
    assert pairs(costs) == [[len(costs.counts) - 1, 2]]
    assert costs.worst == (1 << 30) - 1


def test_full_counters_are_halved_and_keep_the_percentiles():
    costs = Costs()
    costs.counts[3] = 0xFFFF
    costs.counts[9] = 0x4000
    costs.add(3)
    assert costs.counts[3] == 0x7FFF + 1
    assert costs.counts[9] == 0x2000
