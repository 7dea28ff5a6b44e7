"""What a user or a cable can do wrong: one clear line, a counter, and nothing lost."""

import hashlib
import os
import pty
import random
import struct
import subprocess
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial

from host_tools.errors import RivuletError
from host_tools.link.wire import Board
from host_tools.simulate.virtual import VirtualBoard
from host_tools.watch.status import status_of
from rivulet import protocol
from tests.conftest import make_model
from tests.link.lossy import Lossy

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def running(board: VirtualBoard, model: Path) -> VirtualBoard:
    """A board that is on and runs `model`."""
    board.power_on()
    with Board(str(board.port)) as wire:
        wire.push(model.read_bytes())
    return board


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_push_gets_through_a_bad_cable(
    tmp_path: Path, flashed: Path, micropython: Path, model: Path
) -> None:
    """One byte in a thousand is hit, in both directions: retries make up for it."""
    import shutil

    wire_fault = Lossy(4, 0.001)
    board = VirtualBoard(tmp_path / "board", interpreter=micropython, wire=wire_fault)
    shutil.copytree(flashed, board.files)
    with board, Board(str(board.port)) as wire:
        for _ in range(3):
            wire.push(model.read_bytes())
        assert wire.status()["model_hash"] == _hash(model)
    assert wire_fault.hits > 5


def test_random_bytes_do_not_stop_the_loop(running: VirtualBoard, model: Path) -> None:
    """Noise holds Ctrl-C too: it is told from a person's by what surrounds it."""
    noise = random.Random(5)
    with serial.Serial(str(running.port), timeout=0) as port:
        for _ in range(400):
            port.write(noise.randbytes(256))
            port.read(4096)
            time.sleep(0.004)
    with Board(str(running.port)) as wire:
        facts = wire.status()
    assert facts["model_hash"] == _hash(model)
    assert facts["swaps"] == 1, "the program was restarted"
    assert facts["frames_corrupt"] > 100
    assert facts["interrupts_ignored"] > 0


def test_ctrl_c_reaches_the_prompt_on_a_quiet_line(running: VirtualBoard) -> None:
    with serial.Serial(str(running.port), timeout=60.0) as port:
        port.write(b"\x03")
        assert b">>> " in port.read_until(b">>> ")


def test_frames_that_are_wrong_are_counted_or_refused(running: VirtualBoard) -> None:
    with Board(str(running.port)) as wire:
        before = wire.status()
        good = protocol.frame(protocol.RESET, 1)
        broken = good[:3] + bytes((good[3] ^ 0x40,)) + good[4:]
        oversized = b"~" + b"x" * 5000 + b"~"
        for junk in (broken, oversized, good[:-2] + b"~"):
            wire._stream.write(junk)
        with pytest.raises(RivuletError, match="0x3f is not known"):
            wire.request(0x3F)
        with pytest.raises(RivuletError, match="bad request"):
            wire.request(protocol.PUSH_BEGIN, b"short")
        with pytest.raises(RivuletError, match="no push has begun"):
            wire.request(protocol.PUSH_DATA, b"\0\0\0\0data")
        after = wire.status()
    assert after["frames_corrupt"] >= before["frames_corrupt"] + 2
    assert after["frames_oversized"] == before["frames_oversized"] + 1


def test_pieces_out_of_order_are_refused_and_repeats_passed_over(
    running: VirtualBoard, tmp_path: Path, model: Path
) -> None:
    data = make_model(tmp_path / "b.safetensors", seed=3).read_bytes()
    begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(data), hashlib.sha256(data).digest())
    piece = struct.pack("<I", 0) + data[:100]
    with Board(str(running.port)) as wire:
        wire.request(protocol.PUSH_BEGIN, begin)
        assert wire.request(protocol.PUSH_DATA, piece)[0] == 100
        assert wire.request(protocol.PUSH_DATA, piece)[0] == 100
        with pytest.raises(RivuletError, match="expected offset 100, got 500"):
            wire.request(protocol.PUSH_DATA, struct.pack("<I", 500) + b"data")
        with pytest.raises(RivuletError, match="incomplete: 100 of"):
            wire.request(protocol.PUSH_END)
        assert wire.status()["model_hash"] == _hash(model)
        wire.push(data)


