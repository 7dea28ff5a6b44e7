"""Plants from a person's own file."""

from pathlib import Path

import numpy as np
import pytest

from host_tools.errors import RivuletError
from host_tools.plants import Checked, find

TANK = """\
class Tank:
    observations = ("level", "flow")
    units = ("m", "l/s")
    actions = ("valve",)
    action_limits = ((0, 1),)
    period_s = 0.1

    def reset(self, seed):
        self.level = 1.0 + seed
        return [self.level, 0.0]

    def step(self, action):
        self.level -= 0.1 * action[0]
        return [self.level, action[0]], -self.level, self.level < 0


class Bare:
    def reset(self, seed=None):
        return [0.0, 0.0, 0.0], {}

    def step(self, action):
        return [1.0, 2.0, action[0]], 0.5, False, True, {}
"""


def made(tmp_path: Path, text: str, name: str) -> Checked:
    file = tmp_path / "own.py"
    file.write_text(text)
    return find(f"{file}:{name}")


def test_a_class_is_a_plant(tmp_path: Path) -> None:
    plant = made(tmp_path, TANK, "Tank")
    assert plant.observations == ("level", "flow") and plant.actions == ("valve",)
    assert plant.action_limits == ((0.0, 1.0),) and plant.safe == (0.0,)
    assert plant.reset(2).tolist() == [3.0, 0.0]
    observation, reward, ended = plant.step([5.0])
    assert np.allclose(observation, [2.9, 1.0]) and reward == pytest.approx(-2.9) and not ended
    assert plant.linear() is None


def test_a_class_with_gymnasiums_interface_needs_nothing_more(tmp_path: Path) -> None:
    plant = made(tmp_path, TANK, "Bare")
    assert plant.observations == ("o0", "o1", "o2") and plant.action_limits == ((-1.0, 1.0),)
    plant.reset(0)
    observation, reward, ended = plant.step([-3.0])
    assert observation.tolist() == [1.0, 2.0, -1.0] and reward == 0.5 and ended


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [0.0], 0.0", "step must return"),
        ("return [float('nan')], 0.0, False", "o0 is NaN"),
        ("return [1e12], 0.0, False", "it diverged: o0 is 1e"),
        ("return [0.0, 0.0], 0.0, False", r"shape \(2,\)"),
        ("return 'high', 0.0, False", "must be a vector of numbers"),
        ("return [0.0], float('inf'), False", "the reward is inf"),
        ("return [1 / 0], 0.0, False", r"own.py: line 6: ZeroDivisionError"),
    ],
)
def test_a_bad_step_is_told_in_one_line(tmp_path: Path, body: str, message: str) -> None:
    head = "class Bad:\n    def reset(self, seed):\n        return [0.0]\n\n"
    text = f"{head}    def step(self, a):\n        {body}\n"
    plant = made(tmp_path, text, "Bad")
    plant.reset(0)
    with pytest.raises(RivuletError, match=message) as raised:
        plant.step([0.0])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Other: pass", "has no class 'Bad'"),
        ("class Bad: pass", "the class has no method 'reset'"),
        ("class Bad(:", "line 1: "),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        (TANK.replace("Tank", "Bad").replace("((0, 1),)", "()"), "one entry for each"),
        (TANK.replace("Tank", "Bad").replace("0.1\n\n", "0\n\n"), "must be above 0"),
    ],
)
def test_a_class_that_is_no_plant_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RivuletError, match=message):
        made(tmp_path, text, "Bad")
