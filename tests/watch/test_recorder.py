"""Recordings: rows reach the file while they come, whatever ends the program."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host_tools.errors import RivuletError
from host_tools.link.records import Record
from host_tools.watch.recorder import Recorder
from tests.golden.conftest import COMMAND, environment

_MODEL = {"outputs": 1, "hidden": 1, "channels": ["a", "b,c"]}


def _record(number: int) -> Record:
    blocks = {"outputs": (0.5,), "state": (0.25,), "alpha": (2.0,), "inputs": (1.0, 2.0)}
    return Record(number, 0, *[0] * 8, blocks=blocks)


def test_rows_are_in_the_file_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    path = tmp_path / "rec.csv"
    recorder = Recorder(path, _MODEL)
    for number in range(30):
        now[0] += 0.1
        recorder.add(_record(number))
        on_disk = path.read_text().splitlines()
        assert len(on_disk) - 1 >= number - 10 and path.read_bytes().endswith(b"\r\n")
    recorder.close()
    lines = path.read_text().splitlines()
    assert lines[0] == 't_us,decision,y0,x0,tau0,a,"b,c"' and len(lines) == 31
    assert lines[-1] == "29,0,0.5,0.25,0.5,1,2"


def test_a_recording_is_not_overwritten_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "rec.csv"
    path.write_text("precious")
    with pytest.raises(RivuletError, match="exists: choose another name, or .* --overwrite"):
        Recorder(path, _MODEL)
    assert path.read_text() == "precious"
    Recorder(path, _MODEL, overwrite=True).close()
    assert path.read_text().startswith("t_us,")
    for other in (Path("/dev/full"), tmp_path):
        with pytest.raises(RivuletError, match="it is a (device|folder)"):
            Recorder(other, _MODEL, overwrite=True)


def test_a_full_disk_leaves_whole_rows(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk's."""
    path = tmp_path / "rec.csv"
    code = (
        "import resource, sys, itertools\n"
        "from pathlib import Path\n"
        "from tests.watch.test_recorder import Recorder, _MODEL, _record\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "recorder = Recorder(Path(sys.argv[1]), _MODEL)\n"
        "try:\n"
        "    for number in itertools.count():\n"
        "        recorder.add(_record(number))\n"
        "        recorder.flush()\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
        "recorder.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stdout == f"RivuletError cannot write {path}: File too large\n", done.stderr
    content = path.read_bytes()
    assert 900 < len(content) <= 1000 and content.endswith(b"\r\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_130_and_no_traceback_after_sigterm_and_sighup(number: signal.Signals) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [COMMAND, "status", "--port", os.ttyname(theirs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        os.read(ours, 1)  # it has begun to talk
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (process.returncode, out) == (130, "") and "Traceback" not in err
