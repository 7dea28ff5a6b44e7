"""rig.py: what it says, that it compiles, and that it runs, on CPython and on MicroPython."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.deploy.mpy import compile_module
from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE
from host_tools.project import describe, load, rig
from tests.project.projects import BOARD, BUS, FAN_TABLE, IMU_TABLE, SONAR_TABLE, write

RIG = (
    BOARD
    + SONAR_TABLE
    + 'channels = { strength = "echo", distance = "range" }\nunits = { range = "cm" }\n'
    + IMU_TABLE
    + 'channels = { temperature = "warmth" }\nunits = { warmth = "K" }\n'
    + f'[sensors.any]\ndriver = "any"\n{BUS}address = 9\ninit = [[1, 2]]\n'
    + 'channels = [{ name = "p", register = 1, unit = "hPa" }]\nunits = { p = "Pa" }\n'
    + FAN_TABLE
    + "table = { calm = 0, falling = 1 }\nlimits = [0, 1]\nslew_per_s = 2\nsafe = 0.25\n"
    + FAN_TABLE.replace(".fan]", ".arm]").replace("9", "10").replace('"class"', '"y1"')
)
# Stands in for the chip, prints what the rig makes.
PROGRAM = """
import json, sys
class Made:
    def __init__(self, *arguments, **named):
        self.arguments = arguments, named
class machine:
    Pin = staticmethod(lambda number: number)
    I2C = Made
sys.modules["machine"] = machine
import rig
def told(part):
    driver = part.make()
    bus = driver.made[0]
    wired = None if bus is None else bus.arguments
    return [part.name, wired, list(driver.made[1:])]
sensors, actuators = rig.make_sensors(), rig.make_actuators()
buses = [s.make().made[0] for s in sensors]
print(json.dumps({
    "name": rig.NAME,
    "sensors": [told(s) + [s.channels, s.units, s.limits] for s in sensors],
    "actuators": [told(a) for a in actuators],
    "one_bus": len({id(bus) for bus in buses if bus is not None}) == 1,
}))
"""


@pytest.fixture
def board_files(tmp_path):
    """A folder with rig.py, the drivers and the firmware's package, as a board has them."""
    (tmp_path / "pump").mkdir()
    project = load(write(tmp_path / "pump", RIG).parent)
    files = tmp_path / "files"
    files.mkdir()
    (files / "rig.py").write_text(rig.source(project))
    (files / "drivers").symlink_to(tmp_path / "pump" / "drivers")
    (files / "rivulet").symlink_to(FIRMWARE / "rivulet")
    (files / "program.py").write_text(PROGRAM)
    return files


def run(interpreter: Path | str, files: Path) -> dict:
    done = subprocess.run(
        [interpreter, "program.py"], cwd=files, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_the_rig_runs(board_files, runtime, request):
    interpreter = sys.executable
    if runtime == "micropython":
        interpreter = request.getfixturevalue("micropython")
    made = run(interpreter, board_files)
    bus = [[0], {"sda": 4, "scl": 5, "freq": 400000}]
    described = [{"name": "p", "unit": "hPa", "register": 1}]
    assert made == {
        "name": "pump",
        "one_bus": True,
        "sensors": [
            [
                *("sonar", None, [{"trigger": 2, "echo": 3}, 15, "near", 1.0]),
                *(["echo", "range"], ["", "cm"], [None, [2.0, 400.0]]),
            ],
            ["imu", bus, [{"interrupt": 15}, 0x68], ["warmth"], ["K"], None],
            ["any", bus, [{}, 9, described, [[1, 2]]], ["p"], ["Pa"], None],
        ],
        "actuators": [
            ["fan", None, [{"pwm": 9}, 20000]],
            ["arm", None, [{"pwm": 10}, 20000]],
        ],
    }


@pytest.mark.parametrize("arch", ["armv6m", "x64", "xtensawin"])
def test_the_rig_compiles(board_files, arch):
    assert compile_module(board_files / "rig.py", arch, "rig.py")


def test_what_the_rig_says(tmp_path):
    text = rig.source(load(write(tmp_path, RIG).parent))
    for line in (
        "picked=(1, 0),",
        "width=2,",
        "factors=(1.0, 100.0),",
        "offsets=(273.15,),",
        "factors=(100.0,),",
        "table={'calm': 0.0, 'falling': 1.0},",
        "slew_per_s=2.0,",
        "safe=0.25,",
        "source='y1',",
        "limits=(-1.0, 1.0),",
    ):
        assert f"            {line}\n" in text
    # What is identity is left out, so that it costs nothing at an event.
    assert text.count("offsets=") == 1 and text.count("picked=") == 2


def test_what_is_not_converted_is_left_out(tmp_path):
    text = rig.source(load(write(tmp_path, BOARD + SONAR_TABLE + IMU_TABLE).parent))
    assert "picked" not in text and "factors" not in text and "offsets" not in text
    assert "Actuator" not in text and "    return []\n" in text


def test_an_actuator_is_driven_by_a_class_s_score(tmp_path):
    toml = BOARD + SONAR_TABLE + IMU_TABLE + FAN_TABLE.replace('"class"', '"worn"')
    with pytest.raises(Exception, match='"worn" is a class of no model'):
        load(write(tmp_path, toml).parent)


def test_an_actuator_is_driven_by_the_output_of_a_target(tmp_path):
    toml = BOARD + SONAR_TABLE + FAN_TABLE.replace('"class"', '"speed"')
    trained = toml + '[train]\ntask = "value"\ntarget = ["load", "speed"]\n'
    project = load(write(tmp_path, trained).parent)
    assert "            source='y1',\n" in rig.source(project)
    assert "    from y1, speed, " in "\n".join(describe.lines(project))
    with pytest.raises(RivuletError, match='"speed" is a class of no model'):
        load(write(tmp_path, trained.replace('"speed"]', '"power"]')).parent)


def test_an_empty_project_is_a_rig_too(tmp_path):
    text = rig.source(load(write(tmp_path, BOARD).parent))
    names: dict = {}
    exec(text, names)
    assert (names["make_sensors"](), names["make_actuators"]()) == ([], [])
