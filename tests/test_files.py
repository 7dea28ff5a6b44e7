"""Writing whole files: a failure on the way leaves what was there, and nothing beside it."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools import files
from host_tools.errors import RivuletError


def test_a_file_is_replaced_and_nothing_stays_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    files.write_text(path, "first")
    files.write_text(path, "τ\n")
    assert path.read_bytes() == "τ\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "flash.bin"
    path.write_bytes(b"old")
    seen = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_size, path.read_bytes()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    files.write_bytes(path, b"newer")
    assert seen[0] == (5, b"old") and path.read_bytes() == b"newer"
    # Then the folder, which holds the name.
    assert [content for _, content in seen[1:]] == [b"newer"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("wrong")])
def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"old")
    with pytest.raises((RivuletError, ValueError)) as caught, files.replacing(path) as beside:
        beside.write_bytes(b"half")
        raise error
    if isinstance(error, OSError):
        assert str(caught.value) == f"cannot write {path}: No space left on device"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "absent" / "x", tmp_path / "file" / "x", tmp_path):
        with pytest.raises(RivuletError, match="^cannot write .*: ") as caught:
            files.write_bytes(path, b"")
        assert "\n" not in str(caught.value)


def test_a_result_never_replaces_an_input_a_device_or_a_pipe(tmp_path: Path) -> None:
    """Seeded: a path of any kind, links to it of any kind, and an input of any kind."""
    draw = random.Random(5)
    refused = written = 0
    for number in range(300):
        folder = tmp_path / str(number)
        folder.mkdir()
        source = folder / "in.csv"
        source.write_bytes(b"precious")
        kind = draw.choice(("new", "file", "input", "fifo", "device", "folder"))
        target = {"input": source, "device": Path(draw.choice(("/dev/null", "/dev/full")))}.get(
            kind, folder / "target.csv"
        )
        if kind == "file":
            target.write_bytes(b"old")
        elif kind == "fifo":
            os.mkfifo(target)
        elif kind == "folder":
            target.mkdir()
        path = target
        for step in range(draw.randrange(3)):
            link = folder / f"link{step}.csv"
            if draw.random() < 0.3 and path.is_file() and kind in ("file", "input"):
                os.link(path, link)
            else:
                link.symlink_to(path)
            path = link
        inputs = [None, draw.choice((source, Path(os.path.relpath(source))))]
        if kind in ("new", "file"):
            files.write_bytes(path, b"result", inputs)
            assert path.read_bytes() == b"result"
            written += 1
        else:
            with pytest.raises(RivuletError, match=f"^cannot write {path}: ") as caught:
                files.write_bytes(path, b"result", inputs)
            assert "\n" not in str(caught.value)
            refused += 1
        assert source.read_bytes() == b"precious"
        assert not list(folder.glob(".rivulet-*"))
    assert refused > 100 and written > 60


def test_a_link_stays_one_and_its_file_gets_the_result(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    files.write_bytes(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_links_in_a_circle_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(RivuletError, match="^cannot write "):
        files.write_bytes(tmp_path / "a", b"")


def test_a_disk_that_fills_leaves_what_was_there(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk's."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from host_tools import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    files.write_bytes(Path(sys.argv[1]), bytes(5000))\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stdout == f"RivuletError cannot write {path}: File too large\n", done.stderr
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
