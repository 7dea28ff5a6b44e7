"""Two sensors with clocks of their own into one model, live on the virtual board."""

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from drivers import mpu6050
from host_tools.boards import load_board
from host_tools.deploy.payload import build_payload, on_a_board
from host_tools.link.wire import Board
from host_tools.paths import MODELS
from host_tools.project import load
from host_tools.simulate.play import play
from host_tools.simulate.rigs import simulate
from host_tools.simulate.virtual import VirtualBoard
from tests.conftest import make_model

Run = Callable[..., subprocess.CompletedProcess[str]]

# An accelerometer about every 60 ms, and the second chip's gyroscope about every 170.
_CHANNELS = [f"accel_{axis}" for axis in "xyz"] + [f"second_gyro_{axis}" for axis in "xyz"]
_SCALE = np.repeat([mpu6050._ACCEL_SCALE, mpu6050._GYRO_SCALE], 3)


def _events(path: Path) -> None:
    """Values that the chips' registers hold exactly: the replay sees the same ones."""
    random = np.random.default_rng(2)
    rows = []
    for period_us, first in ((60_000, 0), (170_000, 3)):
        count = 2_000_000 // period_us
        times = np.cumsum(random.integers(period_us // 2, period_us * 3 // 2, count))
        for t_us in times:
            counts = random.integers(-4000, 4000, 3)
            cells = [""] * 6
            cells[first : first + 3] = [
                repr(float(count * scale))
                for count, scale in zip(counts, _SCALE[first : first + 3], strict=True)
            ]
            rows.append((int(t_us), cells))
    with path.open("w") as file:
        file.write(",".join(["t_us", *_CHANNELS]) + "\n")
        for t_us, cells in sorted(rows):
            file.write(",".join([str(t_us), *cells]) + "\n")


def test_two_rates_live_equal_their_replay(
    board: VirtualBoard, tmp_path: Path, rivulet: Run
) -> None:
    model = make_model(tmp_path / "model.safetensors", channels=_CHANNELS)
    events, out = tmp_path / "events.csv", tmp_path / "out.csv"
    _events(events)
    project = load(MODELS / "two_sensors")
    made = play(str(events), list(project.sensors.values()))
    assert set(made.records["source"]) == {0, 1}
    rig = simulate(project)
    files = on_a_board(build_payload(load_board("virtual"), None, rig.project))
    board.install((file.path, file.data) for file in files)
    board.wiring = rig.wiring
    board.power_on()
    with Board(str(board.port)) as wire:
        wire.push(model.read_bytes())
        assert wire.description["model"]["unfed"] == []
    board.power_off()
    board.stimulus = tmp_path / "stimulus.bin"
    made.write(board.stimulus)
    board.power_on()
    with Board(str(board.port)) as wire:
        wire.subscribe(50.0)
        while not board.stimulus_done:
            list(wire.records(0.1))
        last = list(wire.records(0.3))[-1]
        facts = wire.status()
    assert facts["events"] == made.sent and facts["late"] == sum(facts["dropped"]) == 0
    done = rivulet("replay", model, events, "-o", out)
    assert done.returncode == 0, done.stderr
    row = list(csv.DictReader(out.open()))[-1]
    state = [float(row[f"x{i}"]) for i in range(6)]
    tau = [float(row[f"tau{i}"]) for i in range(6)]
    np.testing.assert_allclose(last.blocks["state"], state, atol=1e-6)
    np.testing.assert_allclose(last.tau, tau, rtol=1e-5)
