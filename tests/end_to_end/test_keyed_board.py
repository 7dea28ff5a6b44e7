"""A keyed board behind a real serial port: what its owner can do, and what nobody else can."""

import random
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from host_tools.boards import load_board
from host_tools.deploy.flash import flash
from host_tools.deploy.keys import new_key, read_key
from host_tools.deploy.provision import AccessSettings
from host_tools.errors import NotRunning, RivuletError
from host_tools.link.raw_repl import raw_repl
from host_tools.link.wire import Board
from host_tools.paths import BOARDS, FIRMWARE
from host_tools.simulate.virtual import VirtualBoard
from rivulet import protocol
from tests.conftest import make_model

Run = Callable[..., subprocess.CompletedProcess[str]]

_KEY = bytes(range(32))


class Tap:
    """A wire that keeps what went over it."""

    def __init__(self) -> None:
        self.heard = self.said = b""

    def to_board(self, data: bytes) -> bytes:
        self.heard += data
        return data

    def to_host(self, data: bytes) -> bytes:
        self.said += data
        return data

    def frames(self) -> list[bytes]:
        """The bodies of the frames that were heard: kind, sequence, payload."""
        deframer = protocol.Deframer(1024)
        return [
            bytes(deframer.body[: deframer.length])
            for byte in self.heard
            if deframer.feed(byte) == protocol.FRAME
        ]


@pytest.fixture
def keyed(board: VirtualBoard) -> VirtualBoard:
    """A board with the firmware and a key, switched on."""
    (board.files / "access").mkdir()
    (board.files / "access" / "key").write_text(_KEY.hex() + "\n")
    board.power_on()
    return board


def wire(board: VirtualBoard, key: bytes | None = _KEY) -> Board:
    return Board(str(board.port), key=key)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_from_a_new_key_to_a_closed_board(
    board: VirtualBoard, tmp_path: Path, rivulet: Run
) -> None:
    key, other = tmp_path / "board.key", tmp_path / "other.key"
    for path in (key, other):
        assert rivulet("key", "new", path).returncode == 0
    assert key.stat().st_mode & 0o777 == 0o600 and len(read_key(key)) == 32
    assert read_key(key) != read_key(other)
    before = key.read_bytes()
    assert "exists, and keys are not overwritten" in one_line(rivulet("key", "new", key))
    assert key.read_bytes() == before

    board.power_on()
    port = ("--port", board.port)
    done = rivulet("flash", "--board", "virtual", *port, "--telemetry", "closed")
    assert "needs a key on the board" in one_line(done)
    done = rivulet("flash", "--board", "virtual", *port, "--key", key, "--telemetry", "closed")
    assert done.returncode == 0 and "keyed: from now on" in done.stdout, done.stderr
    assert "this board is keyed: name its key file" in one_line(rivulet("release", *port))
    assert "another board's key" in one_line(rivulet("status", *port, "--key", other))
    assert "No such file" in one_line(rivulet("status", *port, "--key", tmp_path / "none"))
    other.chmod(0o644)
    assert "can be read by others: chmod 600" in one_line(rivulet("reset", *port, "--key", other))
    time.sleep(1.0)  # what the wrong key costs
    done = rivulet("status", *port, "--key", key)
    assert "closed: commands and reading need the key" in done.stdout
    # Settings that are not named stay, and flashing releases the board by itself.
    done = rivulet("flash", "--board", "virtual", *port, "--key", key)
    assert done.returncode == 0 and "up to date" in done.stdout, done.stderr
    assert (board.files / "access" / "settings.json").read_text() == '{"closed": true}'
    with wire(board, read_key(key)) as made:
        assert made.status()["access"] == "closed"


def test_a_key_goes_over_the_line_once(board: VirtualBoard, tmp_path: Path) -> None:
    new_key(tmp_path / "board.key")
    key = read_key(tmp_path / "board.key")
    tap = board.wire = Tap()
    board.power_on()
    facts = load_board("virtual")
    text = b64encode(key.hex().encode() + b"\n")
    for heard in (True, False):
        tap.heard = b""
        flash(str(board.port), facts, key=key, access=AccessSettings(key=key))
        assert (text in tap.heard) is heard
    assert (board.files / "access" / "key").read_text() == key.hex() + "\n"


