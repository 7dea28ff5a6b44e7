"""Recordings and event files as timed register values."""

import struct
from pathlib import Path

import numpy as np
import pytest

from drivers import mpu6050
from host_tools.data.recordings import Recordings
from host_tools.errors import RivuletError
from host_tools.simulate import stimulus

_SCALES = [mpu6050._ACCEL_SCALE] * 3 + [mpu6050._GYRO_SCALE] * 3


def recordings(series: int = 3, samples: int = 50) -> Recordings:
    values = np.random.default_rng(1).normal(0, 5, (series, samples, 6))
    labels = np.arange(series) % 2
    units = ("m/s^2",) * 3 + ("rad/s",) * 3
    return Recordings(values, labels, ("a", "b"), stimulus.CHANNELS, units, 100_000)


def test_the_timeline_says_what_plays_when() -> None:
    made = stimulus.build(recordings(), [2, 0], gap_us=300_000)
    assert made.timeline == (
        stimulus.Segment(300_000, 5_300_000, 0, 2),
        stimulus.Segment(5_600_000, 10_600_000, 0, 0),
    )
    assert made.end_us == 10_600_000
    expected = np.arange(50) * 100_000
    assert made.records["t_us"].tolist() == [*(expected + 300_000), *(expected + 5_600_000)]
    assert (made.sent, made.lost, made.saturated) == (100, 0, 0)


def test_registers_hold_what_the_driver_will_read() -> None:
    source = recordings()
    made = stimulus.build(source, [1])
    read = made.records["raw"] * np.array(_SCALES)
    assert np.abs(read - source.values[1]).max() <= max(_SCALES) / 2 * 1.0001


def test_values_beyond_the_range_are_cut_off_and_counted() -> None:
    values = np.array([[200.0, -200.0, 0, 40.0, 0, 0]])
    raw, saturated = stimulus.to_registers(values)
    assert raw.tolist() == [[32767, -32768, 0, 32767, 0, 0]]
    assert saturated == 3


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
    made = stimulus.build(recordings(), [0], bus_faults=1.0, source=1, gap_us=5)
    path = tmp_path / "stimulus.bin"
    made.write(path)
    data = path.read_bytes()
    assert data[:8] == b"RVSTIM1\0"
    assert struct.unpack("<II", data[8:16]) == (50, 0)
    assert len(data) == 16 + 50 * 24
    t_us, source, flags, *raw = struct.unpack_from("<QBB6h", data, 16 + 24)
    assert (t_us, source, flags) == (100_005, 1, 1)
    assert raw == made.records["raw"][1].tolist()


def test_merging_interleaves_sensors() -> None:
    parts = [stimulus.build(recordings(), [s], source=s, gap_us=s * 50_000) for s in (0, 1)]
    merged = stimulus.merge(parts)
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
        f"t_us,gyro_z,accel_x,second_accel_y\n{begin_us},,9.80665,\n{begin_us + 10},1,,\n"
        f"{begin_us + 10},,,-9.80665\n"
    )
    made = stimulus.from_events(path)
    assert made.records["t_us"].tolist() == [0, 10, 10]
    assert made.records["source"].tolist() == [0, 0, 1]
    assert made.records["raw"].tolist() == [
        [2048, 0, 0, 0, 0, 0],
        [2048, 0, 0, 0, 0, 940],  # what an event does not carry stays
        [0, -2048, 0, 0, 0, 0],
    ]


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
