"""Training data: what is refused, how sensors merge, and what augmentation does."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools.errors import RivuletError  # noqa: E402
from host_tools.train import augment  # noqa: E402
from host_tools.train.cells.decay import DecayCell  # noqa: E402
from host_tools.train.collect import Stream, even, uneven  # noqa: E402
from host_tools.train.series import NEVER, stack  # noqa: E402

_TIMES = [0, 10, 20, 30]


def _one(times=_TIMES, values=None, duration=100):
    values = [[float(i)] for i in range(len(times))] if values is None else values
    return uneven([[Stream(times, values, (0,))]], [duration], [0.0], [1.0]).events()


@pytest.mark.parametrize(
    ("times", "values", "said"),
    [
        (_TIMES, [[0.0], [1.0], [np.nan], [3.0]], "recording 0: sample 2 holds NaN"),
        (_TIMES, [[0.0], [np.inf], [2.0], [3.0]], "sample 1 holds NaN or infinity"),
        ([0, 10, np.nan, 30], None, "timestamp of sample 2 is NaN"),
        ([0, 20, 10, 30], None, "not sorted: sample 2 is earlier"),
        ([0, 10, 10, 30], None, "samples 1 and 2 have the same timestamp"),
        ([0, 10, 20, 130], None, "leave the recording's 0 to 100 us"),
        ([-5, 10, 20, 30], None, "leave the recording's"),
        ([], np.zeros((0, 1)), "has no events"),
        (_TIMES, [[0.0, 1.0]] * 4, "values for 1 channels"),
    ],
)
def test_data_that_would_train_a_wrong_model_are_refused(times, values, said) -> None:
    with pytest.raises(RivuletError, match=said):
        _one(times, values)


def test_nan_in_even_data_is_refused() -> None:
    with pytest.raises(RivuletError, match="NaN"):
        even(np.array([[[0.0], [np.nan]]]), 0.1)


def test_sensors_merge_and_hold_their_channels() -> None:
    slow = Stream([0, 50_000], [[1.0, 2.0], [3.0, 4.0]], (0, 2))
    fast = Stream([0, 20_000, 70_000], [[5.0], [6.0], [7.0]], (1,))
    series = uneven([[slow, fast]], [100_000], [1.0, 0.0, 0.0], [2.0, 1.0, 1.0])
    events = series.events()
    expected = [[0, 0, 2], [0, 5, 2], [0, 6, 2], [4, 6, 4], [4, 7, 4]]
    torch.testing.assert_close(events.inputs[0, 0], torch.tensor(expected, dtype=torch.float32))
    torch.testing.assert_close(events.gaps[0, 0], torch.tensor([0, 0, 0.02, 0.03, 0.02]))
    torch.testing.assert_close(events.rest[0], torch.tensor([0.03]))


def test_a_channel_is_at_its_offset_before_it_comes() -> None:
    first, later = Stream([0], [[9.0]], (0,)), Stream([10], [[9.0]], (1,))
    events = uneven([[first, later]], [20], [0.0, 5.0], [1.0, 1.0]).events()
    assert events.inputs[0, 0].tolist() == [[9.0, 0.0], [9.0, 4.0]]


def test_short_gaps_survive_hours() -> None:
    times = np.array([0, 18_000_000_000, 18_000_001_234])
    events = _one(times, duration=18_000_002_000)
    expected = torch.tensor([0.0, 18_000.0, 1.234e-3])
    torch.testing.assert_close(events.gaps[0, 0], expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(events.rest[0], torch.tensor([0.766e-3]), rtol=1e-3, atol=0)


def test_padding_changes_nothing(irregular) -> None:
    network = DecayCell([1, 2], 1, 2, 4)
    random = np.random.default_rng(0)

    def stream(count: int) -> list[Stream]:
        times = np.sort(random.choice(10**6, count, replace=False))
        return [Stream(times, random.normal(size=(count, 1)), (0,))]

    recordings = [stream(12), stream(5), stream(1)]
    durations = [1_000_000, 1_100_000, 1_200_000]
    together = stack([uneven(recordings, durations, [0.0], [1.0]).events()] * 2)
    features, _ = network.run(together, network.zero_state(3))
    for i, (recording, duration) in enumerate(zip(recordings, durations, strict=True)):
        alone = stack([uneven([recording], [duration], [0.0], [1.0]).events()] * 2)
        expected, _ = network.run(alone, network.zero_state(1))
        torch.testing.assert_close(features[:, i, -1], expected[:, 0, -1])


def test_a_recording_in_two_parts_is_the_whole() -> None:
    network = DecayCell([1], 1, 2, 4)
    values = np.random.default_rng(0).normal(size=(1, 20, 1))
    whole, _ = network.run(even(values, 0.1).events(), network.zero_state(1))
    state = network.zero_state(1)
    assert state[-1].tolist() == [[NEVER]]
    for part in (values[:, :8], values[:, 8:]):
        features, state = network.run(even(part, 0.1).events(), state)
    torch.testing.assert_close(features[:, :, -1], whole[:, :, -1])


def _random(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_dropping_keeps_true_intervals_and_one_event() -> None:
    series = even(np.arange(4000.0).reshape(20, 200, 1), 0.1)
    half = augment.drop(series, torch.full((20,), 0.5), _random())
    assert 0.45 < half.received.float().mean() < 0.55
    events = half.events()
    # An event's value is its number, so its time is known.
    times = events.inputs[0, :, :, 0] - 200.0 * torch.arange(20)[:, None]
    torch.testing.assert_close(events.gaps[0].cumsum(1), 0.1 * times, rtol=0, atol=1e-4)
    total = events.gaps[0].sum(1) + events.rest[0]
    torch.testing.assert_close(total, torch.full((20,), 20.0))
    none = augment.drop(series, torch.ones(20), _random())
    assert none.received.sum(1).tolist() == [1] * 20
    assert augment.drop(none, torch.ones(20), _random()).received.equal(none.received)


def test_jitter_stays_within_its_limit_and_in_order() -> None:
    series = even(np.zeros((4, 50, 1)), 0.1)
    moved = augment.jitter(series, torch.full((4,), 0.25), _random())
    assert 0.2 < (moved.times - series.times).abs().max() <= 0.25
    assert (moved.events().gaps >= 0).all()
    assert augment.jitter(series, torch.zeros(4), _random()).times.equal(series.times)


def test_a_burst_is_one_gap() -> None:
    series = even(np.zeros((6, 100, 1)), 0.1)
    lost = augment.burst(series, torch.full((6,), 3.0), _random())
    assert ((100 - lost.received.sum(1) - 30).abs() <= 1).all()
    events = lost.events()
    longest = torch.cat([events.gaps, events.rest[..., None]], 2).amax(2)
    assert (longest > 2.9).all()


def test_an_outage_silences_one_sensor_alone() -> None:
    fast = Stream(np.arange(0, 1_000_000, 10_000), np.ones((100, 1)), (0,))
    slow = Stream(np.arange(500, 1_000_000, 50_000), np.ones((20, 1)), (1,))
    series = uneven([[fast, slow]] * 3, [1_000_000] * 3, [0.0, 0.0], [1.0, 1.0])
    out = augment.outage(series, [0], torch.full((3,), 0.5), _random())
    assert out.carried is not None and series.carried is not None
    left = (out.carried & out.received[..., None]).sum(1)
    assert left[:, 1].tolist() == [20] * 3
    assert ((left[:, 0] - 50).abs() <= 1).all()
    # A sensor that shares its events with the other only loses its own channels.
    both = even(np.ones((3, 100, 2)), 0.1)
    out = augment.outage(both, [1], torch.full((3,), 5.0), _random())
    assert out.received.all() and out.carried is not None
    assert out.carried[..., 0].all() and ((out.carried[..., 1].sum(1) - 50).abs() <= 1).all()
    # All of the only sensor: one event is spared, and carries what it did.
    out = augment.outage(both, [0, 1], torch.full((3,), 99.0), _random())
    assert out.received.sum(1).tolist() == [1] * 3
    assert (out.events().inputs == 1.0).all()
