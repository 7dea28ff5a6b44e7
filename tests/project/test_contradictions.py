"""Every contradiction of a project gives one line: file, key, what is wrong, what is allowed."""

import re

import pytest

from tests.conftest import make_model
from tests.project.projects import (
    BOARD,
    BUS,
    FAN_TABLE,
    GOOD,
    IMU_TABLE,
    SONAR_TABLE,
    examined,
)

SECOND_IMU = IMU_TABLE.replace("[sensors.imu]", "[sensors.imu2]").replace("15", "14")
SECOND_IMU += 'address = 0x69\nchannels = { accel_x = "ax2" }\n'
ANY_TABLE = f'[sensors.any]\ndriver = "any"\n{BUS}address = 9\n'
KNOB_TABLE = '[sensors.knob]\ndriver = "knob"\npins = { adc = 26 }\n'

IMU_REAL = IMU_TABLE.replace('"imu"', '"mpu6050"')


def test_a_project_without_contradictions(tmp_path):
    found = examined(tmp_path, GOOD + SECOND_IMU + KNOB_TABLE)
    assert found.problems == []
    assert found.warnings == ["no model is named, so outputs are not checked"]
    assert list(found.project.sensors) == ["sonar", "imu", "imu2", "knob"]


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        # Tables and keys.
        ("", "board: is missing; needed is the table [board]"),
        ("[bord]\n" + GOOD, "bord: is no key of this table: did you mean 'board'?"),
        (
            '[board]\nname = "rpi_pic"\n',
            "board.name: there is no board 'rpi_pic'; did you mean 'rpi_pico'? known boards:",
        ),
        ('[board]\nname = "./nowhere"\n', "board.name: .*nowhere/board.json: No such file"),
        ("[board]\nname = 3\n", "board.name: is 3; allowed is a name that 'rivulet boards' lists"),
        (
            BOARD + SONAR_TABLE.replace("driver", "drivr"),
            r"sensors.sonar.driver: is missing; needed is the name .*\(is it 'drivr'\?\)",
        ),
        (
            BOARD + SONAR_TABLE + "pin = 3\n",
            "sensors.sonar.pin: is no key, nor a setting of .* sonar: did you mean 'pins'",
        ),
        (
            BOARD + SONAR_TABLE + "rate_khz = 3\n",
            "sensors.sonar.rate_khz: is no key, nor .*: did you mean 'rate_hz'?",
        ),
        (
            BOARD + SONAR_TABLE.replace("[sensors.sonar]", '[sensors."my sonar"]'),
            "sensors.my sonar: allowed is a name of 1 to 32 letters",
        ),
        # Drivers and settings.
        (
            BOARD + SONAR_TABLE.replace('"sonar"', '"sonnar"'),
            "sensors.sonar.driver: there is no driver 'sonnar': did you mean 'sonar'?",
        ),
        (
            BOARD + SONAR_TABLE.replace('"sonar"', '"../sonar"'),
            "sensors.sonar.driver: there is no driver '../sonar'",
        ),
        (
            BOARD + FAN_TABLE.replace('"motor"', '"sonar"'),
            "actuators.fan.driver: sonar is a driver of another kind: sensor",
        ),
        (
            BOARD + SONAR_TABLE + "rate_hz = 41\n",
            "sensors.sonar.rate_hz: is 41; allowed is a whole number from 1 to 40",
        ),
        (
            BOARD + SONAR_TABLE + "rate_hz = 1.5\n",
            "sensors.sonar.rate_hz: is 1.5; allowed is a whole number from 1 to 40",
        ),
        (
            BOARD + SONAR_TABLE + 'mode = "wide"\n',
            'sensors.sonar.mode: is "wide"; allowed is one of "near", "far"',
        ),
        (BOARD + SONAR_TABLE + "gain = nan\n", "sensors.sonar.gain: holds NaN"),
        (
            BOARD + SONAR_TABLE + "gain = true\n",
            "sensors.sonar.gain: is true; allowed is a number",
        ),
        (
            BOARD
            + ANY_TABLE.replace("address = 9\n", "")
            + 'channels = [{ name = "p", register = 1 }]',
            "sensors.any.address: is missing; needed is a whole number from 8 to 119",
        ),
        (
            BOARD + ANY_TABLE,
            r"sensors.any.channels: the driver any needs a table \[\[sensors.any.channels\]\]",
        ),
        (
            BOARD + ANY_TABLE + 'channels = [{ name = "p" }]\n',
            r"sensors.any.channels\[0\].register: is missing; needed is a whole number from 0",
        ),
        (
            BOARD + ANY_TABLE + 'channels = [{ name = "p", register = 1, regster = 2 }]\n',
            r"sensors.any.channels\[0\].regster: is no key of a channel: did you mean",
        ),
        # Pins and buses.
        (
            BOARD + SONAR_TABLE.replace("echo = 3", "echo = 2"),
            "sensors.sonar.pins.echo: GPIO 2 is taken by sensors.sonar.pins.trigger already",
        ),
        (
            BOARD + IMU_TABLE.replace("15", "4"),
            "sensors.imu.pins.interrupt: GPIO 4 is taken by sensors.imu.bus.sda already",
        ),
        (
            BOARD + SONAR_TABLE.replace("echo = 3", "echo = 23"),
            "sensors.sonar.pins.echo: rpi_pico has no pin 23; it has 0 to 22, 25 to 28",
        ),
        (
            BOARD + SONAR_TABLE.replace("echo = 3", 'echo = "X1"'),
            'sensors.sonar.pins.echo: rpi_pico has no pin "X1"',
        ),
        (
            BOARD + KNOB_TABLE.replace("26", "22"),
            "sensors.knob.pins.adc: pin 22 of rpi_pico measures no voltage; 26 to 28 do",
        ),
        (
            BOARD + SONAR_TABLE.replace(", echo = 3", ""),
            "sensors.sonar.pins.echo: is missing; the driver sonar needs it",
        ),
        (
            BOARD + SONAR_TABLE.replace("echo = 3", "echo = 3, eho = 6"),
            "sensors.sonar.pins.eho: the driver sonar has no such pin: did you mean 'echo'?",
        ),
        (
            BOARD + IMU_TABLE.replace(BUS, ""),
            "sensors.imu.bus: the driver imu needs bus = { i2c = 0, sda = GPIO, scl = GPIO }",
        ),
        (
            BOARD + IMU_TABLE.replace("i2c = 0, ", "spi = 0, "),
            "sensors.imu.bus: the driver imu needs bus = { i2c = 0, sda = GPIO, scl = GPIO }",
        ),
        (
            BOARD + SONAR_TABLE + BUS,
            "sensors.sonar.bus: the driver sonar uses no bus: leave it out",
        ),
        (
            BOARD + IMU_TABLE.replace(", scl = 5", ""),
            "sensors.imu.bus.scl: is missing; i2c needs its pin",
        ),
        (
            BOARD + IMU_TABLE.replace("scl = 5", "scl = 5, tx = 0"),
            "sensors.imu.bus.tx: is not of i2c",
        ),
        (
            BOARD + IMU_TABLE.replace("i2c = 0, sda = 4, scl = 5", "i2c = 1, sda = 4, scl = 7"),
            "sensors.imu.bus.sda: i2c 1 of rpi_pico has no sda at 4; allowed is 2, 6, 10",
        ),
        (
            BOARD + IMU_TABLE.replace("i2c = 0", "i2c = 2"),
            "sensors.imu.bus.i2c: rpi_pico has no i2c 2; it has 0, 1",
        ),
        (
            BOARD + IMU_TABLE + SECOND_IMU.replace("scl = 5", "scl = 5, hz = 100000"),
            "sensors.imu2.bus: i2c 0 has other pins or another rate than in sensors.imu.bus",
        ),
        (
            BOARD + IMU_TABLE + SECOND_IMU.replace("address = 0x69\n", ""),
            "sensors.imu2.address: 104 on i2c 0 is taken by sensors.imu",
        ),
        # Channels and units.
        (
            BOARD + SONAR_TABLE + 'channels = { distanc = "range" }\n',
            "sensors.sonar.channels.distanc: the driver sonar has no such channel: "
            "did you mean 'distance'?",
        ),
        (
            BOARD + SONAR_TABLE + 'units = { range = "cm" }\n',
            "sensors.sonar.units.range: is no channel of this sensor: there are distance,",
        ),
        (
            BOARD + SONAR_TABLE + 'units = { distance = "kg" }\n',
            "sensors.sonar.units.distance: m cannot be converted to kg: they measure different",
        ),
        (
            BOARD + SONAR_TABLE + 'units = { distance = "furlong" }\n',
            "sensors.sonar.units.distance: 'furlong' is not a unit that Rivulet knows",
        ),
        (
            BOARD + SONAR_TABLE + 'channels = { distance = "d", strength = "d" }\n',
            "sensors.sonar.channels: 'd' is a channel of sonar already: rename it here",
        ),
        (
            BOARD + SONAR_TABLE + IMU_TABLE + 'channels = { accel_x = "distance" }\n',
            "sensors.imu.channels: 'distance' is a channel of sonar already",
        ),
        *[
            (
                BOARD + SONAR_TABLE + f'channels = {{ distance = "{name}" }}\n',
                f"sensors.sonar.channels: '{name}' is reserved",
            )
            for name in (
                "t_us",
                "label",
                "group",
                "y0",
                "x12",
                "tau3",
                "age.a",
                "fresh.b",
                "action.c",
            )
        ],
        (
            BOARD + SONAR_TABLE + 'channels = { distance = "a,b" }\n',
            "sensors.sonar.channels: 'a,b' is no name of a channel",
        ),
        # Actuators.
        (
            BOARD + SONAR_TABLE + FAN_TABLE.replace(".fan]", ".sonar]"),
            "actuators.sonar: a sensor has this name too",
        ),
        (
            BOARD + FAN_TABLE + "limits = [0.5, 1]\n",
            "actuators.fan.safe: is 0; allowed is 0.5 to 1, the limits",
        ),
        (
            BOARD + FAN_TABLE + "limits = [0, 1]\ntable = { a = 0, b = 2 }\n",
            "actuators.fan.table.b: is 2; allowed is 0 to 1, the limits",
        ),
        (
            BOARD + FAN_TABLE + "limits = [0, 2]\n",
            "actuators.fan.limits: exceed those of the driver motor: -1 to 1",
        ),
        (
            BOARD + FAN_TABLE + "limits = [1, 0]\n",
            "actuators.fan.limits: the lowest has to be less than the highest",
        ),
        (
            BOARD + FAN_TABLE + "limits = [0, 1, 2]\n",
            "actuators.fan.limits: is .*; allowed is the lowest and the highest value to write",
        ),
        (
            BOARD + FAN_TABLE + "slew_per_s = -1\n",
            "actuators.fan.slew_per_s: is -1; allowed is the largest change per second, 0",
        ),
        (
            BOARD + FAN_TABLE.replace('"class"', '"y0"') + "table = { a = 0 }\n",
            'actuators.fan.table: needs from = "class"; from is "y0"',
        ),
        (
            BOARD + FAN_TABLE.replace('from = "class"\n', ""),
            'actuators.fan.from: is missing; needed is "class"',
        ),
        (
            BOARD + FAN_TABLE.replace('"class"', '"worn"'),
            'actuators.fan.from: "worn" is a class of no model, nothing of [policy] and no',
        ),
    ],
)
def test_every_contradiction_is_one_line(tmp_path, toml, line):
    found = examined(tmp_path, toml)
    wanted = re.escape(str(tmp_path / "rivulet.toml") + ": ")
    # Written as plain text where it has no pattern in it.
    pattern = line if "\\" in line or ".*" in line else re.escape(line)
    assert [each for each in found.problems if re.match(wanted + pattern, each)], found.problems
    assert all("\n" not in each for each in found.problems)
    # Nothing else is wrong with it.
    assert len(found.problems) == 1, found.problems


