"""Episodes of the tasks, beside the plants they are of, and the classical controllers in them."""

import numpy as np
import pytest

from host_tools.controllers import classical, score, tasks
from host_tools.controllers.rollout import Expert, Tick, rollout
from host_tools.controllers.timing import Faults
from host_tools.plants import find

SHAPE = (1, 8)


def test_a_cartpole_of_many_is_the_plant() -> None:
    task, plant = tasks.find("cartpole"), find("cartpole")
    random = np.random.default_rng(4)
    state = task.start(random, SHAPE)
    plant.reset(0)
    plant.plant.state = state[:4, 0, 5].copy()
    for _ in range(60):
        force = random.uniform(-12, 12, SHAPE)
        action = np.clip(force, *task.limits)
        state = task.advance(state, action, random)
        mine, reward, ended = plant.step([force[0, 5]])
        assert np.array_equal(mine, state[:4, 0, 5])
        assert ended == task.failed(state)[0, 5] and reward == task.reward(state)[0, 5]
    assert np.array_equal(task.observe(state, random, noise=False), state[:4])


def test_what_a_task_states_is_what_its_plant_states() -> None:
    for name in tasks.NAMES:
        task, plant = tasks.find(name), find(name)
        assert task.channels[: task.observed] == plant.observations
        assert task.channels[task.observed] == f"action.{plant.actions[0]}"
        assert task.units[: task.observed] == plant.units
        assert (task.limits, task.safe) == (plant.action_limits[0], plant.safe[0])
        assert (task.period_s, task.steps) == (plant.period_s, plant.step_limit)
        assert len(task.offset) == len(task.scale) == len(task.channels) == len(task.units)


@pytest.mark.parametrize("name", tasks.NAMES)
def test_the_expert_succeeds(name: str) -> None:
    task, random = tasks.find(name), np.random.default_rng(5)
    arrivals = Faults(loss=0.9).draw(random, SHAPE, task.steps, task.period_s)
    found = rollout(task, Expert(task), arrivals, random, keep=True)
    # It knows the state, whatever arrives.
    assert found.returns.min() > 0.9 * task.steps * (1.0 if name == "cartpole" else 0.95)
    assert found.values.shape == (task.steps, *SHAPE, len(task.channels))
    assert found.alive.all()


def test_a_controller_is_given_what_the_firmware_would_feed() -> None:
    task, random = tasks.find("cartpole"), np.random.default_rng(6)
    arrivals = Faults(loss=0.5).draw(random, SHAPE, 40, task.period_s)
    ticks: list[Tick] = []

    class Constant:
        def act(self, tick: Tick) -> np.ndarray:
            ticks.append(tick)
            return np.full(SHAPE, 99.0)

    found = rollout(task, Constant(), arrivals, random, keep=True)
    values = found.values[:, 0, 3]
    assert values[0, 4] == task.safe and (values[1:, 4] == task.limits[1]).all()
    assert np.allclose(values[:, 5], arrivals.age_s[:, 0, 3])
    held = [tick.held[:, 0, 3] for tick in ticks]
    for step in range(1, 40):
        if not arrivals.fresh[step, 0, 3]:
            assert np.array_equal(held[step], held[step - 1])
    # Pushed to one side all the time, all have fallen.
    assert (found.returns < 40).all()


def test_every_controller_meets_the_same_episodes() -> None:
    task = tasks.find("altitude")

    class Still:
        def act(self, tick: Tick) -> np.ndarray:
            return np.full(tick.age_s.shape, 0.3)

    faults = Faults(0.3, delay_s=0.06)

    def gusts(controller) -> np.ndarray:  # type: ignore[no-untyped-def]
        random = np.random.default_rng(7)
        arrivals = faults.draw(random, SHAPE, 50, task.period_s)
        rollout(task, controller, arrivals, random)
        return random.standard_normal(3)

    assert np.array_equal(gusts(Still()), gusts(classical.Kalman(task)))


def test_prediction_saves_the_classical_controller() -> None:
    task = tasks.find("cartpole")
    kept = {
        name: score.score(task, lambda make=make: make(task), 1, 6)["returns"]["50 % lost"][0]
        for name, make in classical.KINDS["cartpole"].items()
    }
    assert kept["LQR, hold"] < 150 < kept["LQR, sigma-delta"] < kept["LQR, roll-forward"] == 500


def test_the_filter_knows_more_than_its_barometer() -> None:
    from host_tools.plants.altitude import HEIGHT_NOISE

    task = tasks.find("altitude")
    errors = {
        name: score.score(task, lambda make=make: make(task), 1, 6)["errors"]["nothing"][0]
        for name, make in classical.KINDS["altitude"].items()
    }
    assert errors["Kalman filter and LQR"] < 0.6 * HEIGHT_NOISE
    assert errors["Kalman filter and LQR"] < errors["PID, hold"]
