"""`rivulet new`: a project that is right as it is, and after its examples are uncommented."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from host_tools.boards import list_boards
from host_tools.errors import RivuletError
from host_tools.paths import BOARDS, EXAMPLES
from host_tools.project import examine, model_of, need_sensors
from host_tools.project.load import FLOAT_MODEL, INT8_MODEL
from host_tools.project.new import examples, make_project
from host_tools.project.parts import Project, RigActuator

Run = Callable[..., subprocess.CompletedProcess[str]]
_NO_SENSORS = (
    "rivulet.toml: names no sensors: uncomment [sensors.mpu6050] (line 11) or [sensors.level] "
    "(line 16) and set the pins that it is wired to; 'rivulet virtual' needs none, it plays "
    "recordings"
)


@pytest.mark.parametrize("board", list_boards())
def test_a_new_project_is_right_on_every_board(tmp_path: Path, board: str) -> None:
    make_project(tmp_path / "pump", board, None)
    found = examine(tmp_path / "pump" / "rivulet.toml")
    assert found.problems == [] and found.project is not None
    assert found.project.board.name == board
    assert found.project.parts == []
    assert found.project.data.recordings == ["recordings/*.csv", "recordings/*.parquet"]
    assert (found.project.network.units, found.project.train.drop) == (32, 0.5)


@pytest.mark.parametrize("board", list_boards())
def test_its_examples_are_right_as_well(tmp_path: Path, board: str) -> None:
    make_project(tmp_path / "pump", board, None)
    file = tmp_path / "pump" / "rivulet.toml"
    # Each table and the lines below it, up to a blank one.
    tables = re.compile(r"^# \[(?:sensors|actuators)\..*\n(?:# .*\n)*", re.MULTILINE)
    text = file.read_text()
    file.write_text(tables.sub(lambda found: found[0].replace("\n# ", "\n")[2:], text))
    found = examine(file)
    assert found.problems == [] and found.project is not None
    assert list(found.project.sensors) == ["mpu6050", "level"]
    assert list(found.project.actuators) == ["led"]


def test_its_folder(tmp_path: Path) -> None:
    make_project(tmp_path / "pump", None, None)
    names = {path.name: path for path in (tmp_path / "pump").iterdir()}
    assert sorted(names) == [
        *(".gitignore", "README.md", "build", "drivers", "recordings", "rivulet.toml")
    ]
    assert names[".gitignore"].read_text() == "build/\n"
    assert names["README.md"].read_text().startswith("# pump\n")
    for text in (names["README.md"].read_text(), names["rivulet.toml"].read_text()):
        assert "@" not in text


def test_a_board_of_ones_own_is_named_from_the_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(BOARDS / "rpi_pico", tmp_path / "my board")
    monkeypatch.chdir(tmp_path)
    make_project(Path("machines/pump"), "./my board", None)
    text = Path("machines/pump/rivulet.toml").read_text()
    assert 'name = "../../my board"' in text
    assert examine(Path("machines/pump/rivulet.toml")).problems == []


@pytest.mark.parametrize("name", examples())
def test_a_copy_of_an_example_runs_without_editing(tmp_path: Path, name: str) -> None:
    """Its model is where training writes, so that a trained one takes its place."""
    folder = tmp_path / "mine"
    make_project(folder, None, name)
    copy, source = examine(folder / "rivulet.toml"), examine(EXAMPLES / name / "rivulet.toml")
    assert copy.problems == source.problems == []
    assert copy.project is not None and source.project is not None
    assert copy.project.sensors == source.project.sensors
    assert _actuators(copy.project) == _actuators(source.project)
    assert source.project.model is not None
    kind = INT8_MODEL if source.project.model.name == INT8_MODEL else FLOAT_MODEL
    assert copy.project.model == folder / "build" / kind
    assert (folder / "build" / FLOAT_MODEL).is_file()
    assert model_of(copy.project) == model_of(source.project) is not None
    (folder / "build" / "model-int8.safetensors").touch()
    trained = examine(folder / "rivulet.toml").project
    assert trained is not None and trained.model == folder / "build" / "model-int8.safetensors"
    readme = (folder / "README.md").read_text()
    assert f"copy of Rivulet's example `{name}`, whose model is" in readme


def _actuators(project: Project) -> list[RigActuator]:
    """Return a project's actuators, with the names of their drivers' files alone."""
    return [
        replace(each, driver=replace(each.driver, path=Path(each.driver.path.name)))
        for each in project.actuators.values()
    ]


def test_a_copy_for_another_board_says_what_to_change(tmp_path: Path, rivulet: Run) -> None:
    done = rivulet("new", tmp_path / "two", "--from", "two_sensors", "--board", "esp32_generic_s3")
    assert done.returncode == 0 and done.stderr == ""
    first, second, *_ = done.stdout.splitlines()
    assert first.endswith("two: a project for esp32_generic_s3")
    assert second.startswith("to change: ") and "has no pin 25" in second


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["full"], "the folder full exists and is not empty: choose another"),
        (["file"], "file exists and is a file: choose another name"),
        (["a b"], "'a b' is no name of a project; allowed are 1 to 64 letters, digits, '_', '-'"),
        (["../.."], "'../..' is no name of a project"),
        (["x", "--board", "rpi_pic"], "there is no board 'rpi_pic'; did you mean 'rpi_pico'? kno"),
        (["x", "--board", "./file"], "file/board.json: Not a directory"),
        (["x", "--from", "two_sensor"], "no example 'two_sensor': did you mean 'two_sensors'?"),
        (["x", "--from", "zzz"], "no example 'zzz': there are activity, altitude, attitude, cart"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    tmp_path: Path,
    rivulet: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    (tmp_path / "full" / "inner").mkdir(parents=True)
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    done = rivulet("new", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


@pytest.mark.parametrize("command", ["flash", "collect"])
def test_a_command_without_sensors_says_what_to_uncomment(
    command: str, tmp_path: Path, rivulet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(tmp_path / "pump", None, None)
    monkeypatch.chdir(tmp_path / "pump")
    assert rivulet("check").returncode == 0
    done = rivulet(command)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"rivulet: {_NO_SENSORS}\n")


def test_without_examples_in_the_file_a_table_is_to_be_written(tmp_path: Path) -> None:
    file = tmp_path / "rivulet.toml"
    file.write_text('[board]\nname = "rpi_pico"\n')
    project = examine(file).project
    assert project is not None
    with pytest.raises(RivuletError, match=r"no sensors: write a table \[sensors.NAME\] and set"):
        need_sensors(project)
