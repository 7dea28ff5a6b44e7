"""Flashing end to end: a virtual board behind a real serial port, cut off at every step."""

import dataclasses
import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
import serial

from host_tools.boards import BoardDefinition, list_boards, load_board
from host_tools.deploy import board_files, flash, payload
from host_tools.deploy.mpy import compile_module
from host_tools.errors import RivuletError
from host_tools.link import raw_repl
from host_tools.project import load
from host_tools.simulate.virtual import VirtualBoard
from tests.project import projects


@pytest.fixture
def firmware(tmp_path, monkeypatch) -> Path:
    """A firmware of two modules in place of the real one, for tests to change."""
    folder = tmp_path / "firmware"
    (folder / "rivulet").mkdir(parents=True)
    shutil.copy(payload.FIRMWARE / "main.py", folder)
    (folder / "app.py").write_text("import rivulet.one\ndef run(keyed, trouble):\n    pass\n")
    (folder / "rivulet" / "__init__.py").write_text("")
    (folder / "rivulet" / "one.py").write_text("ONE = 1\n")
    (folder / "rivulet" / "two.py").write_text("TWO = 2\n")
    monkeypatch.setattr(payload, "FIRMWARE", folder)
    return folder


@pytest.fixture
def virtual(mpy_arch) -> BoardDefinition:
    """The virtual board, on whatever processor these tests run."""
    facts = load_board("virtual")
    return dataclasses.replace(facts, arch=mpy_arch or facts.arch)


@pytest.fixture
def kind(virtual, tmp_path) -> BoardDefinition:
    """The virtual board with nothing wired to it."""
    folder = tmp_path / "kind"
    folder.mkdir()
    shutil.copy(virtual.folder / "board.json", folder)
    shutil.copy(virtual.folder / "board.py", folder)
    (folder / "default.toml").write_text('[board]\nname = "./"\n')
    return dataclasses.replace(virtual, folder=folder)


@pytest.fixture
def suffix(mpy_arch) -> str:
    return ".mpy" if mpy_arch else ".py"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def running(files: Path) -> Path:
    """The folder of the firmware that a board starts."""
    return files / "firmware" / (files / "firmware" / "active").read_text()


def started(files: Path) -> dict[str, bytes]:
    """The firmware that a board starts; main.py is as it should be."""
    assert (files / "main.py").read_bytes() == payload.starter().data
    return contents(running(files))


def expected(kind: BoardDefinition, arch: str | None) -> dict[str, bytes]:
    return {file.path: file.data for file in payload.build_payload(kind, arch)}


@pytest.mark.parametrize("name", list_boards())
def test_every_board_has_its_facts_and_drivers(name):
    facts = load_board(name)
    assert facts.name == name
    assert facts.float_bytes in (4, 8)
    paths = [file.path for file in payload.build_payload(facts, facts.arch)]
    assert {"drivers/mpu6050.mpy", "drivers/led.mpy"} < set(paths)
    assert {"app.mpy", "board.json", "board.mpy", "rig.mpy", "rivulet/__init__.mpy"} < set(paths)
    assert paths[-1] == payload.MANIFEST


def test_unknown_board_lists_the_known_ones():
    with pytest.raises(RivuletError, match=r"no board 'toaster'; known boards: .*virtual"):
        load_board("toaster")


def test_the_real_firmware_once_then_up_to_date(tmp_path, virtual, mpy_arch):
    seen = []
    with VirtualBoard(tmp_path / "board") as device:
        first = flash.flash(str(device.port), virtual, lambda *state: seen.append(state))
        wanted = expected(virtual, mpy_arch)
        assert started(device.files) == wanted
        assert not first.up_to_date
        assert set(first.copied) == (set(wanted) | {payload.STARTER}) - {payload.MANIFEST}
        assert first.form.startswith(f".mpy for {mpy_arch}" if mpy_arch else "source (")
        assert first.runtime.startswith("MicroPython 1.")
        assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
        total = sum(len(data) for data in wanted.values()) - len(wanted[payload.MANIFEST])
        assert seen[-1][:2] == (total, total)

        second = flash.flash(str(device.port), virtual)
        assert second.up_to_date
        assert set(second.unchanged) == set(first.copied) - {payload.STARTER}
        assert second.bytes_copied == 0


