"""Flashing end to end: a virtual board behind a real serial port, cut off at every step."""

import dataclasses
import json
import os
import shutil
import time
from pathlib import Path

import pytest
import serial

from host_tools import board_files, flash, payload, raw_repl
from host_tools.boards import Board, list_boards, load_board
from host_tools.errors import RivuletError
from host_tools.virtual import VirtualBoard


@pytest.fixture
def firmware(tmp_path, monkeypatch) -> Path:
    """A firmware of two modules in place of the real one, for tests to change."""
    folder = tmp_path / "firmware"
    (folder / "rivulet").mkdir(parents=True)
    (folder / "main.py").write_text("import rivulet.one\n")
    (folder / "rivulet" / "__init__.py").write_text("")
    (folder / "rivulet" / "one.py").write_text("ONE = 1\n")
    (folder / "rivulet" / "two.py").write_text("TWO = 2\n")
    monkeypatch.setattr(payload, "FIRMWARE", folder)
    return folder


@pytest.fixture
def board() -> Board:
    return dataclasses.replace(load_board("virtual"), drivers=())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def expected(board: Board, arch: str | None) -> dict[str, bytes]:
    return {file.path: file.data for file in payload.build_payload(board, arch)}


@pytest.mark.parametrize("name", list_boards())
def test_every_board_has_its_facts_and_drivers(name):
    facts = load_board(name)
    assert facts.name == name
    assert facts.float_bytes in (4, 8)
    paths = [file.path for file in payload.build_payload(facts, facts.arch)]
    assert {f"drivers/{driver}.mpy" for driver in facts.drivers} < set(paths)
    assert {"main.py", "board.json", "board.mpy", "rivulet/__init__.mpy"} < set(paths)
    assert paths[-1] == payload.MANIFEST


def test_unknown_board_lists_the_known_ones():
    with pytest.raises(RivuletError, match=r"no board 'toaster'; known boards: .*virtual"):
        load_board("toaster")


def test_the_real_firmware_once_then_up_to_date(tmp_path):
    facts = load_board("virtual")
    seen = []
    with VirtualBoard(tmp_path / "board") as device:
        first = flash.flash(str(device.port), facts, lambda *state: seen.append(state))
        on_board = contents(device.files)
        assert on_board.items() >= expected(facts, "x64").items()
        assert not first.up_to_date
        assert set(first.copied) == set(expected(facts, "x64")) - {payload.MANIFEST}
        assert first.form == ".mpy for x64"
        assert first.runtime.startswith("MicroPython 1.")
        assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
        assert seen[-1][:2] == (first.bytes_copied, first.bytes_copied)

        second = flash.flash(str(device.port), facts)
        assert second.up_to_date
        assert set(second.unchanged) == set(first.copied)
        assert second.bytes_copied == 0


def test_only_what_changed_is_copied_and_what_went_is_removed(tmp_path, firmware, board):
    with VirtualBoard(tmp_path / "board") as device:
        port = str(device.port)
        flash.flash(port, board)
        (device.files / "mine.py").write_text("# the user's own\n")

        (firmware / "rivulet" / "one.py").write_text("ONE = 10\n")
        changed = flash.flash(port, board)
        assert (changed.copied, changed.removed) == (("rivulet/one.mpy",), ())

        (firmware / "rivulet" / "two.py").unlink()
        removed = flash.flash(port, board)
        assert (removed.copied, removed.removed) == ((), ("rivulet/two.mpy",))

        # A source beside its .mpy would be imported in its place.
        (device.files / "rivulet" / "one.py").write_text("ONE = 0\n")
        assert flash.flash(port, board).removed == ("rivulet/one.py",)

        (device.files / "rivulet" / "one.mpy").write_bytes(b"damaged")
        assert flash.flash(port, board).copied == ("rivulet/one.mpy",)

        assert contents(device.files).items() >= expected(board, "x64").items()
        assert (device.files / "mine.py").exists()


def test_a_board_of_another_architecture_gets_source(tmp_path, firmware, board):
    with VirtualBoard(tmp_path / "board") as device:
        flash.flash(str(device.port), board)
        other = flash.flash(str(device.port), dataclasses.replace(board, arch="armv6m"))
        assert other.form.startswith("source (")
        assert "rivulet/one.py" in other.copied
        assert "rivulet/one.mpy" in other.removed
        assert contents(device.files).items() >= expected(board, None).items()
        assert not list(device.files.rglob("*.mpy"))


def test_the_program_runs_after_a_flash_and_after_a_failed_one(tmp_path, firmware, board):
    (firmware / "main.py").write_text("with open('runs', 'a') as f:\n    f.write('x')\n")
    with VirtualBoard(tmp_path / "board") as device:

        def runs_become(text: str) -> bool:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                if (device.files / "runs").exists() and (
                    device.files / "runs"
                ).read_text() == text:
                    return True
                time.sleep(0.02)
            return False

        flash.flash(str(device.port), board)
        assert runs_become("x")
        flash.flash(str(device.port), board)
        assert runs_become("xx")
        (firmware / "rivulet" / "one.py").write_text("ONE = \n")
        with pytest.raises(RivuletError, match="does not compile"):
            flash.flash(str(device.port), board)
        assert runs_become("xxx")