@pytest.mark.parametrize(
    ("rig", "settings", "line"),
    [
        (
            FAN_TABLE.replace('"class"', '"y3"'),
            {},
            "actuators.fan.from: the model has no y3; it has y0 to y2",
        ),
        (
            FAN_TABLE.replace('"class"', '"calmm"'),
            {},
            "actuators.fan.from: the model has no output \"calmm\": did you mean 'calm'?",
        ),
        (
            FAN_TABLE + "table = { calm = 0, moving = 1 }\n",
            {},
            "no entry for the model's class 'falling'",
        ),
        (
            FAN_TABLE + "table = { calm = 0, moving = 1, falling = 1, flying = 1 }\n",
            {},
            "actuators.fan.table.flying: the model has no such class: did you mean 'falling'?",
        ),
        (
            FAN_TABLE,
            {"output": "value", "classes": []},
            "actuators.fan.from: the model decides no class; it has y0 to y2",
        ),
        (
            FAN_TABLE.replace('"class"', '"speed"')
            + '[train]\ntask = "value"\ntarget = ["speed"]\n',
            {"output": "value", "classes": [], "provenance": {"targets": ["load"]}},
            'actuators.fan.from: the model\'s y0 is load, not "speed": [train] target has changed',
        ),
        (
            "",
            {"channels": ["accel_x", "accel_y", "accel_z", "gx", "gy", "gz"]},
            "sensors: no sensor feeds the model's channel 'gx'",
        ),
        (
            'units = { accel_x = "g" }\n',
            {},
            "sensors.imu: accel_x: the model takes m/s^2, the sensor gives g: write units = "
            '{ accel_x = "m/s^2" } in [sensors.imu] of rivulet.toml and flash again',
        ),
    ],
)
def test_every_contradiction_to_the_model_is_one_line(tmp_path, rig, settings, line):
    model = make_model(tmp_path / "model.safetensors", **settings)
    rig = IMU_REAL + rig
    found = examined(tmp_path, BOARD + rig, model)
    assert [each for each in found.problems if line in each], found.problems