def test_only_what_changed_is_copied_and_what_went_is_removed(
    tmp_path, firmware, kind, mpy_arch, suffix
):
    one, two = f"rivulet/one{suffix}", f"rivulet/two{suffix}"
    with VirtualBoard(tmp_path / "board") as device:
        port = str(device.port)
        flash.flash(port, kind)
        (device.files / "mine.py").write_text("# the user's own\n")

        (firmware / "rivulet" / "one.py").write_text("ONE = 10\n")
        before = running(device.files)
        changed = flash.flash(port, kind)
        assert (changed.copied, changed.removed) == ((one,), ())
        # The old one is still whole, and started where the new one does not import.
        assert (
            running(device.files) != before
            and contents(before).keys() == started(device.files).keys()
        )

        (firmware / "rivulet" / "two.py").unlink()
        removed = flash.flash(port, kind)
        assert (removed.copied, removed.removed) == ((), (two,))

        # The same module in its other form might be imported in its place.
        twin = "rivulet/one.py" if mpy_arch else "rivulet/one.mpy"
        (running(device.files) / twin).write_text("ONE = 0\n")
        assert flash.flash(port, kind).removed == (twin,)

        (running(device.files) / one).write_bytes(b"damaged")
        assert not flash.flash(port, kind).up_to_date

        assert started(device.files) == expected(kind, mpy_arch)
        assert (device.files / "mine.py").exists()
        assert flash.flash(port, kind).up_to_date


def test_a_firmware_from_before_the_two_folders_is_replaced(tmp_path, firmware, kind, mpy_arch):
    with VirtualBoard(tmp_path / "board") as device:
        listed = ["rivulet/__init__.py", "rivulet/one.py", "board.py", "main.py"]
        for name in listed:
            (device.files / name).parent.mkdir(exist_ok=True)
            (device.files / name).write_text("# old\n")
        (device.files / payload.MANIFEST).write_text(json.dumps({"files": listed}))
        (device.files / "mine.py").write_text("# the user's own\n")
        report = flash.flash(str(device.port), kind)
        assert set(report.removed) == {"rivulet/one.py", "rivulet/__init__.py", "board.py"} - set(
            report.copied
        )
        assert started(device.files) == expected(kind, mpy_arch)
        assert {path for path in contents(device.files) if not path.startswith("firmware/")} == {
            "main.py",
            "mine.py",
        }


def compiled(source: str, name: str, arch: str | None, tmp_path: Path) -> bytes:
    if arch is None:
        return source.encode()
    path = tmp_path / name
    path.write_text(source)
    return compile_module(path, arch, name)


def test_a_firmware_that_does_not_import_gives_way_to_the_one_before(
    tmp_path, firmware, kind, mpy_arch, suffix
):
    files = tmp_path / "board" / "files"
    (firmware / "app.py").write_text(
        "import rivulet.one\n"
        "def run(keyed, trouble):\n"
        "    with open('said', 'w') as f:\n"
        "        f.write('%d %s.' % (rivulet.one.ONE, trouble))\n"
    )

    def says(device: VirtualBoard, text: str) -> bool:
        device.power_off()
        (files / "said").unlink(missing_ok=True)
        device.power_on()
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline:
            if (files / "said").exists() and re.fullmatch(text, (files / "said").read_text()):
                return True
            time.sleep(0.02)
        return False

    with VirtualBoard(tmp_path / "board") as device:
        flash.flash(str(device.port), kind)
        (firmware / "rivulet" / "one.py").write_text("ONE = 2\n")
        flash.flash(str(device.port), kind)
        assert running(files).name == "b"
        broken = compiled("raise ValueError('broken')\n", "one.py", mpy_arch, tmp_path)
        (running(files) / f"rivulet/one{suffix}").write_bytes(broken)
        assert says(
            device,
            r'1 firmware b does not import: File ".*one\.py", line 1, .*ValueError: broken\.',
        )
        # Cut off anywhere, flashing must not touch the one that works: it is made anew in b.
        flash.flash(str(device.port), kind)
        assert running(files).name == "b" and not (files / "firmware" / "failed").exists()
        assert started(files) == expected(kind, mpy_arch)
        assert says(device, r"2 \.")


def test_a_board_of_another_architecture_gets_source(tmp_path, firmware, kind, mpy_arch):
    if mpy_arch is None:
        pytest.skip("this interpreter gets source anyway")
    with VirtualBoard(tmp_path / "board") as device:
        flash.flash(str(device.port), kind)
        other = flash.flash(str(device.port), dataclasses.replace(kind, arch="armv6m"))
        assert other.form.startswith("source (")
        assert "rivulet/one.py" in other.copied
        assert "rivulet/one.mpy" in other.removed
        assert started(device.files) == expected(kind, None)
        assert not list(running(device.files).rglob("*.mpy"))


def test_the_program_runs_after_a_flash_and_after_a_failed_one(tmp_path, firmware, kind):
    program = "def run(keyed, trouble):\n    with open('runs', 'a') as f:\n        f.write('x')\n"
    (firmware / "app.py").write_text(program)
    runs = tmp_path / "board" / "files" / "runs"

    def runs_become(text: str) -> bool:
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline:
            if runs.exists() and runs.read_text() == text:
                return True
            time.sleep(0.02)
        return False

    with VirtualBoard(tmp_path / "board") as device:
        flash.flash(str(device.port), kind)
        assert runs_become("x")
        flash.flash(str(device.port), kind)
        assert runs_become("xx")
        file = projects.write(kind.folder, '[board]\nname = "./"\n' + projects.SONAR_TABLE)
        (kind.folder / "drivers" / "sonar.py").write_text(
            "from drivers.absent import ABSENT\n" + projects.SONAR
        )
        with pytest.raises(RivuletError, match=r"imports drivers\.absent, and there is no file"):
            flash.flash(str(device.port), kind, project=load(file))
        assert runs_become("xxx")


