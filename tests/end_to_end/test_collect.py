"""`rivulet collect`: what the sensors of a board play arrives in a recording, as it was played."""

import json
import os
import re
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from host_tools.boards import load_board
from host_tools.data.recording import read_recording
from host_tools.deploy.payload import build_payload, on_a_board
from host_tools.link.wire import Board
from host_tools.paths import MODELS
from host_tools.project import load
from host_tools.simulate.play import play
from host_tools.simulate.rigs import simulate
from host_tools.simulate.stimulus import Stimulus
from host_tools.simulate.virtual import VirtualBoard
from host_tools.watch.collection import Collection
from rivulet import protocol
from tests.conftest import make_model
from tests.end_to_end.test_two_sensors import _CHANNELS, _events
from tests.golden.conftest import COMMAND, environment
from tests.rivulet_command import run

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "pump"
    folder.mkdir()
    (folder / "rivulet.toml").write_text((MODELS / "two_sensors" / "rivulet.toml").read_text())
    return folder


@pytest.fixture
def playing(board: VirtualBoard, tmp_path: Path) -> tuple[VirtualBoard, Stimulus]:
    """A board on, without a model, whose two sensors play again and again."""
    events = tmp_path / "events.csv"
    _events(events)
    found = load(MODELS / "two_sensors")
    made = play(str(events), list(found.sensors.values()))
    rig = simulate(found)
    files = on_a_board(build_payload(load_board("virtual"), None, rig.project))
    board.install((file.path, file.data) for file in files)
    board.wiring = rig.wiring
    board.stimulus = tmp_path / "stimulus.bin"
    board.repeat = True
    made.write(board.stimulus)
    board.power_on()
    return board, made


@contextmanager
def collecting(
    board: VirtualBoard, folder: Path, *options: object
) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """`rivulet collect` while it runs, and the other end of its keyboard."""
    keyboard, theirs = os.openpty()
    with subprocess.Popen(
        [COMMAND, "collect", "--port", board.port, *map(str, options)],
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        os.close(theirs)
        try:
            yield process, keyboard
        finally:
            process.kill()
            os.close(keyboard)


def until(process: "subprocess.Popen[str]", pattern: str) -> str:
    """The first line of its output that the pattern is found in."""
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"it ended: {process.stderr.read() if process.stderr else ''}")


def compare(path: Path, made: Stimulus) -> int:
    """Hold a recording against what was played, from any event on; how many events it has.

    On a busy machine a sensor is read late: then it answers with a later sample, and the board
    passes events over. Their times are those of the interrupts nevertheless.
    """
    found = read_recording(path)
    played = np.full((len(made.records), 12), np.nan, np.float32)
    for row, record in zip(played, made.records, strict=True):
        at = 6 * int(record["source"])
        row[at : at + 6] = record["values"]
    # The first sample has a lead, so the last ones stand beyond the period.
    times = made.records["t_us"].astype(np.int64) % made.end_us
    starts = [
        n for n in range(len(times)) if np.isin((found.t_us + times[n]) % made.end_us, times).all()
    ]
    assert found.t_us[0] == 0 and len(starts) == 1, "times that were not played"
    assert (np.diff(found.t_us) > 0).all()
    number_at = {time_us: number for number, time_us in enumerate(times.tolist())}
    moments = (found.t_us + times[starts[0]]) % made.end_us
    order = [number_at[moment] for moment in moments.tolist()]
    exact = 0
    for row, number in zip(found.values.astype(np.float32), order, strict=True):
        later = np.roll(played, -number, axis=0)
        of_sensor = later[np.isnan(later[:, 0]) == np.isnan(row[0])][:8]
        matches = [_close(row, each) for each in of_sensor]
        assert any(matches), "values that were not played then"
        exact += matches[0]
    assert exact > len(order) / 2
    return len(order)


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-6, equal_nan=True))


def test_rows_are_what_was_played(
    playing: tuple[VirtualBoard, Stimulus], project: Path, rivulet: Run
) -> None:
    board, made = playing
    before = datetime.now(UTC)
    with collecting(board, project, "--seconds", 5) as (process, _):
        out, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (0, "")
    (path,) = (project / "recordings").glob("*.csv")
    count = compare(path, made)
    assert count > 50
    lines = out.splitlines()
    assert lines[-1] == f"written to {path.relative_to(project)}"
    said = next(line for line in lines if " events in " in line)
    assert re.fullmatch(rf"{count} events in .*: mpu6050 \d+, second_mpu6050 \d+", said)
    assert lines[-2].startswith("the wire carried all, up to ")
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["units"]["accel_x"] == "m/s^2" and about["units"]["second_gyro_z"] == "rad/s"
    assert (about["board"], about["model"]) == ("virtual", None)
    began = datetime.fromisoformat(about["time_zero_utc"])
    assert 0 <= (began - before).total_seconds() <= (datetime.now(UTC) - before).total_seconds()
    with Board(str(board.port)) as wire:
        assert not list(wire.batches(0.5)), "the board goes on"