def test_a_key_for_a_board_that_has_none(
    board: VirtualBoard, tmp_path: Path, model: Path, rivulet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named for this board it has to be this board's; named for all of them it does no harm."""
    key = tmp_path / "board.key"
    new_key(key)
    board.power_on()
    port = ("--port", board.port)
    for command in (("status",), ("push", model), ("confirm",), ("rollback",), ("reset",)):
        done = rivulet(*command, *port, "--key", key)
        assert "this board says that it has no key: leave out --key" in one_line(done)
    for command in (("monitor", "--seconds", 1), ("release",)):
        assert "this board says that it has no key" in one_line(
            rivulet(*command, *port, "--key", key)
        )
    monkeypatch.setenv("RIVULET_KEY", str(key))
    for command in (("push", model), ("status",), ("release",)):
        done = rivulet(*command, *port)
        assert done.returncode == 0, done.stderr


def test_without_the_key_nothing_changes(keyed: VirtualBoard, model: Path) -> None:
    with wire(keyed) as made:
        made.push(model.read_bytes())
        digest = made.status()["model_hash"]
    with wire(keyed, None) as made:
        made.subscribe(50.0)  # reading is open
        assert list(made.records(0.3))
        for change in (made.reset, made.release, lambda: made.push(model.read_bytes())):
            with pytest.raises(RivuletError, match="keyed"):
                change()
        facts = made.status()
    assert (facts["access"], facts["model_hash"], facts["swaps"]) == ("keyed", digest, 1)
    assert facts["access_unauthorised"] == 3 and facts["access_forged"] == 0


def test_nothing_recorded_is_ever_admitted_again(keyed: VirtualBoard, tmp_path: Path) -> None:
    """All that a listener heard of two lives, in any order, with challenges of his own."""
    first = make_model(tmp_path / "first.safetensors", seed=1)
    second = make_model(tmp_path / "second.safetensors", seed=2)
    keyed.power_off()
    tap = keyed.wire = Tap()
    for _ in range(2):
        keyed.power_on()
        with wire(keyed) as made:
            made.push(first.read_bytes())
            made.push(second.read_bytes())
            made.reset()
            digest = made.status()["model_hash"]
            made.release()
        keyed.power_off()
    heard = tap.frames()
    commands = [body for body in heard if body[0] == protocol.AUTHORISED]
    assert len(commands) >= 10
    keyed.power_on()
    shuffled = random.Random(1)
    with wire(keyed) as made:
        before = made.status()
        for _ in range(4):
            shuffled.shuffle(heard)
            for body in heard:
                # His own challenge may stand open when he sends it.
                made._stream.write(protocol.frame(protocol.CHALLENGE, 1))
                made._stream.write(protocol.frame(body[0], body[1], body[2:]))
                made._read()
        end = time.monotonic() + 100
        while time.monotonic() < end:
            try:
                facts = made.status()
                break
            except RivuletError as error:  # his failures hold the owner off for a while
                assert "try again" in str(error)
                time.sleep(0.5)
    assert facts["model_hash"] == before["model_hash"] == digest
    assert facts["swaps"] == before["swaps"] == 0 and facts["turns"] > before["turns"]
    assert facts["access_forged"] >= 1 and facts["access_delayed"] >= 1


def test_ctrl_c_does_not_give_the_prompt(keyed: VirtualBoard) -> None:
    with wire(keyed) as made:
        turns = made.status()["turns"]
    with serial.Serial(str(keyed.port), timeout=0.05) as port:
        for keys in (b"\x03", b"\r\x03\x03", b"\x01", b"\x02", b"\x04", b"\x05", b"\x03" * 200):
            port.write(keys)
            time.sleep(0.05)
            assert b">>>" not in port.read(4096)
    with pytest.raises(RivuletError, match="this board is keyed"), raw_repl(str(keyed.port), 0.4):
        pass
    with wire(keyed) as made:
        facts = made.status()
        assert facts["turns"] > turns and facts["interrupts_ignored"] == 0
        made.release()
    # What the host asks there is no command for anybody, and the prompt stays.
    with pytest.raises(NotRunning, match="MicroPython answers"):
        wire(keyed)
    with raw_repl(str(keyed.port)) as repl:
        assert repl.run("print(1 + 1)").strip() == "2"


def test_a_crash_does_not_give_the_prompt(board: VirtualBoard) -> None:
    """It starts again, and after three failures serves the wire alone: for the key, as ever."""
    (board.files / "access").mkdir()
    (board.files / "access" / "key").write_text(_KEY.hex() + "\n")
    source = (BOARDS / "virtual" / "board.py").read_text()
    broken = source + "\ndef idle():\n    raise RuntimeError('broken')\n"
    (board.files / "firmware" / "a" / "board.py").write_text(broken)
    tap = board.wire = Tap()
    board.power_on()
    end = time.monotonic() + 300  # a hang guard
    while True:
        try:
            with wire(board) as made:
                facts = made.status()
                if facts["safe_mode"]:
                    break
        except RivuletError:
            assert time.monotonic() < end, tap.said[-400:]
    assert b"RuntimeError: broken" in tap.said and b">>>" not in tap.said
    with wire(board, None) as made, pytest.raises(RivuletError, match="keyed"):
        made.release()
    with wire(board) as made:
        made.release()
    with raw_repl(str(board.port)) as repl:
        assert repl.run("print(1 + 1)").strip() == "2"


def test_what_flash_gives_back_wrongly_neither_opens_nor_stops_a_board(
    micropython: Path, tmp_path: Path
) -> None:
    (tmp_path / "access").mkdir()
    key = tmp_path / "access" / "key"
    key.symlink_to("key")  # asked about, it answers with an error, and not that it is missing
    folder = tmp_path / "firmware" / "a"
    folder.mkdir(parents=True)
    (folder / "rivulet_manifest.json").write_text("{}")
    (folder / "app.py").write_text("def run(keyed, trouble):\n    print('keyed', keyed)\n")
    (tmp_path / "firmware" / "active").write_bytes(b"\xff\xff")
    for said in ("keyed True", "keyed False"):
        done = subprocess.run(
            [micropython, FIRMWARE / "main.py"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        )
        assert said in done.stdout
        key.unlink(missing_ok=True)


def test_a_key_that_is_lost(keyed: VirtualBoard, tmp_path: Path) -> None:
    """Erasing the board (here: its folder) opens it, and takes everything with it."""
    keyed.power_off()
    for path in sorted(keyed.files.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    keyed.power_on()
    new_key(tmp_path / "new.key")
    key = read_key(tmp_path / "new.key")
    flash(str(keyed.port), load_board("virtual"), key=key, access=AccessSettings(key=key))
    with wire(keyed, key) as made:
        assert made.status()["access"] == "keyed"
        made.reset()
