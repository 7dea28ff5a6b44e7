"""`rivulet hil` on the virtual board: the loop is closed through firmware and wire."""

import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.paths import MODELS
from tests.hil.poles import make_project
from tests.rivulet_command import run

# Two quick episodes of at most 500 steps.
SHORT = ("--episodes", 2, "--json")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("hil") / "pole")


def outcome(project: Path, *arguments: object) -> dict[str, Any]:
    done = run("hil", "--project", project, *SHORT, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refusal(*arguments: object, cwd: Path | None = None) -> str:
    """The one line of a command that fails."""
    done = run("hil", *arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


def test_a_pole_is_balanced_through_the_board(project: Path) -> None:
    assert outcome(project) == {
        "return_mean": 500.0,
        "return_std": 0.0,
        "episodes": 2,
        "loss": 0.0,
        "late": 0,
        "decisions_per_s": 50.0,
    }


def test_the_same_seed_gives_the_same_result(project: Path) -> None:
    faults = ("--loss", 0.9, "--jitter", 19, "--delay", 15, "--outage", 0.3, "--seed", 7)
    first = outcome(project, *faults)
    assert outcome(project, *faults) == first
    assert outcome(project, *faults[:-1], 8) != first
    # Such a line is too bad for this controller, so the result is one that could differ.
    assert first["return_mean"] < 500 and first["loss"] > 0.8


def test_every_late_action_counts(project: Path) -> None:
    found = outcome(project, "--delay", 20)
    assert found["late"] == 1000 and found["return_mean"] == 500.0


def test_a_model_that_decides_more_rarely_and_a_slower_sensor(tmp_path: Path) -> None:
    slow = make_project(tmp_path / "slow", rate_hz=100, policy={"cadence_us": 30000})
    found = outcome(slow)
    assert found["decisions_per_s"] == pytest.approx(1e6 / 30000, abs=0.2)
    assert found["late"] == 0 and found["return_mean"] == 500.0


def test_a_model_that_ticks_move(tmp_path: Path) -> None:
    ticking = make_project(tmp_path / "ticks", ticks=True)
    faults = ("--loss", 0.5, "--jitter", 15)
    found = outcome(ticking, *faults)
    assert found["decisions_per_s"] == 50.0 and found["late"] == 0
    assert found["return_mean"] > 100
    assert outcome(ticking, *faults) == found


@pytest.mark.parametrize(("name", "least"), [("cartpole", 490.0), ("altitude", 400.0)])
def test_the_committed_controllers_fly_through_the_board(name: str, least: float) -> None:
    found = outcome(MODELS / name, "--loss", 0.5)
    assert found["return_mean"] >= least and found["decisions_per_s"] == 50.0


def test_a_plant_of_ones_own(project: Path, tmp_path: Path) -> None:
    (tmp_path / "still.py").write_text(STILL)
    found = outcome(project, f"{tmp_path / 'still.py'}:Still")
    # Nothing moves, so the board's force stays what it is for that observation.
    assert found["return_mean"] == 30.0 and found["return_std"] == 0.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("observation = [float('nan')] * 4", "x is NaN"),
        ("observation = [1e10] * 4", "it diverged: x is 1e+10"),
        ("raise ValueError('broken')", "line 13: ValueError: broken"),
    ],
)
def test_a_plant_that_fails_is_told_in_one_line(
    project: Path, tmp_path: Path, change: str, said: str
) -> None:
    (tmp_path / "still.py").write_text(STILL.replace("pass  # change", change))
    line = refusal("--project", project, f"{tmp_path / 'still.py'}:Still", "--json")
    assert said in line


STILL = """\
class Still:
    observations = ("x", "v", "theta", "omega")
    actions = ("force",)
    action_limits = ((-10.0, 10.0),)
    step_limit = 30

    def reset(self, seed):
        return [0.1, 0.0, 0.0, 0.0]

    def step(self, action):
        observation = [0.1, 0.0, 0.0, 0.0]
        if True:
            pass  # change
        return observation, 1.0, False
"""


def test_what_does_not_fit_is_refused(project: Path, tmp_path: Path) -> None:
    assert "there is no plant 'cartpol': did you mean 'cartpole'?" in refusal(
        "cartpol", "--project", project
    )
    line = refusal("altitude", "--project", project)
    assert "sensors.cart: channel 'x' is no observation of the plant altitude" in line
    assert "it has height, accel" in line
    text = (project / "rivulet.toml").read_text()
    changes = {
        "force": ("[actuators.force]", "[actuators.push]", "no actuator is named 'force'"),
        "plant": ('name = "cartpole"', "", "names no plant"),
        "model": ('"model.safetensors"', '"gone.safetensors"', "there is no"),
    }
    for name, (before, after, said) in changes.items():
        changed = make_project(tmp_path / name)
        (changed / "rivulet.toml").write_text(text.replace(before, after))
        assert said in refusal("--project", changed)
    changed = make_project(tmp_path / "unit", units=["m", "rad/s", "rad", "rad/s"])
    (changed / "rivulet.toml").write_text(text.replace('"m/s"', '"rad/s"'))
    assert "channel 'v', which the plant cartpole has in m/s:" in refusal("--project", changed)
    assert "virtual or emulated_pico" in refusal("--project", project, "--board", "esp32")
    assert "--uf2" in refusal("--project", project, "--board", "emulated_pico")
    assert "use one of them" in refusal(
        "--project", project, "--board", "virtual", "--port", "/dev/null"
    )
    assert "this folder has no rivulet.toml" in refusal("cartpole", cwd=tmp_path)


def test_units_are_converted(tmp_path: Path) -> None:
    made = make_project(tmp_path / "cm", units=["cm", "m/s", "rad", "rad/s"])
    path = made / "rivulet.toml"
    path.write_text(path.read_text().replace('"x", unit = "m"', '"x", unit = "cm"'))
    # To this model a centimetre is a metre, so the cart runs away.
    found = outcome(made)
    assert found["return_mean"] < 500
