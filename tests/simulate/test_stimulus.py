"""Recordings and event files as timed samples."""

import json
import struct
from array import array
from pathlib import Path

import numpy as np
import pytest

from host_tools.data.recordings import Recordings
from host_tools.errors import RivuletError
from host_tools.simulate import stimulus
from tests.imu import as_read, started


def recordings(series: int = 3, samples: int = 50) -> Recordings:
    values = np.random.default_rng(1).normal(0, 5, (series, samples, 6))
    labels = np.arange(series) % 2
    imu = stimulus.IMU
    return Recordings(values, labels, ("a", "b"), imu.channels, imu.units, 100_000)


def test_the_timeline_says_what_plays_when() -> None:
    made = stimulus.build(recordings(), [2, 0], gap_us=300_000)
    assert made.timeline == (
        stimulus.Segment(300_000, 5_300_000, 0, 2),
        stimulus.Segment(5_600_000, 10_600_000, 0, 0),
    )
    assert made.end_us == 10_600_000
    expected = np.arange(50) * 100_000
    assert made.records["t_us"].tolist() == [*(expected + 300_000), *(expected + 5_600_000)]
    assert (made.sent, made.lost) == (100, 0)


def test_registers_hold_what_the_driver_will_read() -> None:
    source = recordings()
    made = stimulus.build(source, [1])
    _, sensor = started()
    read = as_read(made.records["values"])
    assert np.all(np.abs(read - source.values[1]) <= np.array(sensor.scales) / 2 * 1.0001)


def test_the_chip_cuts_off_what_is_beyond_its_range() -> None:
    bus, sensor = started()
    bus.chip.load((200.0, -200.0, 0, 40.0, 0, 0))
    counts = array("i", [0] * 6)
    sensor.read_raw(counts)
    assert counts.tolist() == [32767, -32768, 0, 32767, 0, 0]


def test_drops_are_counted_and_repeatable() -> None:
    first = stimulus.build(recordings(), [0, 1, 2], drop=0.4, seed=7)
    assert first.sent + first.lost == 150
    assert 30 < first.lost < 90
    assert (
        first.records == stimulus.build(recordings(), [0, 1, 2], drop=0.4, seed=7).records
    ).all()
    other = stimulus.build(recordings(), [0, 1, 2], drop=0.4, seed=8)
    assert other.records["t_us"].tolist() != first.records["t_us"].tolist()
    assert stimulus.build(recordings(), [0], drop=1.0).sent == 0


@pytest.mark.parametrize("jitter_us", [1, 40_000, 1_000_000])
def test_jitter_keeps_order_and_stays_in_its_bounds(jitter_us: int) -> None:
    made = stimulus.build(recordings(), [0, 1], jitter_us=jitter_us)
    t_us = made.records["t_us"].astype(np.int64)
    assert t_us.min() >= 0
    assert np.diff(t_us).min() > 0
    if jitter_us < 50_000:
        plain = np.arange(100) * 100_000 + jitter_us
        assert 0 < np.abs(t_us - plain).max() <= jitter_us


def test_bus_faults_are_marked() -> None:
    made = stimulus.build(recordings(), [0, 1, 2], bus_faults=0.2)
    assert 10 < np.count_nonzero(made.records["flags"] == stimulus.BUS_FAILS) < 60


def test_the_file_is_as_documented(tmp_path: Path) -> None:
    made = stimulus.build(recordings(), [0], bus_faults=1.0, gap_us=5)
    path = tmp_path / "stimulus.bin"
    made.write(path)
    data = path.read_bytes()
    assert data[:8] == b"RVSTIM2\0"
    (length,) = struct.unpack("<I", data[8:12])
    header = json.loads(data[12 : 12 + length])
    assert header["sources"] == [
        {
            "name": "mpu6050",
            "channels": ["accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z"],
            "units": ["m/s^2"] * 3 + ["rad/s"] * 3,
        }
    ]
    assert (header["width"], header["end_us"]) == (6, 5_000_005)
    size = 12 + 6 * 4
    assert len(data) == 12 + length + 50 * size
    t_us, source, flags, *values = struct.unpack_from("<QBBxx6f", data, 12 + length + size)
    assert (t_us, source, flags) == (100_005, 0, 1)
    assert values == made.records["values"][1].tolist()
    again = stimulus.Stimulus.read(path)
    assert (again.sources, again.end_us) == (made.sources, made.end_us)
    assert (again.records == made.records).all()


