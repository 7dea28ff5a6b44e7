"""A project of an IMU, a sonar, an encoder and a motor on the virtual board."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from host_tools.errors import RivuletError
from host_tools.link.wire import Board
from host_tools.project import load
from host_tools.simulate import play, rigs
from tests.conftest import make_model
from tests.imu import as_read
from tests.listening import listen, listening_board
from tests.three_sensors import CHANNELS, DAC, RECORDING, RIG, VALVE
from tests.virtual_command import virtual

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's folder."""
    folder = tmp_path / "pump"
    folder.mkdir()
    (folder / "rivulet.toml").write_text(RIG)
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "recording.csv"
    path.write_text(RECORDING)
    return path


def test_values_pass_chip_and_players_to_the_rigs_channels(
    project: Path, recording: Path, tmp_path: Path, micropython: Path
) -> None:
    found = load(project)
    made = play.play(str(recording), list(found.sensors.values()))
    start_us, events = listen(listening_board(tmp_path, micropython, made, found))
    assert [event[0] - start_us for event in events] == made.records["t_us"].tolist()
    assert [(event[1], event[3]) for event in events] == [
        (0, "up"),
        (1, "range"),
        (2, "position"),
        (0, "up"),
        (2, "position"),
        (1, "range"),
    ]
    read = [np.array(event[4]) for event in events]
    counts = as_read(np.array([[0, 0, 9.80665, 0, 0, 0], [0, 0, -4.903325, 0, 0, 0]]))
    np.testing.assert_allclose(read[0], [counts[0, 2] / 9.80665, 0], rtol=1e-9)
    np.testing.assert_allclose(read[3], [counts[1, 2] / 9.80665, 0], rtol=1e-9)
    np.testing.assert_allclose([read[1], read[5]], [[150.0], [151.5]], rtol=1e-6)
    # What the recording has no column for stands still.
    np.testing.assert_allclose([read[2], read[4]], [[0, 60.0], [0, 30.0]], rtol=1e-6)


def test_a_player_that_does_not_answer_is_an_oserror(
    project: Path, recording: Path, tmp_path: Path, micropython: Path
) -> None:
    found = load(project)
    made = play.play(str(recording), list(found.sensors.values()))
    made.records["flags"][made.records["source"] == 1] = 1
    _, events = listen(listening_board(tmp_path, micropython, made, found))
    assert [event[3] == "fault" for event in events] == [False, True, False, False, False, True]


def test_simulated_sensors_take_pins_that_nothing_uses(project: Path) -> None:
    wiring = rigs.simulate(load(project)).wiring
    imu, sonar, wheel = wiring.devices
    assert (imu.chip, imu.bus, imu.address, imu.event) == ("mpu6050", 1, 0x69, 15)
    assert (sonar.chip, sonar.bus, sonar.event) == ("player", None, 27)
    assert (wheel.chip, wheel.bus, wheel.event) == ("player", None, 26)
    assert sonar.address != wheel.address
    assert [(output.name, output.gpio) for output in wiring.outputs] == [("fan", 9)]


def test_waves_stay_within_the_limits_and_can_be_repeated(project: Path) -> None:
    sensors = load(project).sensors
    made = play.play("sine", list(sensors.values()))
    for number, (name, rate_hz) in enumerate((("imu", 10), ("sonar", 15), ("wheel", 50))):
        records = made.records[made.records["source"] == number]
        assert made.sources[number].name == name
        assert len(records) == rate_hz * 20
        assert made.end_us == 20_000_000
        # The last sample is one period before the first of the repetition.
        period_us = 1_000_000 / rate_hz
        gap_us = int(records["t_us"][0]) + made.end_us - int(records["t_us"][-1])
        assert gap_us == pytest.approx(period_us, abs=1)
    sonar = made.records["values"][made.records["source"] == 1, 0]
    assert 0.02 < sonar.min() < sonar.max() < 4.0 and np.ptp(sonar) > 1


