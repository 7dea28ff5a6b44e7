"""Our plants beside Gymnasium's, and Gymnasium's environments as plants."""

import numpy as np
import pytest

from host_tools.errors import RivuletError
from host_tools.plants import find

gymnasium = pytest.importorskip("gymnasium")


def test_our_cartpole_is_gymnasiums_step_for_step() -> None:
    ours, theirs = find("cartpole"), gymnasium.make("CartPole-v1")
    random = np.random.default_rng(1)
    for seed in range(5):
        observation, _ = theirs.reset(seed=seed)
        assert np.allclose(ours.reset(seed), observation, rtol=0, atol=1e-7)
        for _ in range(ours.step_limit):
            right = int(random.integers(2))
            observation, reward, failed, _, _ = theirs.step(right)
            mine, mine_reward, ended = ours.step([10.0 if right else -10.0])
            assert np.allclose(mine, theirs.unwrapped.state, rtol=1e-12, atol=1e-12)
            assert (mine_reward, ended) == (reward, failed)
            if failed:
                break
        else:
            pytest.fail("no episode failed: the limits were not tested")


def test_our_pendulum_is_gymnasiums_step_for_step() -> None:
    ours, theirs = find("pendulum"), gymnasium.make("Pendulum-v1")
    random = np.random.default_rng(2)
    for seed in range(3):
        observation, _ = theirs.reset(seed=seed)
        assert np.allclose(ours.reset(seed), observation, rtol=0, atol=1e-6)
        for _ in range(ours.step_limit):
            # Gymnasium's torque has 32 bits: these are exact in them, three times over.
            torque = random.integers(-160, 161) / 64
            observation, reward, _, over, _ = theirs.step(np.array([torque], np.float32))
            mine, mine_reward, ended = ours.step([torque])
            assert np.allclose(mine, observation, rtol=0, atol=1e-5)
            assert mine_reward == pytest.approx(reward, abs=1e-9)
        assert over and not ended


def test_limits_are_gymnasiums() -> None:
    for ours, theirs in (("cartpole", "CartPole-v1"), ("pendulum", "gymnasium:Pendulum-v1")):
        mine, other = find(ours), find(theirs)
        assert mine.step_limit == other.step_limit
        assert mine.period_s == pytest.approx(other.period_s)
        assert len(mine.observations) == len(other.observations)
    assert find("Pendulum-v1").action_limits == find("pendulum").action_limits


def test_a_discrete_action_is_rounded() -> None:
    plant = find("CartPole-v1")
    assert plant.action_limits == ((0.0, 1.0),)
    plant.reset(3)
    right, _, _ = plant.step([0.8])
    ours = find("cartpole")
    ours.reset(3)
    assert np.allclose(right, ours.step([10.0])[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Nothing-v0", "Gymnasium cannot make it"),
        ("Blackjack-v1", "its observations are a Tuple: a model takes a vector"),
        ("FrozenLake-v1", "its observations are a Discrete"),
    ],
)
def test_what_is_no_plant_is_told_in_one_line(name: str, message: str) -> None:
    with pytest.raises(RivuletError, match=message) as raised:
        find(name)
    assert "\n" not in str(raised.value)
