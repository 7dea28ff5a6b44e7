"""Writing whole files: a failure on the way leaves what was there, and nothing beside it."""

import os
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
    assert seen == [(5, b"old")] and path.read_bytes() == b"newer"


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
