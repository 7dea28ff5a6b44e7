"""The simulated sensors: what the real driver reads on the virtual board, and when."""

import dataclasses
import errno
from pathlib import Path

import numpy as np

from host_tools.data.recordings import Recordings
from host_tools.paths import MODELS
from host_tools.project import load
from host_tools.simulate import stimulus
from tests.imu import as_read
from tests.listening import listen, listening_board, wait_for

TWO_SENSORS = MODELS / "two_sensors"


def in_time(events: list[list[object]]) -> list[int]:
    """The events read before the next: a late read gets a newer sample, as on the real chip."""
    times = np.array([event[0] for event in events])
    read = np.array([event[2] for event in events])
    found = [*np.flatnonzero(read[:-1] < times[1:]).tolist(), len(events) - 1]
    assert len(found) > len(events) / 2
    return found


def recordings(samples: int) -> Recordings:
    values = np.random.default_rng(3).normal(0, 4, (1, samples, 6))
    labels = np.zeros(1, np.int64)
    imu = stimulus.IMU
    return Recordings(values, labels, ("one",), imu.channels, imu.units, 100_000)


def test_the_driver_reads_recordings_at_their_own_times(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(60), [0], jitter_us=30_000, drop=0.2, gap_us=400_000)
    start_us, events = listen(listening_board(tmp_path, micropython, made))
    # The interrupt's time is exact, however late the board came to serve it.
    assert [event[0] - start_us for event in events] == made.records["t_us"].tolist()
    for number in in_time(events):
        expected = as_read(made.records["values"][number : number + 1])[0]
        np.testing.assert_allclose(np.array(events[number][4]), expected, rtol=1e-12)


def test_bus_faults_strike_single_samples(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(60), [0], bus_faults=0.3, gap_us=400_000, seed=2)
    _, events = listen(listening_board(tmp_path, micropython, made))
    assert len(events) == made.sent
    for number in in_time(events):
        failed = events[number][3:] == ["fault", errno.EIO]
        assert failed == (made.records["flags"][number] == stimulus.BUS_FAILS)


def test_two_sensors_fill_their_own_channels(tmp_path: Path, micropython: Path) -> None:
    first = stimulus.build(recordings(20), [0], gap_us=400_000)
    imu = dataclasses.replace(stimulus.IMU, name="second_mpu6050")
    second = stimulus.build(recordings(20), [0], source=imu, gap_us=450_000)
    made = stimulus.merge([first, second])
    _, events = listen(listening_board(tmp_path, micropython, made, load(TWO_SENSORS)))
    expected = [(0, "accel_x"), (1, "second_accel_x")] * 20
    assert [(event[1], event[3]) for event in events] == expected


def test_a_repeated_stimulus_begins_again(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(3), [0], gap_us=200_000)
    with listening_board(tmp_path, micropython, made, repeat=True) as board:
        wait_for(lambda: (board.stimulus_start_us or 0) > 0)
        first_us = board.stimulus_start_us or 0
        wait_for(lambda: (board.stimulus_start_us or 0) > first_us)
        # It goes on where the recording ends.
        again_us = board.stimulus_start_us or 0
        assert (again_us - first_us) % made.end_us == 0
        assert not board.stimulus_done


def test_a_stimulus_starts_anew_with_the_board(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(5), [0], gap_us=200_000)
    board = listening_board(tmp_path, micropython, made)
    _, first = listen(board)
    (board.files / "finished").unlink()
    start_us, second = listen(board)
    assert len(second) == len(first) == 5
    assert second[0][0] == start_us + made.records["t_us"][0]