def test_merging_interleaves_sensors() -> None:
    sonar = stimulus.Source("sonar", ("range",), ("m",))
    given = recordings()
    object.__setattr__(given, "channels", sonar.channels)
    object.__setattr__(given, "values", given.values[:, :, :1])
    first = stimulus.build(recordings(), [0])
    second = stimulus.build(given, [1], source=sonar, gap_us=50_000)
    merged = stimulus.merge([first, second])
    assert merged.sources == (stimulus.IMU, sonar)
    assert (merged.records["values"][::2] == first.records["values"]).all()
    assert (merged.records["values"][1::2, :1] == second.records["values"]).all()
    assert merged.records["source"].tolist() == [0, 1] * 50
    assert (np.diff(merged.records["t_us"].astype(np.int64)) > 0).all()
    assert (merged.sent, merged.end_us) == (100, 5_050_000)


def test_bad_requests_are_refused() -> None:
    for arguments in ({"drop": 1.5}, {"bus_faults": -0.1}, {"jitter_us": -1}, {"gap_us": -1}):
        with pytest.raises(RivuletError):
            stimulus.build(recordings(), [0], **arguments)
    other = recordings()
    object.__setattr__(other, "channels", ("volts",))
    with pytest.raises(RivuletError, match="volts"):
        stimulus.build(other, [0])


def test_events_fill_their_own_channels(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    begin_us = 1_700_000_000_000_000  # an absolute time: the simulator does not wait for it
    path.write_text(
        f"t_us,gyro_z,accel_x,range,label\n{begin_us},,9.5,,calm\n{begin_us + 10},1,,,calm\n"
        f"{begin_us + 10},,,250,calm\n"
    )
    sonar = stimulus.Source("sonar", ("strength", "distance"), ("1", "m"))
    columns = {
        "accel_x": stimulus.Column(0, 0),
        "gyro_z": stimulus.Column(0, 5),
        "range": stimulus.Column(1, 1, 0.01, 0.5),
    }
    resting = [np.zeros(6), np.array([7.0, 0.0])]
    made = stimulus.from_events(path, (stimulus.IMU, sonar), columns, resting)
    assert made.records["t_us"].tolist() == [0, 10, 10]
    assert made.records["source"].tolist() == [0, 0, 1]
    assert made.records["values"].tolist() == [
        [9.5, 0, 0, 0, 0, 1],  # its first value, before it
        [9.5, 0, 0, 0, 0, 1],  # what an event does not carry stays
        [7, 3, 0, 0, 0, 0],
    ]
    # A repeated file goes on after a pause of usual length.
    assert made.end_us == 10 + 10 // 3


def test_only_sensors_with_a_column_play(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("t_us,range\n-5,1\n5,2\n")
    sonar = stimulus.Source("sonar", ("range",), ("m",))
    columns = {"range": stimulus.Column(1, 0), "accel_x": stimulus.Column(0, 0)}
    made = stimulus.from_events(path, (stimulus.IMU, sonar), columns, lead_us=1000)
    assert made.sources == (sonar,)
    assert made.records["t_us"].tolist() == [1000, 1010]
    assert made.records["source"].tolist() == [0, 0]


def test_recordings_join_one_after_another(tmp_path: Path) -> None:
    sonar = stimulus.Source("sonar", ("range",), ("m",))
    parts = []
    for number, text in enumerate(("accel_x\n0,1\n10,2\n", "range\n0,3\n")):
        path = tmp_path / f"{number}.csv"
        path.write_text("t_us," + text)
        columns = {"accel_x": stimulus.Column(0, 0), "range": stimulus.Column(1, 0)}
        parts.append(stimulus.from_events(path, (stimulus.IMU, sonar), columns))
    made = stimulus.join(parts)
    assert made.sources == (stimulus.IMU, sonar)
    assert made.records["t_us"].tolist() == [0, 10, 15]
    assert made.records["source"].tolist() == [0, 0, 1]
    assert made.records["values"][:, 0].tolist() == [1, 2, 3]
    assert made.end_us == parts[0].end_us + parts[1].end_us


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first column must be t_us"),
        ("time,accel_x\n", "first column must be t_us"),
        ("t_us,volts\n", "columns must be the simulated sensors' channels .*; unknown: volts"),
        ("t_us,accel_x\n", "no events"),
        ("t_us,accel_x\n1,2\n0,2\n", "line 3"),
        ("t_us,accel_x\n1\n", "line 2"),
        ("t_us,accel_x\n1,x\n", "line 2"),
        ("t_us,accel_x\n1,nan\n", "line 2"),
        ("t_us,accel_x\n1.5,2\n", "line 2"),
    ],
)
def test_bad_event_files_are_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "events.csv"
    path.write_text(text)
    with pytest.raises(RivuletError, match=said) as caught:
        stimulus.from_events(path)
    assert "\n" not in str(caught.value)


def test_a_missing_event_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RivuletError, match="absent.csv: No such file"):
        stimulus.from_events(tmp_path / "absent.csv")
