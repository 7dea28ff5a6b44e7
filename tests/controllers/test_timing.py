"""When observations arrive."""

import numpy as np

from host_tools.controllers.timing import Faults, schedule, silent, training_draw

PERIOD = 0.02
ONE = (1, 1)


def flat(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values[:, 0, 0]]


def of(late_s: list[float], lost: list[int] = []):  # noqa: B006
    count = len(late_s)
    gone = np.zeros((count, *ONE), bool)
    gone[lost] = True
    late = np.array(late_s)[:, None, None]
    return schedule(gone, late, np.zeros_like(gone), PERIOD)


def test_without_faults_each_tick_has_its_own_observation() -> None:
    found = Faults().draw(np.random.default_rng(0), (2, 3), 6, PERIOD)
    assert np.array_equal(found.latest, np.arange(6)[:, None, None] * np.ones((1, 2, 3)))
    assert found.fresh.all() and not found.age_s.any()


def test_a_lost_observation_leaves_the_one_before_which_ages() -> None:
    found = of([0.0] * 5, lost=[0, 2, 3])
    assert flat(found.latest) == [-1, 1, 1, 1, 4]
    assert flat(found.fresh) == [0, 1, 0, 0, 1]
    # Before the first one the age counts from the start.
    assert flat(found.age_s) == [0.0, 0.0, 0.02, 0.04, 0.0]


def test_a_late_one_is_there_at_the_next_tick_and_ages_from_its_arrival() -> None:
    found = of([0.03] * 5)
    assert flat(found.latest) == [-1, -1, 0, 1, 2]
    assert flat(found.age_s) == [0.0, 0.02, 0.01, 0.01, 0.01]


def test_of_two_that_arrive_within_a_tick_the_newer_counts() -> None:
    found = of([0.015, 0.0, 0.0])
    assert flat(found.latest) == [-1, 1, 2]


def test_outages_last_as_long_as_stated() -> None:
    random = np.random.default_rng(1)
    out = silent(random, (4000, 1, 4), (0.1, 0.3), np.array([[True, True, True, False]]), PERIOD)
    assert not out[:, 0, 3].any()
    edges = np.diff(out[:, 0, 0].astype(int), prepend=0, append=0)
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    assert lengths.min() >= 5 and 10 < np.mean(lengths) < 20
    # About one in two seconds.
    assert 25 < len(lengths) < 55
    assert not silent(random, (100, 1, 1), None, np.ones(ONE, bool), PERIOD).any()


def test_losses_are_drawn_at_their_rate() -> None:
    found = Faults(loss=0.7).draw(np.random.default_rng(2), (1, 20), 500, PERIOD)
    assert abs(found.fresh.mean() - 0.3) < 0.02


def test_training_draws_every_fault() -> None:
    found = training_draw(np.random.default_rng(3), (1, 200), 300, PERIOD)
    share = found.fresh.mean(0)
    assert share.min() < 0.25 and share.max() > 0.9
    assert found.age_s[50:].max() > 0.2
