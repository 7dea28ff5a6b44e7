"""`rivulet check`: wires and contradictions in words, and its exit code."""

import json

import msgspec
import pytest

from host_tools.project.read import json_schema
from host_tools.project.tables import ProjectFile
from tests import rivulet_command
from tests.conftest import make_model
from tests.project.projects import BOARD, FAN_TABLE, GOOD, IMU_TABLE, SONAR_TABLE, write


@pytest.fixture
def check(tmp_path):
    """Runs `rivulet check` in the folder of a project."""

    def run(*arguments):
        return rivulet_command.run("check", *arguments, cwd=tmp_path)

    return run


def test_every_wire(tmp_path, check):
    write(
        tmp_path,
        BOARD
        + SONAR_TABLE
        + 'channels = { distance = "range" }\nunits = { range = "cm" }\n'
        + IMU_TABLE
        + FAN_TABLE
        + "table = { calm = 0, moving = 0.5 }\nlimits = [0, 1]\nslew_per_s = 2\n",
    )
    done = check()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{tmp_path.name}: rivulet.toml, board rpi_pico",
        "sensor sonar: driver sonar, trigger = GPIO 2, echo = GPIO 3, rate_hz = 15, mode = "
        '"near", gain = 1.0; an event at edges of a pin',
        "    range: cm, 2 to 400, the driver's distance, value * 100",
        "sensor imu: driver imu, i2c 0 (sda = GPIO 4, scl = GPIO 5, 400000 Hz), interrupt = GPIO "
        "15, address = 104; an event at each interrupt of the chip",
        "    accel_x: m/s^2",
        "    temperature: degC",
        "actuator fan: driver motor, pwm = GPIO 9, frequency_hz = 20000",
        "    from class (calm 0, moving 0.5), 0 to 1, at most 2 per second, at rest 0",
        "note: no model is named, so outputs are not checked",
        "no contradictions",
    ]


def test_contradictions_end_with_exit_1(tmp_path, check):
    write(tmp_path, GOOD.replace("echo = 3", "echo = 2").replace("pwm = 9", "pwm = 99"))
    done = check()
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "2 contradictions"
    assert done.stderr.splitlines() == [
        "rivulet.toml: sensors.sonar.pins.echo: GPIO 2 is taken by sensors.sonar.pins.trigger "
        "already",
        "rivulet.toml: actuators.fan.pins.pwm: rpi_pico has no pin 99; it has 0 to 22, 25 to 28",
    ]


def test_a_model_that_does_not_fit(tmp_path, check):
    write(tmp_path, GOOD)
    model = make_model(tmp_path / "m.safetensors")
    done = check("--project", tmp_path, "--model", model)
    assert done.returncode == 1
    assert "no sensor feeds the model's channel 'accel_y'" in done.stderr


def test_a_folder_without_a_project(check):
    done = check()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("rivulet: this folder has no rivulet.toml: name a project's")


def test_a_driver_file(tmp_path, check):
    write(tmp_path, GOOD)
    done = check("--driver", "drivers/sonar.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        "a driver of kind sensor, channels distance, strength; it keeps the contract"
        in done.stdout
    )
    (tmp_path / "drivers" / "sonar.py").write_text("KIND = 3\n")
    done = check("--driver", "drivers/sonar.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "drivers/sonar.py: KIND: is 3; allowed is 'sensor' or 'actuator'\n"


def test_the_schema_names_every_key(check):
    printed = json.loads(check("--schema").stdout)
    assert printed == json.loads(json.dumps(json_schema()))
    tables = printed["$defs"]
    assert set(tables["ProjectFile"]["properties"]) == set(ProjectFile.__struct_fields__)
    assert tables["ProjectFile"]["additionalProperties"] is False
    # Settings of a driver stand beside the other keys.
    assert tables["SensorTable"]["additionalProperties"] is True
    assert "settings" not in tables["SensorTable"]["properties"]
    assert "from" in tables["ActuatorTable"]["required"]
    for name, table in tables.items():
        for key, schema in table["properties"].items():
            assert "description" in json.dumps(schema), (name, key)
    assert msgspec.json.decode(msgspec.json.encode(printed)) == printed
