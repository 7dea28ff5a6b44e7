"""The whole way through a pty: push, watch, swap, interrupt, and the real mpremote."""

import csv
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from host_tools.data.recordings import Recordings
from host_tools.errors import RivuletError
from host_tools.link.records import Record
from host_tools.link.wire import Board
from host_tools.simulate import stimulus
from host_tools.simulate.virtual import VirtualBoard
from tests.conftest import CHANNELS, make_model
from tests.imu import as_read

Run = Callable[..., subprocess.CompletedProcess[str]]


def _recordings(samples: int = 60, period_us: int = 20_000) -> Recordings:
    random = np.random.default_rng(1)
    return Recordings(
        values=random.normal(0, 3, (2, samples, 6)),
        labels=np.array([0, 1]),
        classes=("calm", "moving"),
        channels=tuple(CHANNELS),
        units=("m/s^2",) * 3 + ("rad/s",) * 3,
        period_us=period_us,
    )


def _push(board: VirtualBoard, model: Path) -> str:
    with Board(str(board.port)) as wire:
        wire.push(model.read_bytes())
    return hashlib.sha256(model.read_bytes()).hexdigest()


def _play(board: VirtualBoard, made: stimulus.Stimulus) -> tuple[list[Record], dict[str, object]]:
    """Power-cycle into a stimulus and follow it to its end."""
    board.power_off()
    board.stimulus = board.folder / "stimulus.bin"
    made.write(board.stimulus)
    board.power_on()
    records = []
    with Board(str(board.port)) as wire:
        wire.subscribe(200.0)
        while not board.stimulus_done:
            records += wire.records(0.1)
        records += wire.records(0.3)
        facts = wire.status()
        assert wire.frames_corrupt == 0
    return records, facts


