"""`rivulet bench --replay`: both runtimes in one run, and a page that says what came out."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.bench import replays


def test_both_runtimes_stand_side_by_side(
    tmp_path: Path, micropython: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROPYTHON", str(micropython))
    monkeypatch.setattr(replays, "_EVENTS", 30)
    said: list[str] = []
    rows = replays.time_replays(3, 2, said.append)
    pairs = [(row["dtype"], row["runtime"]) for row in rows]
    assert sorted(pairs) == sorted(
        (dtype, runtime) for dtype in ("float32", "int8") for runtime in ("micropython", "numpy")
    )
    assert all(row["same_bytes"] for row in rows if row["dtype"] == "int8")
    assert all(row["difference"] < 1e-9 for row in rows)
    assert len(said) == 4
    page = replays.write_replays(rows, 3, 2, tmp_path / "new" / "page").read_text()
    assert "| int8 | numpy |" in page and "the same bytes" in page and "30 events" in page


def test_files_that_differ_are_not_called_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("t_us,y0\n0,1\n5,200\n")
    other.write_text("t_us,y0\n0,1.5\n5,201\n")
    assert replays._difference(one, one) is None
    assert replays._difference(one, other) == 0.5


def test_a_replay_is_measured_on_this_computer(
    rivulet: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = rivulet("bench", "--replay", "--cells")
    assert done.returncode == 1 and "--replay runs on this computer" in done.stderr