def test_a_model_that_fits(tmp_path):
    make_model(tmp_path / "model.safetensors")
    rig = BOARD + IMU_REAL + FAN_TABLE + "table = { calm = 0, moving = 0.5, falling = 1 }\n"
    found = examined(tmp_path, rig + '[model]\nfile = "model.safetensors"\n')
    assert (found.problems, found.warnings) == ([], [])
    assert found.model["classes"] == ["calm", "moving", "falling"]


def test_a_model_that_is_not_there_yet_is_a_note(tmp_path):
    found = examined(tmp_path, GOOD + '[model]\nfile = "build/m.safetensors"\n')
    assert found.problems == []
    assert found.warnings == [
        f"{tmp_path}/build/m.safetensors is not there yet, so outputs are not checked"
    ]


def test_a_broken_model_is_a_contradiction(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"nothing")
    found = examined(tmp_path, GOOD + '[model]\nfile = "m.safetensors"\n')
    assert found.problems == [
        f"{tmp_path}/rivulet.toml: model.file: {tmp_path}/m.safetensors: not a model file: no "
        "safetensors header"
    ]


ESP32 = BOARD.replace("rpi_pico", "esp32_generic")


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        (ESP32 + SONAR_TABLE.replace("trigger = 2", "trigger = 34"), "sensors.sonar.pins.trigger"),
        (ESP32 + FAN_TABLE.replace("pwm = 9", "pwm = 39"), "actuators.fan.pins.pwm"),
        (ESP32 + IMU_TABLE.replace("scl = 5", "scl = 36"), "sensors.imu.bus.scl"),
    ],
)
def test_a_pin_that_is_an_input_only_drives_nothing(tmp_path, toml, key):
    (problem,) = examined(tmp_path, toml.replace("echo = 3", "echo = 35")).problems
    assert f"{key}: pin 3" in problem
    assert problem.endswith("of esp32_generic is an input only; so are 34 to 39")


def test_a_pin_that_decides_how_the_chip_starts_is_a_note(tmp_path):
    found = examined(tmp_path, ESP32 + IMU_TABLE.replace("interrupt = 15", "interrupt = 12"))
    assert found.problems == []
    assert found.warnings[-2:] == [
        "sensors.imu.pins.interrupt: the level of pin 12 decides how esp32_generic starts: "
        "nothing may pull it while the chip is reset",
        "no model is named, so outputs are not checked",
    ]