def test_a_busy_port_is_said_to_be_busy(running: VirtualBoard, rivulet: Run) -> None:
    with Board(str(running.port)):
        done = rivulet("status", "--port", running.port)
    assert done.returncode == 1
    assert "in use" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_cable_pulled_while_watching(running: VirtualBoard) -> None:
    with Board(str(running.port)) as wire:
        wire.subscribe(50.0)
        list(wire.records(0.3))
        threading.Timer(0.3, running.power_off).start()
        with pytest.raises(RivuletError, match="went away"):
            list(wire.records(5.0))


def test_telemetry_stops_by_itself_and_never_blocks(running: VirtualBoard) -> None:
    """A host that stops reading costs records, not turns of the loop."""
    with Board(str(running.port)) as wire:

        def status_at(uptime_s: float) -> dict[str, Any]:
            while True:
                facts = status_of(wire)
                if facts["uptime_s"] >= uptime_s:
                    return facts

        wire.request(protocol.CONFIGURE, struct.pack(protocol.CONFIGURE_BODY, 15, 1000.0, 1500))
        before = status_of(wire)
        time.sleep(1.0)  # nobody reads
        facts = wire.status()
        assert facts["turns"] - before["turns"] > 100
        assert facts["telemetry_dropped"] > 0
        ended = status_at(before["uptime_s"] + 2.0)
        assert ended["telemetry_sent"] > 0
        later = status_at(ended["uptime_s"] + 0.3)
        assert later["telemetry_sent"] == ended["telemetry_sent"]


@pytest.fixture
def old_board() -> Iterator[str]:
    """A pty that answers HELLO with protocol 2, and every other request with OK."""
    master, slave = pty.openpty()
    tty.setraw(slave)

    def answer() -> None:
        deframer = protocol.Deframer(512)
        while True:
            try:
                data = os.read(master, 256)
            except OSError:
                return
            for byte in data:
                if deframer.feed(byte) == protocol.FRAME:
                    kind, sequence = deframer.body[0], deframer.body[1]
                    value = 2 if kind == protocol.HELLO else 0
                    body = struct.pack(protocol.REPLY_HEAD, sequence, kind, protocol.OK, value)
                    os.write(master, protocol.frame(protocol.REPLY, 0, body))

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_an_older_protocol_is_named(old_board: str, rivulet: Run) -> None:
    for command in ("status", "monitor", "collect"):
        done = rivulet(command, "--port", old_board)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
        assert f"protocol 2, this host {protocol.PROTOCOL}: run 'rivulet flash'" in done.stderr


def test_a_board_of_an_older_protocol_is_released(old_board: str, rivulet: Run) -> None:
    done = rivulet("release", "--port", old_board)
    assert done.returncode == 0 and "at its prompt" in done.stdout, done.stderr


def test_bare_micropython_is_told_from_silence(
    tmp_path: Path, micropython: Path, rivulet: Run
) -> None:
    with VirtualBoard(tmp_path / "bare", interpreter=micropython) as bare:
        done = rivulet("status", "--port", bare.port)
    assert done.returncode == 1
    assert "Rivulet is not running" in done.stderr


def test_a_board_with_a_broken_stored_model_still_takes_a_good_one(
    running: VirtualBoard, model: Path
) -> None:
    running.power_off()
    active = running.files / "models" / "a.safetensors"
    active.write_bytes(active.read_bytes()[:-40])
    running.power_on()
    with Board(str(running.port)) as wire:
        facts = wire.status()
        assert facts["cell"] is None and "SHA-256 of slot a differs" in facts["boot_error"]
        wire.push(model.read_bytes())
        assert wire.status()["model_hash"] == _hash(model)


