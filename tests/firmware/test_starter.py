"""firmware/main.py on MicroPython: what it leaves for the next flash where nothing starts."""

import subprocess
from pathlib import Path

import pytest

from host_tools.paths import FIRMWARE

_RUN = "def run(keyed, trouble):\n    "


def start(micropython: Path, folder: Path, app: str) -> subprocess.CompletedProcess[str]:
    """A start of a board whose firmware/a/app.py is this."""
    made = folder / "firmware" / "a"
    made.mkdir(parents=True, exist_ok=True)
    (made / "rivulet_manifest.json").write_text("{}")
    (made / "app.py").write_text(app)
    return subprocess.run(
        [micropython, FIRMWARE / "main.py"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("app", "place", "error"),
    [
        ("\nimport rig\n", "line 2", "ImportError: no module named 'rig'"),
        (_RUN + "return = 1\n", "line 2", "SyntaxError: invalid syntax"),
        (_RUN + "raise ValueError('no clock')\n", "line 2", "ValueError: no clock"),
    ],
)
def test_why_nothing_starts_is_kept(
    micropython: Path, tmp_path: Path, app: str, place: str, error: str
) -> None:
    kept = tmp_path / "firmware" / "error"
    assert start(micropython, tmp_path, app).returncode != 0
    told = kept.read_text()
    assert f'File "firmware/a/app.py", {place}' in told and error in told
    # Flash is not worn out by a board that starts again and again.
    before = kept.stat().st_mtime_ns
    assert start(micropython, tmp_path, app).returncode != 0
    assert (kept.stat().st_mtime_ns, kept.read_text()) == (before, told)


def test_what_a_person_interrupts_is_no_fault(micropython: Path, tmp_path: Path) -> None:
    start(micropython, tmp_path, _RUN + "raise KeyboardInterrupt\n")
    start(micropython, tmp_path, _RUN + "return False\n")
    assert not (tmp_path / "firmware" / "error").exists()


def test_the_other_firmware_is_told_with_the_place(micropython: Path, tmp_path: Path) -> None:
    other = tmp_path / "firmware" / "b"
    other.mkdir(parents=True)
    (other / "rivulet_manifest.json").write_text("{}")
    (other / "app.py").write_text("import rig\n")
    (other / "rig.py").write_text("\n\nraise OSError(19)\n")
    (tmp_path / "firmware" / "active").write_text("b")
    said = start(micropython, tmp_path, _RUN + "print('trouble:', trouble)\n").stdout
    assert 'trouble: firmware b does not import: File "firmware/b/rig.py", line 3' in said
    assert "OSError" in said