def test_labels_by_keys_with_a_model_on_the_board(
    playing: tuple[VirtualBoard, Stimulus], project: Path, tmp_path: Path
) -> None:
    board, made = playing
    model = make_model(tmp_path / "model.safetensors", channels=_CHANNELS)
    with Board(str(board.port)) as wire:
        wire.push(model.read_bytes())
        digest = wire.description["model"]["hash"]  # type: ignore[index]
    path = project / "day.csv"
    options = ("--keys", "1=normal, 2=worn out", "--out", path)
    with collecting(board, project, *options) as (process, keyboard):
        until(process, "label none")
        for key, label in (
            (b"1", "normal"),
            (b"2", "worn out"),
            (b"x", "worn out"),
            (b" ", "none"),
        ):
            os.write(keyboard, key)
            line = until(process, f"label {label}" if key != b"x" else "'x'")
            assert ("'x': ignored" in line) == (key == b"x")
            seen = int(line.split("events ")[1].split()[0])
            while int(until(process, "events").split("events ")[1].split()[0]) < seen + 10:
                pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (0, ""), "as a recording of monitor ends"
    assert compare(path, made) > 40
    found = read_recording(path)
    assert found.labels is not None
    runs = [label for n, label in enumerate(found.labels) if not n or label != found.labels[n - 1]]
    assert runs == ["", "normal", "worn out", ""]
    counts = {name: found.labels.count(name) for name in ("normal", "worn out", "")}
    assert all(count >= 10 for count in counts.values())
    said = next(line for line in out.splitlines() if line.startswith("labels: "))
    for name, count in counts.items():
        assert f"{name or 'none'} {count}" in said
    assert found.description.model == digest


def test_a_killed_recorder_loses_a_second_at_most(
    playing: tuple[VirtualBoard, Stimulus], project: Path
) -> None:
    board, made = playing
    path = project / "killed.csv"
    options = ("--label", "normal", "--out", path)
    with collecting(board, project, *options) as (process, _):
        line = until(process, "events [3-9][0-9]")
        process.send_signal(signal.SIGKILL)
        process.wait(100)
    span_s = float(line.split("t ")[1].split()[0])
    assert path.read_bytes().endswith(b"\n")
    compare(path, made)
    found = read_recording(path)
    assert found.t_us[-1] / 1e6 > span_s - 1.1
    assert set(found.labels or ()) == {"normal"} and found.description.time_zero_utc
    with Board(str(board.port)) as wire:
        silent_at = time.monotonic() + 10
        while list(wire.batches(1.0)):
            assert time.monotonic() < silent_at + 100, "the board goes on without its host"


def test_what_the_wire_could_not_carry_is_counted(
    playing: tuple[VirtualBoard, Stimulus],
) -> None:
    """A host that stops reading costs events, and not one turn of the loop."""
    board, _ = playing
    board.power_off()
    board.speed = 100.0
    board.power_on()
    with Board(str(board.port)) as wire:
        collection = Collection(wire.description)
        wire.request(protocol.COLLECT, struct.pack(protocol.COLLECT_BODY, 60000))
        before = wire.status()
        time.sleep(3.0)  # nobody reads
        after = wire.status()
        assert after["turns"] - before["turns"] > 300, "the loop waits for the port"
        total = wire.end_collection()
        for batch in wire.batches(2.0):
            collection.add(batch)
            for event in batch.events:
                collection.take(event, "")
        collection.conclude(total)
    assert collection.unsent > 100 and collection.damaged == 0
    assert collection.events + collection.unsent == total
    assert f"{collection.unsent} that the wire could not carry" in collection.lost()


_MISTAKES = [
    (("--keys", "1"), "--keys: '1' is no key and label: write for example 1=normal,2=worn"),
    (("--keys", "1=a,1=b"), "--keys: the key 1 has two labels"),
    (("--keys", " =a"), "is no key and label"),
    (("--label", ""), "--label: a label is one line of text"),
    (("--label", "a", "--keys", "1=b"), "use it or --keys, not both"),
    (("--out", "there.csv"), "there.csv exists: choose another name with --out"),
    (("--out", "about.csv"), "about.json exists: choose another name with --out"),
    (("--out", "x.parquet"), "name it NAME.csv"),
    (("--out", "nowhere/x.csv"), "cannot write nowhere/x.csv: No such file or directory"),
]


def test_mistakes_are_one_line(playing: tuple[VirtualBoard, Stimulus], tmp_path: Path) -> None:
    board, _ = playing
    (tmp_path / "there.csv").write_text("precious")
    (tmp_path / "about.json").write_text("precious")
    for options, said in _MISTAKES:
        done = run("collect", "--port", board.port, *options, cwd=tmp_path)
        assert done.returncode == 1 and done.stdout == "", options
        assert said in done.stderr and len(done.stderr.splitlines()) == 1, options
    assert (tmp_path / "there.csv").read_text() == "precious"
    assert (tmp_path / "about.json").read_text() == "precious"
    assert not (tmp_path / "about.csv").exists()


def test_keys_need_a_terminal(playing: tuple[VirtualBoard, Stimulus], rivulet: Run) -> None:
    board, _ = playing
    done = rivulet("collect", "--port", board.port, "--keys", "1=a")
    assert done.returncode == 1 and "--keys needs a terminal" in done.stderr


def test_a_board_without_sensors_says_where_they_stand(
    board: VirtualBoard, tmp_path: Path, rivulet: Run
) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "rivulet.toml").write_text('[board]\nname = "virtual"\n')
    rig = simulate(load(folder))
    files = on_a_board(build_payload(load_board("virtual"), None, rig.project))
    board.install((file.path, file.data) for file in files)
    board.power_on()
    done = rivulet("collect", "--port", board.port, "--out", tmp_path / "x.csv")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "uncomment a table [sensors.NAME] in rivulet.toml" in done.stderr
    assert not (tmp_path / "x.csv").exists()


def test_sensors_that_say_nothing_leave_nothing(
    board: VirtualBoard, tmp_path: Path, rivulet: Run
) -> None:
    board.power_on()
    path = tmp_path / "x.csv"
    done = rivulet("collect", "--port", board.port, "--out", path, "--seconds", 1)
    assert done.returncode == 1 and "no event came from mpu6050" in done.stderr
    assert not path.exists() and not path.with_suffix(".json").exists()
