"""What becomes of observations on their way to the board, and of actions on their way back."""

import numpy as np
import pytest

from host_tools.hil.actions import Actions
from host_tools.hil.readings import Faults, Readings
from host_tools.hil.tally import Tally
from host_tools.hil.wired import WiredSensor

PERIOD_US = 20_000
LENGTH_US = 10_000_000


def sensor(number: int = 0, interval_us: int = PERIOD_US) -> WiredSensor:
    return WiredSensor(number, (1,), np.array([2.0]), np.array([0.5]), interval_us)


def flown(faults: Faults, seed: int = 0, *sensors: WiredSensor) -> tuple[dict, Tally]:
    """What arrives, {time: {sensor: value}}, of an observation that counts the periods."""
    tally = Tally(50.0)
    readings = Readings(sensors or (sensor(),), faults, np.random.default_rng(seed), tally)
    found = {}
    for begin_us in range(0, LENGTH_US, PERIOD_US):
        readings.take(begin_us + PERIOD_US, np.array([0.0, begin_us / PERIOD_US]))
        while readings.next_us is not None and readings.next_us < begin_us + PERIOD_US:
            at_us = readings.next_us
            found[at_us] = {each: values[0] for each, values in readings.arrived(at_us)}
    return found, tally


def test_every_sensor_comes_at_its_own_rate() -> None:
    found, tally = flown(Faults(), 0, sensor(0), sensor(1, 50_000))
    assert [at for at in found if 0 in found[at]] == list(range(PERIOD_US, LENGTH_US, PERIOD_US))
    assert [at for at in found if 1 in found[at]] == list(range(50_000, LENGTH_US, 50_000))
    # In the project's unit; at 50 ms the plant shows what it showed at 40.
    assert found[60_000] == {0: 2 * 3 + 0.5} and found[50_000] == {1: 2 * 2 + 0.5}
    assert (tally.readings, tally.lost) == (499 + 199, 0)


@pytest.mark.parametrize("loss", [0.3, 0.5, 0.7])
def test_loss_is_the_chance_of_each(loss: float) -> None:
    lost = []
    for seed in range(20):
        found, tally = flown(Faults(loss=loss), seed)
        assert len(found) == tally.readings - tally.lost
        lost.append(tally.loss)
    # 9980 draws.
    assert np.mean(lost) == pytest.approx(loss, abs=4 * np.sqrt(loss * (1 - loss) / 9980))
    assert np.std(lost) > 0.01


def test_jitter_delays_and_loses_none() -> None:
    found, tally = flown(Faults(jitter_us=15_000))
    late = np.array([at - round((value[0] - 0.5) / 2) * PERIOD_US for at, value in found.items()])
    assert len(found) == tally.readings and tally.lost == 0
    assert late.min() >= 0 and late.max() < 15_000
    assert np.mean(late) == pytest.approx(7_500, abs=800)


def test_a_reading_that_was_overtaken_is_dropped() -> None:
    found, _ = flown(Faults(jitter_us=200_000))
    values = [value[0] for _, value in sorted(found.items()) if value]
    assert values == sorted(values) and len(values) < 499


def test_outages_are_silences_of_one_length() -> None:
    lost = 0
    for seed in range(20):
        found, tally = flown(Faults(outage_us=300_000), seed)
        times = [0, *found]
        gaps = {later - at for at, later in zip(times, times[1:], strict=False)}
        # Two outages may follow one another at once.
        assert all(gap == PERIOD_US or gap >= 300_000 for gap in gaps)
        lost += tally.lost
    # 15 readings in each, one in 2.3 s.
    assert lost == pytest.approx(20 * 15 * 10 / 2.3, rel=0.3)
    assert flown(Faults(outage_us=300_000), 1)[0].keys() != found.keys()


def test_one_fault_does_not_move_the_draws_of_another() -> None:
    both = flown(Faults(loss=0.5, jitter_us=15_000))[0].values()
    alone = flown(Faults(loss=0.5))[0].values()
    assert [each[0] for each in both] == [each[0] for each in alone]


@pytest.mark.parametrize(
    ("delay_us", "ticks"), [(0, 0), (1, 1), (20_000, 1), (20_001, 2), (60_000, 3)]
)
def test_a_delay_moves_actions_by_whole_ticks(delay_us: int, ticks: int) -> None:
    tally = Tally(50.0)
    actions = Actions((-1.0, -2.0), (1, 0), PERIOD_US, delay_us, tally)
    acted = []
    for tick in range(10):
        actions.decided(tick * PERIOD_US, tick * PERIOD_US, (10.0 + tick, 20.0 + tick))
        acted.append(list(actions.at(tick * PERIOD_US)))
    decided = [[20.0 + tick, 10.0 + tick] for tick in range(10)]
    assert acted == [[-1.0, -2.0]] * ticks + decided[: 10 - ticks]
    assert (tally.late, tally.decisions) == (10 if ticks else 0, 10)


def test_an_action_between_two_ticks_acts_at_the_next() -> None:
    tally = Tally(50.0)
    actions = Actions((0.0,), (0,), PERIOD_US, 0, tally)
    actions.decided(15_000, 15_000, (1.0,))
    assert list(actions.at(0)) == [0.0] and list(actions.at(PERIOD_US)) == [1.0]
    actions.decided(30_000, 41_000, (2.0,))
    assert list(actions.at(2 * PERIOD_US)) == [1.0] and tally.late == 1