def _npz(path: Path, **changes: object) -> Path:
    n, m, k = 4, 2, 2
    arrays: dict[str, object] = {"readout.weight": np.ones((k, n)), "readout.bias": np.ones(k)}
    for gate in ("alpha", "drive"):
        arrays |= {
            f"{gate}.recurrent": np.ones((n, n)),
            f"{gate}.input": np.ones((n, m)),
            f"{gate}.bias": np.ones(n),
        }
    arrays |= changes
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"alpha.bias": None}, "miss alpha.bias"),
        ({"extra": np.ones(3)}, "carry extra"),
        ({"drive.input": np.ones((4, 3))}, "'drive.input' is (4, 3)"),
        ({"readout.bias": np.array([1.0, np.nan])}, "'readout.bias' holds 1 NaN"),
        ({"metadata": np.array("{nonsense")}, "not JSON"),
        ({"metadata": np.array('{"cell": "wishful"}')}, "unknown cell 'wishful'"),
        ({"metadata": np.array('{"channels": ["a", "a"]}')}, "'channels' names 'a' twice"),
        ({"metadata": np.array('{"alpha_min": 3, "alpha_max": 2}')}, "alpha bounds"),
        ({"metadata": np.array('{"colour": "blue"}')}, "carries colour"),
    ],
)
def test_conversion_refuses_with_one_line_and_writes_nothing(
    tmp_path: Path, rivulet: Run, changes: dict[str, object], said: str
) -> None:
    out = tmp_path / "out.safetensors"
    done = rivulet("convert", _npz(tmp_path / "w.npz", **changes), "-o", out)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first column must be t_us"),
        ("t_us,accel_x\n0,1\n", "missing: accel_y"),
        ("t_us,{c},spin\n0,1,1,1,1,1,1,1\n", "unknown: spin"),
        ("t_us,{c}\n", "no events"),
        ("t_us,{c}\n0,1,1\n", "line 2: 3 cells"),
        ("t_us,{c}\n0,1,1,1,1,1,1\n1.5,1,1,1,1,1,1\n", "line 3: t_us '1.5'"),
        ("t_us,{c}\n0,1,1,nan,1,1,1\n", "'nan' is not a finite number"),
    ],
)
def test_replay_names_the_line_that_is_wrong(
    tmp_path: Path, model: Path, rivulet: Run, text: str, said: str
) -> None:
    from tests.conftest import CHANNELS

    events = tmp_path / "events.csv"
    events.write_text(text.replace("{c}", ",".join(CHANNELS)))
    out = tmp_path / "out.csv"
    done = rivulet("replay", model, events, "-o", out)
    assert done.returncode == 1 and said in done.stderr
    assert "Traceback" not in done.stderr and not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "--port", "/dev/nowhere"), "no port /dev/nowhere"),
        (("flash", "--board", "toaster", "--port", "/dev/null"), "no board 'toaster'"),
        (("push", "/no/such.safetensors", "--port", "/dev/null"), "No such file"),
        (("convert", "/no/such.npz", "-o", "/tmp/x.safetensors"), "no such file"),
        (("convert", "/etc/hostname", "-o", "/tmp/x.safetensors"), "weights come as"),
        (("virtual", "--data", "opera"), "no data 'opera'"),
        (("demo", "--board", "emulated_pico"), "needs an image"),
    ],
)
def test_mistakes_on_the_command_line(rivulet: Run, arguments: tuple[str, ...], said: str) -> None:
    done = rivulet(*arguments)
    assert done.returncode == 1
    assert said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_foreign_and_truncated_model_files_are_refused_by_push(
    tmp_path: Path, model: Path, rivulet: Run
) -> None:
    data = model.read_bytes()
    for content, said in (
        (b"PK\x03\x04 a zip file", "not a model file"),
        (data[:-8], "truncated"),
        (data.replace(b"rivulet-1", b"rivulet-7"), "convert it again"),
        (data[: len(data) // 3], "not a model file"),
    ):
        path = tmp_path / "broken.safetensors"
        path.write_bytes(content)
        done = rivulet("push", path, "--port", "/dev/null")
        assert done.returncode == 1 and said in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
