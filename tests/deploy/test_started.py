"""`flash` and `status` show the exception of what does not start, on the virtual board."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.paths import BOARDS

Run = Callable[..., subprocess.CompletedProcess[str]]

_SENSOR = """\
KIND = "sensor"
CHANNELS = ("depth",)
UNITS = ("m",)
LIMITS = None
TRIGGER = "timer"
BUS = ""
PINS = {}
SETTINGS = {}


class Driver:
    def __init__(self, bus, pins):
        self.interval_us = 100000

    def start(self, handler):
        pass

    def read(self, out):
        out[0] = 1.0

    def stop(self):
        pass
"""
_ACTUATOR = """\
KIND = "actuator"
BUS = ""
PINS = {}
SETTINGS = {}
UNIT = "1"
LIMITS = (0.0, 1.0)


class Driver:
    def __init__(self, bus, pins):
        pass

    def start(self):
        pass

    def write(self, value):
        pass
"""
_PROJECT = """\
[board]
name = "./board"
[sensors.probe]
driver = "depth"
[actuators.valve]
driver = "valve"
from = "y0"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a project with a board, a sensor's driver and an actuator's of its own."""
    folder = tmp_path / "pump"
    shutil.copytree(BOARDS / "virtual", folder / "board")
    (folder / "drivers").mkdir()
    (folder / "drivers" / "depth.py").write_text(_SENSOR)
    (folder / "drivers" / "valve.py").write_text(_ACTUATOR)
    (folder / "rivulet.toml").write_text(_PROJECT)
    return folder


@pytest.fixture
def flash(new_board, project: Path, tmp_path: Path, rivulet: Run):
    """Flashes the project to a running virtual board, and asks for its status."""
    with new_board(tmp_path / "virtual") as device:

        def run() -> tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]:
            flashed = rivulet("flash", "--project", project, "--port", device.port)
            return flashed, rivulet("status", "--port", device.port)

        run.device = device
        yield run


def _line(text: str, start: str) -> str:
    """The line of a text that begins with these words, with single spaces."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return next((line for line in lines if line.startswith(start)), "")


@pytest.mark.parametrize(
    ("file", "before", "place"),
    [
        ("depth", "\n\nclass Driver", "line 9"),
        ("depth", "self.interval_us", "line 13"),
        ("depth", "pass\n\n    def read", "line 16"),
        ("valve", "pass\n\n    def write", "line 14"),
    ],
    ids=["import", "make", "start", "actuator"],
)
def test_a_driver_that_raises_is_told_with_its_place(
    project: Path, flash, file: str, before: str, place: str
) -> None:
    driver = project / "drivers" / f"{file}.py"
    text = driver.read_text()
    assert text.count(before) == 1
    driver.write_text(text.replace(before, f"raise ValueError('worn out'); {before}"))
    who = "sensor probe" if file == "depth" else "actuator valve"
    said = f"{who}: drivers/{file}.py, {place}: ValueError: worn out"
    flashed, status = flash()
    assert flashed.returncode == 0, flashed.stderr
    assert f"it reports: {said}" in flashed.stderr and "Traceback" not in flashed.stderr
    # The board answers, and keeps saying so.
    assert status.returncode == 0
    assert said in _line(status.stdout, "faults in code")
    if file == "depth":
        assert _line(status.stdout, "boot problem").endswith(said)
        assert _line(status.stdout, "sensor probe") == said.replace("probe:", "probe")
    else:
        assert said.partition(": ")[2] in _line(status.stdout, "actuators valve")
    # Mended, nothing of it stays.
    driver.write_text(text)
    flashed, status = flash()
    assert flashed.returncode == 0 and "it reports" not in flashed.stderr
    assert "worn out" not in status.stdout


@pytest.mark.parametrize("wrong", ["def broken(:\n    pass\n", "return 1\n"])
def test_a_syntax_error_in_a_driver_is_told_before_anything_is_sent(
    project: Path, flash, wrong: str
) -> None:
    driver = project / "drivers" / "depth.py"
    driver.write_text(_SENSOR + wrong)
    flashed, status = flash()
    assert flashed.returncode == 1 and flashed.stdout == ""
    assert flashed.stderr.count("\n") == 1
    assert "drivers/depth.py" in flashed.stderr and "line 23" in flashed.stderr
    assert "SyntaxError" in flashed.stderr or "invalid syntax" in flashed.stderr
    assert not (flash.device.files / "firmware").exists()
    assert status.returncode == 1


def test_a_program_that_does_not_start_shows_its_exception(project: Path, flash) -> None:
    code = project / "board" / "board.py"
    good = code.read_text()
    code.write_text(good + "\nNAME.no_such_thing\n")
    line = f'board.py", line {good.count(chr(10)) + 2}'
    flashed, status = flash()
    for done in (flashed, status):
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
        assert "Rivulet did not start: " in done.stderr and "no_such_thing" in done.stderr
        assert line in done.stderr
    assert "verified" not in flashed.stdout
    # A good one starts, and forgets it.
    code.write_text(good)
    flashed, status = flash()
    assert flashed.returncode == status.returncode == 0, flashed.stderr
    assert not (flash.device.files / "firmware" / "error").exists()
    # With one to go back to, that one runs and tells why.
    code.write_text(good + "\nNAME.no_such_thing\n")
    flashed, status = flash()
    assert flashed.returncode == 1 and "so the one before runs" in flashed.stderr
    assert "no_such_thing" in flashed.stderr and "verified" not in flashed.stdout
    assert status.returncode == 0
    assert "no_such_thing" in _line(status.stdout, "firmware problem")
