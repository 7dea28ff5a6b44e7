"""A project without sensors: its recordings as the sensor `recording`."""

import json
from pathlib import Path

import numpy as np
import pytest

from host_tools.data.recording import Description, Recording, write_recording
from host_tools.errors import RivuletError
from host_tools.paths import MODELS
from host_tools.project import Project, load
from host_tools.simulate.play import prepare
from host_tools.simulate.rigs import simulate
from tests.three_sensors import RECORDING, RIG

BOARD = '[board]\nname = "rpi_pico"\n'
FIRST = """\
t_us,temp,accel,label
1700000000000000,,1,calm
1700000000100000,20.5,,calm
1700000000150000,,2,worn
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "rivulet.toml").write_text(BOARD)
    return load(tmp_path)


def _write(project: Project, name: str, text: str, **units: str) -> None:
    path = project.folder / "recordings" / name
    path.write_text(text)
    path.with_suffix(".json").write_text(json.dumps({"units": units}))


def test_the_channels_are_those_of_all_recordings(project: Project) -> None:
    _write(project, "run-10.csv", "t_us,accel,extra\n0,0.5,7\n", accel="g")
    _write(project, "run-9.csv", FIRST, temp="degC", accel="m/s²")
    made = prepare(project, None)
    (sensor,) = made.project.sensors.values()
    assert sensor.name == "recording"
    assert [(each.name, each.unit) for each in sensor.channels] == [
        *(("temp", "degC"), ("accel", "m/s^2"), ("extra", ""))
    ]
    records = made.stimulus.records
    # 9 before 10; true times from a common start; the pause between is the mean interval.
    assert np.diff(records["t_us"].astype(int)).tolist() == [100_000, 50_000, 50_000]
    # A blank cell keeps the last value, and the first one holds before it. What a recording lacks
    # stays as it was, and another unit is converted.
    np.testing.assert_allclose(
        records["values"],
        [[20.5, 1, 0], [20.5, 1, 0], [20.5, 2, 0], [20.5, 0.5 * 9.80665, 7]],
        rtol=1e-6,
    )
    assert made.notes == ["plays 2 recordings over and over: 4 events, 1.2 s"]
    wiring = simulate(made.project).wiring
    assert [(each.name, each.chip, each.channels) for each in wiring.devices] == [
        ("recording", "player", 3)
    ]


def test_long_gaps_are_shortened_and_told(project: Project) -> None:
    _write(project, "a.csv", "t_us,x\n0,1\n866000000,2\n866500000,3\n")
    made = prepare(project, None)
    times = made.stimulus.records["t_us"].astype(int)
    assert np.diff(times).tolist() == [30_000_000, 500_000]
    assert made.stimulus.end_us == 60_500_000  # a repetition does not wait longer either
    assert made.notes[1:] == ["a gap of 866 s is played as 30 s"]
    _write(project, "b.csv", "t_us,x\n0,1\n40000000,2\n")
    assert prepare(project, None).notes[1:] == [
        "2 gaps in 2 recordings are played as 30 s each; the longest is 866 s"
    ]


def test_parquet_as_well(project: Project) -> None:
    pytest.importorskip("pyarrow")
    recording = Recording(
        *(["x"], np.array([0, 10_000]), np.array([[1.0], [2.0]]), None, None),
        Description({"x": "V"}),
    )
    write_recording(project.folder / "recordings" / "a.parquet", recording)
    made = prepare(project, None)
    assert made.project.sensors["recording"].channels[0].unit == "V"
    assert made.stimulus.records["values"].tolist() == [[1.0], [2.0]]


def test_a_file_or_folder_named_is_played_instead(project: Project, tmp_path: Path) -> None:
    _write(project, "a.csv", FIRST)
    other = tmp_path / "other.csv"
    other.write_text("t_us,y\n0,1\n")
    made = prepare(project, str(other))
    assert [each.name for each in made.project.sensors["recording"].channels] == ["y"]


def test_waves_have_the_range_and_rate_of_the_recordings(project: Project) -> None:
    rows = "".join(f"{5000 * i},{i % 10}\n" for i in range(201))
    _write(project, "a.csv", "t_us,x\n" + rows)
    waves = prepare(project, "sine").stimulus.records
    assert 2 <= waves["values"].min() < 3 and 6 < waves["values"].max() <= 7
    assert len(waves) == 4020  # of 20 s: 201 events in one second
    held = prepare(project, "hold").stimulus.records
    assert np.ptp(held["values"]) == 0


def test_without_recordings_a_models_channels_are_waves() -> None:
    made = prepare(load(MODELS / "vowels"), None)
    sensor = made.project.sensors["recording"]
    assert [each.name for each in sensor.channels] == [f"cepstrum_{i}" for i in range(1, 13)]
    assert {each.unit for each in sensor.channels} == {"1"}
    # Twice the standard deviation of the training, around its mean.
    first = made.stimulus.records["values"][:, 0]
    assert first.mean() == pytest.approx(0.869, abs=0.01)
    assert np.ptp(first) == pytest.approx(4 / 2.05078, rel=0.01)
    assert "within the range that" in made.notes[0]


def test_nothing_to_play_is_one_line_that_says_what_to_do(project: Project) -> None:
    for what in (None, "sine"):
        with pytest.raises(RivuletError, match="nothing to play: it names no sensors, and there"):
            prepare(project, what)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t_us,x\n0,1\n5,2\n3,1\n", "a.csv, line 4: t_us goes back from 5 to 3"),
        ("t_us,my x\n0,1\n", "a.csv: 'my x' is no name of a channel"),
        ("t_us,age.x\n0,1\n", "a.csv: 'age.x' is reserved"),
        ("t_us,x\n", "a.csv: holds no events"),
    ],
)
def test_recordings_that_cannot_be_played(project: Project, text: str, said: str) -> None:
    _write(project, "a.csv", text)
    with pytest.raises(RivuletError, match=said):
        prepare(project, None)


def test_a_project_with_sensors_plays_its_recordings_too(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "rivulet.toml").write_text(RIG + '[train]\ntask = "value"\ntarget = ["load"]\n')
    assert prepare(load(tmp_path), None).notes == [
        "there are no recordings ('rivulet import' makes them): the channels are waves"
    ]
    recording = tmp_path / "recordings" / "a.csv"
    recording.write_text(RECORDING.replace("label", "load").replace(",calm", ",1"))
    recording.write_text(recording.read_text().replace(",moving", ",2"))
    made = prepare(load(tmp_path), None)
    assert made.notes[0].endswith("a.csv over and over: 6 events, 1.4 s")
    assert list(made.project.sensors) == ["imu", "sonar", "wheel"]
    recording.write_text("t_us,volts\n0,1\n")
    with pytest.raises(RivuletError, match="unknown: volts; '--play sine' plays waves instead"):
        prepare(load(tmp_path), None)