def test_what_is_held_stands_still_at_the_same_rate(project: Path) -> None:
    sensors = list(load(project).sensors.values())
    waves, held = play.play("sine", sensors), play.play("hold", sensors)
    assert (held.records["t_us"] == waves.records["t_us"]).all()
    for number in range(3):
        values = held.records["values"][held.records["source"] == number]
        assert (values == values[0]).all()
    # A sonar does not measure 0 m.
    assert held.records["values"][held.records["source"] == 1][0, 0] == np.float32(2.01)


def test_units_stated_beside_a_recording_are_converted(project: Path, recording: Path) -> None:
    sensors = list(load(project).sensors.values())
    facts = recording.with_suffix(".json")
    facts.write_text(json.dumps({"units": {"range": "mm"}}))
    made = play.play(str(recording), sensors)
    values = made.records["values"][made.records["source"] == 1, 0]
    np.testing.assert_allclose(values, [0.15, 0.1515], rtol=1e-6)
    facts.write_text(json.dumps({"units": {"range": "kg"}}))
    with pytest.raises(RivuletError, match="recording.csv: the column range: kg cannot"):
        play.play(str(recording), sensors)


def test_a_folder_is_played_one_recording_after_another(project: Path, recording: Path) -> None:
    sensors = list(load(project).sensors.values())
    one = play.play(str(recording), sensors)
    (recording.parent / "second.csv").write_text("t_us,up\n0,1\n")
    made = play.play(str(recording.parent), sensors)
    assert len(made.records) == len(one.records) + 1
    assert made.records["t_us"][-1] - one.end_us == one.records["t_us"][0]


def test_the_port_is_the_first_line_once_the_board_answers(project: Path, tmp_path: Path) -> None:
    model = make_model(tmp_path / "model.safetensors", channels=CHANNELS)
    with virtual(cwd=project) as (port, notes):
        with Board(port) as wire:
            facts = wire.status()
            wire.push(model.read_bytes())
            wire.subscribe(20.0)
            later = list(wire.records(1.0))[-1]
        assert later.events > facts["events"]
        told = {each["name"]: each for each in wire.description["sensors"]}
        assert told["imu"]["channels"] == ["up", "ahead"]
        assert told["sonar"]["units"] == ["cm"] and told["wheel"]["units"] == ["rad", "rpm"]
    assert "fan: 25.0 % at 20000 Hz" in notes


def test_an_actuator_on_a_bus_is_shown_without_its_chip(project: Path, tmp_path: Path) -> None:
    (project / "drivers").mkdir()
    (project / "drivers" / "dac.py").write_text(DAC)
    (project / "rivulet.toml").write_text(RIG + VALVE)
    model = make_model(tmp_path / "model.safetensors", channels=CHANNELS)
    with virtual(cwd=project) as (port, notes), Board(port) as wire:
        wire.push(model.read_bytes())
        wire.subscribe(20.0)
        list(wire.records(1.0))
        assert wire.status()["actuator_errors"] == 0
    assert "valve: 1.25" in notes and "fan: 25.0 % at 20000 Hz" in notes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--play", "absent.csv"], "absent.csv: No such file or directory"),
        (["--play", "."], "the folder holds no recordings: no .csv, no .parquet"),
        (["--play", "bad.txt"], "channels up, ahead, range, position, speed; unknown: volts"),
        (["--data", "none"], "--data is for a board outside a project"),
    ],
)
def test_mistakes_are_told_in_one_line(
    project: Path, options: list[str], said: str, rivulet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "bad.txt").write_text("t_us,volts\n0,1\n")
    monkeypatch.chdir(project)
    done = rivulet("virtual", "--project", project, *options)
    assert done.returncode == 1 and said in done.stderr
    assert done.stderr.count("\n") == 1 and done.stdout == ""


def test_outside_a_project_there_is_nothing_to_play_it(
    tmp_path: Path, rivulet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = rivulet("virtual", "--play", "sine")
    assert done.returncode == 1 and "--play needs a project" in done.stderr
