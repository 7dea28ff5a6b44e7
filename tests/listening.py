"""A virtual board whose program reads every sensor of a rig and notes what it reads, and when."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from host_tools.paths import BOARDS, FIRMWARE, ON_DEVICE
from host_tools.project import Project, load, rig
from host_tools.simulate import stimulus
from host_tools.simulate.rigs import simulate
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
                found = [sensors[source].channels[0], out[:len(sensors[source].channels)]]
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
    folder: Path,
    micropython: Path,
    made: stimulus.Stimulus,
    project: Project | None = None,
    **options: object,
) -> VirtualBoard:
    """A board, still switched off, that will play the stimulus to the project's sensors.

    project: None: the virtual board's own wiring.
    """
    simulated = simulate(project or load(BOARDS / "virtual" / "default.toml"))
    folder.mkdir(exist_ok=True)
    made.write(folder / "stimulus.bin")
    board = VirtualBoard(
        folder / "board",
        folder / "stimulus.bin",
        micropython,
        _SPEED,
        wiring=simulated.wiring,
        **options,  # type: ignore[arg-type]
    )
    for folder in (FIRMWARE / "drivers", FIRMWARE / "rivulet", ON_DEVICE / "drivers"):
        shutil.copytree(folder, board.files / folder.name, dirs_exist_ok=True)
    shutil.copy(BOARDS / "virtual" / "board.py", board.files)
    (board.files / "rig.py").write_text(rig.source(simulated.project))
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
