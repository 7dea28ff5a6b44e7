"""Our own plants: what they state, their linear models, and the checks."""

import numpy as np
import pytest

from host_tools.errors import RivuletError
from host_tools.plants import NAMES, Checked, find
from host_tools.plants import altitude as quadrotor
from host_tools.plants.cartpole import PUSH, modulated


@pytest.mark.parametrize("name", NAMES)
def test_an_episode_is_that_of_its_seed(name: str) -> None:
    plant = find(name)
    each = []
    for seed in (1, 1, 2):
        seen = [plant.reset(seed), *(plant.step(plant.safe)[0] for _ in range(20))]
        assert all(one.shape == (len(plant.observations),) for one in seen)
        each.append(np.array(seen))
    assert np.array_equal(each[0], each[1])
    assert not np.array_equal(each[0], each[2])


@pytest.mark.parametrize("name", NAMES)
def test_a_plant_states_itself_whole(name: str) -> None:
    plant = find(name)
    assert len(plant.units) == len(plant.observations)
    assert len(plant.action_limits) == len(plant.safe) == len(plant.actions)
    for value, (low, high) in zip(plant.safe, plant.action_limits, strict=True):
        assert low <= value <= high
    assert plant.period_s > 0 and plant.step_limit > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_linear_model_is_the_plants_own_slope(name: str) -> None:
    plant = find(name)
    linear = plant.linear()
    assert linear is not None and plant.balance is not None
    a, b = slopes(plant)
    assert np.allclose(linear.a, a, rtol=1e-4, atol=1e-6)
    assert np.allclose(linear.b, b, rtol=1e-4, atol=1e-6)
    assert linear.c.shape == (len(plant.observations), len(a))


def slopes(plant: Checked) -> tuple[np.ndarray, np.ndarray]:
    """Measure A and B by small steps around the balance, on the plant's equations."""
    from host_tools.plants import cartpole, pendulum, robot

    size = {"cartpole": 4, "pendulum": 2, "altitude": 3, "robot": 4}[plant.name]
    rest = np.zeros(size)
    given = np.array(plant.balance[1])
    if plant.name == "altitude":
        rest = np.array([0.0, 0.0, quadrotor.HOVER])
    if plant.name == "robot":
        rest = np.array([0.0, 0.0, robot.CRUISE, robot.CRUISE])

    def after(state: np.ndarray, action: np.ndarray) -> np.ndarray:
        if plant.name == "cartpole":
            return cartpole.moved(state, action[0])
        if plant.name == "pendulum":
            return pendulum.moved(state, action[0])
        if plant.name == "altitude":
            return quadrotor.moved(np.append(state, 0.0), action[0], 0.0)[:3]
        whole = find("robot")
        whole.reset(0)
        whole.plant.state = np.append(0.0, state)
        return whole.step(action)[0]

    small = 1e-4
    a = [
        (after(rest + d, given) - after(rest - d, given)) / (2 * small)
        for d in small * np.eye(size)
    ]
    b = [
        (after(rest, given + d) - after(rest, given - d)) / (2 * small)
        for d in small * np.eye(len(given))
    ]
    return np.array(a).T, np.array(b).T


def test_pushes_have_the_mean_of_the_commands() -> None:
    rest, total = np.zeros(()), 0.0
    for command in (3.0,) * 1000:
        push, rest = modulated(np.array(command), rest)
        assert abs(push) == PUSH
        total += float(push)
    assert total / 1000 == pytest.approx(3.0, abs=0.02)
    # A full command is a push, whatever was left over.
    assert modulated(np.array(PUSH), rest)[0] == PUSH
    assert modulated(np.array(-PUSH), rest)[0] == -PUSH


def test_the_quadrotor_hovers_sinks_and_falls() -> None:
    still = np.zeros(())
    state = quadrotor.started(np.zeros(2))
    for _ in range(100):
        state = quadrotor.moved(state, np.array(quadrotor.HOVER), still)
    assert np.allclose(state[:2], 0.0, atol=1e-9)
    # Without thrust: free fall, after the lag has passed.
    falling = quadrotor.moved(np.array([0.0, 0.0, 0.0, 0.0]), np.zeros(()), still)
    assert falling[1] == pytest.approx(-quadrotor.GRAVITY * quadrotor.PERIOD_S)
    # With the safe action it sinks at about 1 m/s in the end.
    plant = find("altitude")
    for _ in range(3000):
        state = quadrotor.moved(state, np.array(plant.safe[0]), still)
    assert state[1] == pytest.approx(-1.0, abs=0.1)


def test_the_quadrotors_sensors_have_their_noise() -> None:
    plant = find("altitude")
    heights = [plant.reset(seed)[0] - plant.plant.state[0] for seed in range(400)]
    assert np.std(heights) == pytest.approx(quadrotor.HEIGHT_NOISE, rel=0.15)


def test_the_robot_drives_a_circle() -> None:
    """Equal and opposite wheels turn on the spot; unequal ones give the textbook's radius."""
    plant = find("robot")
    plant.reset(0)
    plant.plant.state = np.zeros(5)
    for _ in range(20):
        plant.step((-1.0, 1.0))
    assert np.allclose(plant.plant.state[:2], 0.0, atol=1e-6)
    assert plant.plant.state[2] > 0.2


def test_without_scipy_the_robot_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RivuletError, match="it needs scipy: pip install"):
        find("robot")


def test_actions_are_clipped_and_checked() -> None:
    one, other = find("pendulum"), find("pendulum")
    one.reset(1), other.reset(1)
    assert np.array_equal(one.step([1e9])[0], other.step([2.0])[0])
    with pytest.raises(RivuletError, match="the action is NaN"):
        one.step([np.nan])
    with pytest.raises(RivuletError, match="an action has 1 numbers, not 2"):
        one.step([0.0, 0.0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cartpol", "did you mean 'cartpole'"),
        ("zebra", "there are altitude, cartpole, pendulum, robot, Gymnasium's names"),
        ("nowhere.py:Plant", "no such file"),
    ],
)
def test_an_unknown_name_is_told(name: str, message: str) -> None:
    with pytest.raises(RivuletError, match=message):
        find(name)