def test_bytes_that_change_on_their_way_are_found_out(tmp_path, firmware, kind, monkeypatch):
    run = raw_repl.RawRepl.run
    with VirtualBoard(tmp_path / "board") as device:
        flash.flash(str(device.port), kind)
        before = started(device.files)
        (firmware / "rivulet" / "one.py").write_text("ONE = 11\n")

        def damage_on_the_line(self, code):
            return run(self, code.replace("put(b'", "put(b'AAAA"))

        with monkeypatch.context() as patch:
            patch.setattr(raw_repl.RawRepl, "run", damage_on_the_line)
            with pytest.raises(RivuletError, match=r"the copy differs: .*one"):
                flash.flash(str(device.port), kind)
        assert started(device.files) == before

        def damage_in_flash(self, code):
            answer = run(self, code)
            if "put(b'" in code:
                folder = device.files / "firmware" / "b" / "rivulet"
                next(folder.glob("two.*")).write_bytes(b"rotten")
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(raw_repl.RawRepl, "run", damage_in_flash)
            with pytest.raises(RivuletError, match=r"other bytes than it was sent in .*two"):
                flash.flash(str(device.port), kind)
        assert started(device.files) == before


def test_cut_off_at_every_step(tmp_path, firmware, kind, mpy_arch, monkeypatch):
    """Power goes at step 1, 2, 3 ... of changing files: the board starts the old firmware or the
    new one, whole."""
    # One statement an execution, so that the cut can come between any two.
    monkeypatch.setattr(board_files, "_BATCH_CHARS", 1)
    start = tmp_path / "start"
    with VirtualBoard(start) as device:
        flash.flash(str(device.port), kind)
    old = expected(kind, mpy_arch)
    (firmware / "app.py").write_text("import rivulet.three\ndef run(keyed, trouble):\n    pass\n")
    (firmware / "rivulet" / "one.py").write_text("ONE = 10\n")
    (firmware / "rivulet" / "two.py").unlink()
    (firmware / "rivulet" / "three.py").write_text("THREE = 3\n")
    new = expected(kind, mpy_arch)

    run = raw_repl.RawRepl.run
    cut_at = 0
    seen = {"old": 0, "new": 0}
    while True:
        cut_at += 1
        folder = tmp_path / f"cut-{cut_at}"
        shutil.copytree(start / "files", folder / "files")
        device = VirtualBoard(folder)
        changes = 0

        def run_until_cut(self, code, device=device, cut_at=cut_at):
            nonlocal changes
            if code.startswith(("folder(", "begin(", "put(", "copy(", "end(", "os.")):
                changes += 1
                if changes == cut_at:
                    device.power_off()
            return run(self, code)

        monkeypatch.setattr(raw_repl.RawRepl, "run", run_until_cut)
        with device:
            try:
                flash.flash(str(device.port), kind)
            except RivuletError as error:
                assert "stopped answering" in str(error)
            else:
                break
        files = started(device.files)
        assert files in (old, new), cut_at
        seen["old" if files == old else "new"] += 1
        monkeypatch.setattr(raw_repl.RawRepl, "run", run)
        with device:
            flash.flash(str(device.port), kind)
        assert started(device.files) == new, cut_at
    assert cut_at > 15 and seen["old"] > 15


def test_no_such_port(kind):
    with pytest.raises(RivuletError, match="there is no port /dev/ttyNONE; ports here: "):
        flash.flash("/dev/ttyNONE", kind)


def test_port_in_use(tmp_path, kind):
    with (
        VirtualBoard(tmp_path / "board") as device,
        serial.Serial(str(device.port), exclusive=True),
        pytest.raises(RivuletError, match="in use"),
    ):
        flash.flash(str(device.port), kind)


def test_not_a_board(kind):
    host_end, far_end = os.openpty()
    try:
        with pytest.raises(RivuletError, match=r"no MicroPython prompt within \d s"):
            flash.flash(os.ttyname(far_end), kind, timeout_scale=0.1)
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
def test_unsuitable_board(tmp_path, firmware, kind, monkeypatch, facts, message):
    monkeypatch.setattr(
        board_files.json, "loads", lambda text: {**json.JSONDecoder().decode(text), **facts}
    )
    with VirtualBoard(tmp_path / "board") as device:
        with pytest.raises(RivuletError, match=message):
            flash.flash(str(device.port), kind)
        assert not (device.files / "firmware").exists()


def test_a_module_that_does_not_compile(tmp_path, firmware, kind):
    (firmware / "rivulet" / "one.py").write_text("match = \n")
    with pytest.raises(RivuletError, match=r"one\.py does not compile for x64: SyntaxError"):
        payload.build_payload(kind, "x64")