def test_bytes_that_change_on_their_way_are_found_out(tmp_path, firmware, board, monkeypatch):
    run = raw_repl.RawRepl.run
    with VirtualBoard(tmp_path / "board") as device:
        flash.flash(str(device.port), board)
        before = contents(device.files)
        (firmware / "main.py").write_text("print('another')\n")

        def damage_on_the_line(self, code):
            return run(self, code.replace("put(b'", "put(b'AAAA"))

        with monkeypatch.context() as patch:
            patch.setattr(raw_repl.RawRepl, "run", damage_on_the_line)
            with pytest.raises(RivuletError, match=r"the copy differs: main\.py"):
                flash.flash(str(device.port), board)
        assert contents(device.files).items() >= before.items()

        def damage_in_flash(self, code):
            answer = run(self, code)
            if "os.rename(" in code:
                (device.files / "main.py").write_bytes(b"rotten")
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(raw_repl.RawRepl, "run", damage_in_flash)
            with pytest.raises(RivuletError, match=r"other bytes than were written in main\.py"):
                flash.flash(str(device.port), board)


def test_cut_off_at_every_step(tmp_path, firmware, board, monkeypatch):
    """Power goes at step 1, 2, 3 ... of changing files: every file is the old or the new one."""
    # One statement an execution, so that the cut can come between any two.
    monkeypatch.setattr(board_files, "_BATCH_CHARS", 1)
    start = tmp_path / "start"
    with VirtualBoard(start) as device:
        flash.flash(str(device.port), board)
    old = expected(board, "x64")
    (firmware / "main.py").write_text("import rivulet.one, rivulet.three\n")
    (firmware / "rivulet" / "one.py").write_text("ONE = 10\n")
    (firmware / "rivulet" / "two.py").unlink()
    (firmware / "rivulet" / "three.py").write_text("THREE = 3\n")
    new = expected(board, "x64")

    run = raw_repl.RawRepl.run
    cut_at = 0
    while True:
        cut_at += 1
        folder = tmp_path / f"cut-{cut_at}"
        shutil.copytree(start / "files", folder / "files")
        device = VirtualBoard(folder)
        changes = 0

        def run_until_cut(self, code, device=device, cut_at=cut_at):
            nonlocal changes
            if code.startswith(("folder(", "begin(", "put(", "end(", "os.")):
                changes += 1
                if changes == cut_at:
                    device.power_off()
            return run(self, code)

        monkeypatch.setattr(raw_repl.RawRepl, "run", run_until_cut)
        with device:
            try:
                flash.flash(str(device.port), board)
            except RivuletError as error:
                assert "stopped answering" in str(error)
            else:
                break
        for path, data in contents(device.files).items():
            assert path.endswith(".new") or data in (old.get(path), new.get(path)), (cut_at, path)
        assert contents(device.files).keys() >= old.keys() & new.keys()
        monkeypatch.setattr(raw_repl.RawRepl, "run", run)
        with device:
            flash.flash(str(device.port), board)
        assert contents(device.files) == new, cut_at
    assert cut_at > 15


def test_no_such_port(board):
    with pytest.raises(RivuletError, match="there is no port /dev/ttyNONE; ports here: "):
        flash.flash("/dev/ttyNONE", board)


def test_port_in_use(tmp_path, board):
    with (
        VirtualBoard(tmp_path / "board") as device,
        serial.Serial(str(device.port), exclusive=True),
        pytest.raises(RivuletError, match="in use"),
    ):
        flash.flash(str(device.port), board)


def test_not_a_board(board):
    host_end, far_end = os.openpty()
    try:
        with pytest.raises(RivuletError, match="does not answer as a MicroPython board"):
            flash.flash(os.ttyname(far_end), board)
    finally:
        os.close(host_end)
        os.close(far_end)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"free_bytes": 100}, "has 100 bytes free and copying takes"),
        ({"name": "circuitpython"}, "runs circuitpython, not MicroPython"),
    ],
)
def test_unsuitable_board(tmp_path, firmware, board, monkeypatch, facts, message):
    monkeypatch.setattr(
        board_files.json, "loads", lambda text: {**json.JSONDecoder().decode(text), **facts}
    )
    with VirtualBoard(tmp_path / "board") as device:
        with pytest.raises(RivuletError, match=message):
            flash.flash(str(device.port), board)
        assert not (device.files / "rivulet").exists()


def test_a_module_that_does_not_compile(tmp_path, firmware, board):
    (firmware / "rivulet" / "one.py").write_text("match = \n")
    with pytest.raises(RivuletError, match=r"one\.py does not compile for x64: SyntaxError"):
        payload.build_payload(board, "x64")
