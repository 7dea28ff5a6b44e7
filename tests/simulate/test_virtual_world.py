"""The simulated sensors: what the real driver reads on the virtual board, and when."""

import errno
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from host_tools.boards import load_board
from host_tools.data.recordings import Recordings
from host_tools.paths import BOARDS, FIRMWARE
from host_tools.project import load_default, rig
from host_tools.simulate import stimulus
from host_tools.simulate.virtual import VirtualBoard

_PATIENCE_S = 100
_SPEED = 4

# Reads every event at once and notes it: [time, source, time after the read, channel, result].
_LISTENER = """
import board, json, rig
class Ring:
    def __init__(self):
        self.events = []
    def push(self, ticks, source):
        self.events.append((ticks, source))
ring = Ring()
def handler(source):
    def data_ready(pin):
        ring.push(board.ticks_us(), source)
    return data_ready
sensors = rig.make_sensors()
for source, sensor in enumerate(sensors):
    sensor.start(handler(source))
out = [0.0] * 6
with open('log', 'w') as log:
    while board.ticks_ms() < FINISH_MS:
        while ring.events:
            ticks, source = ring.events.pop(0)
            try:
                sensors[source].read(out)
                found = [sensors[source].channels[0], out]
            except OSError as error:
                found = ['fault', error.errno]
            log.write(json.dumps([ticks, source, board.ticks_us()] + found) + '\\n')
        board.idle()
open('finished', 'w').close()
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listening_board(
    folder: Path, micropython: Path, made: stimulus.Stimulus, **options: object
) -> VirtualBoard:
    """A board, still switched off, that will play the stimulus to the driver."""
    folder.mkdir(exist_ok=True)
    made.write(folder / "stimulus.bin")
    board = VirtualBoard(
        folder / "board",
        folder / "stimulus.bin",
        micropython,
        _SPEED,
        **options,  # type: ignore[arg-type]
    )
    for name in ("drivers", "rivulet"):
        shutil.copytree(FIRMWARE / name, board.files / name)
    shutil.copy(BOARDS / "virtual" / "board.py", board.files)
    wired = load_default(load_board("virtual"))
    (board.files / "rig.py").write_text(rig.source(wired))
    finish_ms = made.end_us // 1000 + 1000
    (board.files / "main.py").write_text(_LISTENER.replace("FINISH_MS", str(finish_ms)))
    return board


def listen(board: VirtualBoard) -> tuple[int, list[list[object]]]:
    """The board time of stimulus time 0, and what the driver has read."""
    with board:
        wait_for((board.files / "finished").exists)
        assert board.stimulus_done
        start_us = board.stimulus_start_us
    assert start_us is not None
    return start_us, [json.loads(line) for line in (board.files / "log").read_text().splitlines()]


def in_time(events: list[list[object]]) -> list[int]:
    """The events read before the next: a late read gets a newer sample, as on the real chip."""
    times = np.array([event[0] for event in events])
    read = np.array([event[2] for event in events])
    found = [*np.flatnonzero(read[:-1] < times[1:]).tolist(), len(events) - 1]
    assert len(found) > len(events) / 2
    return found


def recordings(samples: int) -> Recordings:
    values = np.random.default_rng(3).normal(0, 4, (1, samples, 6))
    units = ("m/s^2",) * 3 + ("rad/s",) * 3
    labels = np.zeros(1, np.int64)
    return Recordings(values, labels, ("one",), stimulus.CHANNELS, units, 100_000)


def test_the_driver_reads_recordings_at_their_own_times(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(60), [0], jitter_us=30_000, drop=0.2, gap_us=400_000)
    start_us, events = listen(listening_board(tmp_path, micropython, made))
    # The interrupt's time is exact, however late the board came to serve it.
    assert [event[0] - start_us for event in events] == made.records["t_us"].tolist()
    for number in in_time(events):
        counts, _ = stimulus.to_registers(np.array(events[number][4]))
        assert counts.tolist() == made.records["raw"][number].tolist()


def test_bus_faults_strike_single_samples(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(60), [0], bus_faults=0.3, gap_us=400_000, seed=2)
    _, events = listen(listening_board(tmp_path, micropython, made))
    assert len(events) == made.sent
    for number in in_time(events):
        failed = events[number][3:] == ["fault", errno.EIO]
        assert failed == (made.records["flags"][number] == stimulus.BUS_FAILS)


def test_two_sensors_fill_their_own_channels(tmp_path: Path, micropython: Path) -> None:
    parts = [
        stimulus.build(recordings(20), [0], source=s, gap_us=400_000 + 50_000 * s) for s in (0, 1)
    ]
    made = stimulus.merge(parts)
    _, events = listen(listening_board(tmp_path, micropython, made, sensors=2))
    expected = [(0, "accel_x"), (1, "second_accel_x")] * 20
    assert [(event[1], event[3]) for event in events] == expected


def test_a_repeated_stimulus_begins_again(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(3), [0], gap_us=200_000)
    with listening_board(tmp_path, micropython, made, repeat=True) as board:
        wait_for(lambda: (board.stimulus_start_us or 0) > 0)
        first_us = board.stimulus_start_us or 0
        wait_for(lambda: (board.stimulus_start_us or 0) > first_us)
        # It goes on where the last sample was.
        again_us = board.stimulus_start_us or 0
        assert (again_us - first_us) % made.records["t_us"][-1] == 0
        assert not board.stimulus_done


def test_a_stimulus_starts_anew_with_the_board(tmp_path: Path, micropython: Path) -> None:
    made = stimulus.build(recordings(5), [0], gap_us=200_000)
    board = listening_board(tmp_path, micropython, made)
    _, first = listen(board)
    (board.files / "finished").unlink()
    start_us, second = listen(board)
    assert len(second) == len(first) == 5
    assert second[0][0] == start_us + made.records["t_us"][0]
