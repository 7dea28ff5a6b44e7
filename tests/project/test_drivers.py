"""Drivers are read by their literals and checked against the contract, never run."""

import ast
import re

import pytest

from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE
from host_tools.project.driver_check import check_driver
from host_tools.project.driver_facts import PinUse, Setting
from host_tools.project.drivers import (
    GRAMMAR,
    find_driver,
    list_drivers,
    read_driver,
    without_literals,
)
from tests.project.projects import ANY, IMU, MOTOR, SONAR

SHIPPED = sorted((FIRMWARE / "drivers").glob("*.py"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_driver_of_rivulet_keeps_the_contract(path):
    facts, problems = check_driver(path)
    assert problems == []
    assert facts.name == path.stem


def test_what_a_driver_says(tmp_path):
    path = tmp_path / "sonar.py"
    path.write_text(SONAR)
    facts = read_driver(path)
    assert (facts.name, facts.kind, facts.trigger, facts.bus) == ("sonar", "sensor", "edges", "")
    assert facts.channels == ("distance", "strength")
    assert facts.units == ("m", "")
    assert facts.limits == ((0.02, 4.0), None)
    assert facts.pins["enable"] == PinUse("out", optional=True)
    assert facts.pins["echo"] == PinUse("in", optional=False)
    assert facts.settings["rate_hz"] == Setting(15, 1, 40)
    assert facts.settings["mode"] == Setting("near", choices=("near", "far"))


def test_a_driver_is_not_run(tmp_path):
    path = tmp_path / "sonar.py"
    path.write_text("import not_there\n" + SONAR + "\nraise SystemExit\n")
    assert read_driver(path).name == "sonar"


def test_a_project_s_own_driver_comes_first(tmp_path):
    (tmp_path / "drivers").mkdir()
    own = tmp_path / "drivers" / "mpu6050.py"
    own.write_text(IMU)
    assert find_driver("mpu6050", tmp_path) == own
    assert find_driver("mpu6050", None) == FIRMWARE / "drivers" / "mpu6050.py"
    assert "mpu6050" in list_drivers()
    with pytest.raises(RivuletError, match=r"no driver 'mpu6051': did you mean 'mpu6050'\?"):
        find_driver("mpu6051", tmp_path)


@pytest.mark.parametrize(
    ("text", "before", "after", "line"),
    [
        (SONAR, "KIND =", "KIN =", "KIND: is missing; allowed is 'sensor' or 'actuator'"),
        (SONAR, '"sensor"', '"senser"', "KIND: is 'senser'; allowed is"),
        (SONAR, "TRIGGER =", "TRIG =", "TRIGGER: is missing"),
        (SONAR, '"edges"', '"edge"', "TRIGGER: is 'edge'; allowed is one of"),
        (SONAR, 'BUS = ""', 'BUS = "can"', "BUS: is 'can'; allowed is one of"),
        (
            SONAR,
            'UNITS = ("m", "")',
            'UNITS = ("m",)',
            "UNITS and LIMITS: need one entry a channel",
        ),
        (SONAR, "(0.02, 4.0), None", "(0.02, 4.0),", "UNITS and LIMITS: need one entry a channel"),
        (SONAR, "(0.02, 4.0)", "(4.0, 0.02)", r"LIMITS: \(4.0, 0.02\) is not \(lowest, highest\)"),
        (
            SONAR,
            '"strength"',
            '"distance"',
            "CHANNELS: has to name at least one channel, and each",
        ),
        (SONAR, '"strength")', "3)", "CHANNELS: is no tuple of texts"),
        (SONAR, '"echo": "in"', '"echo": "input"', "PINS: is no dict of pin names, each with one"),
        (SONAR, "(15, 1, 40)", "(50, 1, 40)", "SETTINGS: 'rate_hz' has no entry"),
        (SONAR, "(15, 1, 40)", "15", "SETTINGS: 'rate_hz' has no entry"),
        (SONAR, '"rate_hz": (', '"pins": (', "SETTINGS: 'pins' is taken"),
        (SONAR, '"rate_hz": (', '"channels": (', "SETTINGS: 'channels' is taken"),
        (SONAR, "(15, 1, 40)", "(int(15), 1, 40)", "SETTINGS is no literal"),
        (ANY, '"unit": ("",), ', "", "CHANNELS: is None: then SETTINGS needs"),
        (SONAR, "class Driver", "class Sonar", "Driver: is missing; the file needs a class"),
        (SONAR, "def __init__", "def init", r"Driver.__init__: is missing"),
        (
            SONAR,
            "rate_hz, mode, gain):",
            "rate_hz, mode):",
            "takes no 'gain', which SETTINGS names",
        ),
        (SONAR, "gain):", "gain, extra):", "needs 'extra', which SETTINGS does not name"),
        (SONAR, "(self, bus, pins, rate_hz, mode, gain)", "(self, pins)", "needed is __init__"),
        (
            SONAR,
            "def read(self, out)",
            "def red(self, out)",
            r"Driver.read: is missing; needed is",
        ),
        (
            SONAR,
            "def read(self, out)",
            "def read(self)",
            r"Driver.read: needed is read\(self, out\)",
        ),
        (SONAR, "def start(self, handler)", "def start(self)", r"Driver.start: needed is start\("),
        (SONAR, "def stop", "def halt", "Driver.stop: is missing"),
        (MOTOR, "def write(self, value)", "def write(self)", r"Driver.write: needed is write\("),
        (MOTOR, "UNIT =", "UNT =", "UNIT: is missing"),
        (MOTOR, "(-1.0, 1.0)", "3", r"LIMITS: 3 is not \(lowest, highest\), nor None"),
        (SONAR, "class Driver", "import machine\nled = machine.Pin(1)\nclass Driver", "at import"),
        (
            SONAR,
            "class Driver",
            "from machine import Pin\nP = Pin(1)\nclass Driver",
            "Pin is called",
        ),
        (
            SONAR,
            "class Driver",
            "match 3:\n    case 3:\n        pass\nclass Driver",
            "line 1[0-9]: ",
        ),
        (SONAR, "class Driver:", "class Driver", "line 1[0-9]: "),
        (SONAR, "KIND", "\0KIND", "null bytes"),
    ],
)
def test_what_breaks_the_contract_is_one_line(tmp_path, text, before, after, line):
    path = tmp_path / "mine.py"
    assert before in text
    path.write_text(text.replace(before, after, 1))
    _, problems = check_driver(path)
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"{path}: ") and "\n" not in problems[0]
    assert re.search(line, problems[0]), problems


def test_a_driver_that_is_not_there(tmp_path):
    _, problems = check_driver(tmp_path / "none.py")
    assert problems == [f"{tmp_path}/none.py: No such file or directory"]


def test_optional_arguments_and_inherited_methods_are_fine(tmp_path):
    path = tmp_path / "mine.py"
    text = SONAR.replace("def read(self, out)", "def read(self, out, newest=True)")
    text = text.replace("(self, bus, pins, rate_hz, mode, gain)", "(self, bus, pins, **settings)")
    text = text.replace("(bus, pins, rate_hz, mode, gain)", "settings")
    path.write_text(text)
    assert check_driver(path)[1] == []
    path.write_text(SONAR[: SONAR.index("class")] + "class Driver(Base):\n    pass\n")
    assert check_driver(path)[1] == []


def test_the_grammar_is_that_of_micropython():
    with pytest.raises(SyntaxError):
        ast.parse("match 3:\n    case 3:\n        pass", feature_version=GRAMMAR)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_board_gets_no_literals_that_the_host_alone_reads(path):
    source = path.read_text()
    without = without_literals(source)
    before, after = ast.parse(source), ast.parse(without)
    assigned = {
        ast.unparse(node.targets[0]) for node in after.body if isinstance(node, ast.Assign)
    }
    assert not assigned & {"KIND", "UNITS", "PINS", "SETTINGS", "TRIGGER", "BUS"}
    # Every other line is where it was: faults are told with their line.
    kept = [ast.dump(node, include_attributes=True) for node in after.body]
    assert set(kept) < {ast.dump(node, include_attributes=True) for node in before.body}


def test_what_a_driver_reads_itself_stays():
    source = 'CHANNELS = ("a",)\nUNITS = (\n    "m",\n)\nCOUNT = len(CHANNELS)\n'
    assert without_literals(source) == 'CHANNELS = ("a",)\n\n\n\nCOUNT = len(CHANNELS)\n'