def test_a_stream_on_the_board_equals_its_replay(
    board: VirtualBoard, model: Path, tmp_path: Path, rivulet: Run
) -> None:
    """Interrupts, ring, driver, clock, cell and telemetry together, against the device code run
    offline over the same events."""
    # Slow enough that a busy machine still reads each sample before the next replaces it.
    recordings = _recordings(25, 60_000)
    made = stimulus.build(recordings, [0, 1], drop=0.4, jitter_us=9_000, seed=3)
    board.power_on()
    digest = _push(board, model)
    records, facts = _play(board, made)
    assert facts["model_hash"] == digest
    assert facts["events"] == made.sent
    assert facts["late"] == 0 and sum(facts["dropped"]) == 0
    events = tmp_path / "events.csv"
    _write_events(events, made)
    done = rivulet("replay", model, events, "-o", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    last = records[-1]
    state = [float(rows[-1][f"x{i}"]) for i in range(6)]
    tau = [float(rows[-1][f"tau{i}"]) for i in range(6)]
    np.testing.assert_allclose(last.blocks["state"], state, atol=1e-6)
    np.testing.assert_allclose(last.tau, tau, rtol=1e-5)


def _write_events(path: Path, made: stimulus.Stimulus) -> None:
    """The stimulus as the driver sees it."""
    with path.open("w") as file:
        file.write("t_us," + ",".join(CHANNELS) + "\n")
        read = as_read(made.records["values"])
        for t_us, values in zip(made.records["t_us"], read.tolist(), strict=True):
            file.write(f"{t_us}," + ",".join(map(repr, values)) + "\n")


def test_push_while_running_keeps_state_and_loses_no_event(
    board: VirtualBoard, tmp_path: Path
) -> None:
    first = make_model(tmp_path / "first.safetensors", seed=1)
    second = make_model(tmp_path / "second.safetensors", seed=2)
    board.power_on()
    _push(board, first)
    board.power_off()
    board.stimulus = tmp_path / "stimulus.bin"
    made = stimulus.build(_recordings(60), [0, 1], seed=4)
    made.write(board.stimulus)
    board.power_on()
    with Board(str(board.port)) as wire:
        wire.subscribe(50.0)
        before = list(wire.records(0.5))[-1]
        assert wire.push(second.read_bytes()) == "state kept"
        while not board.stimulus_done:
            list(wire.records(0.1))
        facts = wire.status()
        assert f"model {facts['model_hash'][:12]} is active" in "\n".join(wire.lines)
    assert before.events > 0
    assert facts["events"] == made.sent
    assert facts["swaps"] == 1
    assert facts["model_hash"] == hashlib.sha256(second.read_bytes()).hexdigest()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_power_cut_during_a_push_leaves_the_old_model(
    board: VirtualBoard, model: Path, tmp_path: Path, share: float
) -> None:
    board.power_on()
    digest = _push(board, model)
    other = make_model(tmp_path / "other.safetensors", seed=9).read_bytes()

    def cut(done: int, total: int) -> None:
        if done >= share * total:
            board.power_off()

    with Board(str(board.port)) as wire, pytest.raises(RivuletError, match="went away"):
        wire.push(other, cut)
    board.power_on()
    with Board(str(board.port)) as wire:
        assert wire.status()["model_hash"] == digest
        wire.push(other)
        assert wire.status()["model_hash"] == hashlib.sha256(other).hexdigest()


def test_the_board_refuses_a_broken_model_and_runs_on(board: VirtualBoard, model: Path) -> None:
    board.power_on()
    digest = _push(board, model)
    data = bytearray(model.read_bytes())
    data[-4:] = np.float32("nan").tobytes()
    with Board(str(board.port)) as wire:
        for broken, reason in ((bytes(data), "NaN"), (bytes(data[:-8]), "truncated")):
            with pytest.raises(RivuletError, match=reason):
                wire.push(broken)
        assert wire.status()["model_hash"] == digest
        assert wire.status()["swaps"] == 1


def test_bus_errors_are_counted_and_the_loop_goes_on(board: VirtualBoard, model: Path) -> None:
    made = stimulus.build(_recordings(), [0, 1], bus_faults=0.2, seed=5)
    board.power_on()
    _push(board, model)
    _, facts = _play(board, made)
    failed = int((made.records["flags"] & stimulus.BUS_FAILS != 0).sum())
    errors = sum(facts["bus_errors"])
    assert facts["events"] == made.sent - errors
    # A sample that is read late has been replaced by the next, whose bus may be well again.
    assert failed > 10
    assert failed - 5 <= errors <= failed


def test_commands_for_a_user(
    board: VirtualBoard, model: Path, tmp_path: Path, rivulet: Run
) -> None:
    made = stimulus.build(_recordings(), [0, 1] * 10, seed=6)
    board.stimulus = tmp_path / "stimulus.bin"
    made.write(board.stimulus)
    board.power_on()
    done = rivulet("push", model, "--port", board.port)
    assert done.returncode == 0 and "6 units is active" in done.stdout, done.stderr
    status = json.loads(rivulet("status", "--port", board.port, "--json").stdout)
    assert status["cell"] == "decay" and status["hidden"] == 6
    assert status["model_hash"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert status["heap_free"] > 0 and status["uptime_s"] > 0
    watched = tmp_path / "watched.csv"
    done = rivulet("monitor", "--port", board.port, "--seconds", 1, "--record", watched)
    assert done.returncode == 0, done.stderr
    assert "recognised" in done.stdout
    rows = list(csv.reader(watched.open()))
    assert rows[0][:3] == ["t_us", "decision", "y0"] and rows[0][-6:] == CHANNELS
    assert len(rows) > 10 and all(len(row) == len(rows[0]) for row in rows)
    assert rivulet("reset", "--port", board.port).returncode == 0
    assert rivulet("release", "--port", board.port).returncode == 0
    done = rivulet("status", "--port", board.port)
    assert done.returncode == 1
    assert "Rivulet is not running" in done.stderr and "Traceback" not in done.stderr


def _mpremote(port: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", str(port), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mpremote_breaks_into_a_busy_loop(board: VirtualBoard, model: Path) -> None:
    made = stimulus.build(_recordings(), [0, 1] * 20, seed=7)
    board.stimulus = board.folder / "stimulus.bin"
    board.folder.mkdir(exist_ok=True)
    made.write(board.stimulus)
    board.power_on()
    digest = _push(board, model)
    with Board(str(board.port)) as wire:
        # Telemetry runs on when the host lets go, until its lease is over.
        wire.subscribe(100.0)
        assert len(list(wire.records(0.5))) > 10
    assert "a.safetensors" in _mpremote(board.port, "fs", "ls", ":models")
    assert _mpremote(board.port, "exec", "print(6*7)").strip() == "42"
    _mpremote(board.port, "soft-reset")
    # A soft reset by mpremote ends at the prompt; a reset starts the program.
    _mpremote(board.port, "reset")
    end = time.monotonic() + 100
    while True:
        try:
            with Board(str(board.port)) as wire:
                assert wire.status()["model_hash"] == digest
                break
        except RivuletError:  # it has not started yet
            assert time.monotonic() < end
