"""Where commands write: never onto what they read, and never onto a device or a pipe."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CHANNELS

Run = Callable[..., subprocess.CompletedProcess[str]]

# In each: M model, E events, W weights, J metadata, K signing key, O the output that is tried.
_LINES = {
    "replay": ("replay M E -o O --runtime numpy", "ME"),
    "analyze": ("analyze M --events E --report O", "ME"),
    "convert": ("convert W --metadata J --calibrate E -o O", "WJE"),
    "sign": ("sign M --signing-key K -o O", "K"),
    "monitor": ("monitor --port /dev/null --key K --record O --overwrite", "K"),
    "snapshot": ("monitor --port /dev/null --key K --snapshot O", "K"),
}


@pytest.fixture
def given(tmp_path: Path, model: Path) -> dict[str, Path]:
    from tests.golden.weights import trained

    weights, _ = trained("decay")
    found = {letter: tmp_path / letter for letter in "EJK"} | {"W": tmp_path / "W.npz"}
    found["M"] = tmp_path / "M.safetensors"
    shutil.copy(model, found["M"])
    row = ",".join("1" for _ in CHANNELS)
    found["E"].write_text(f"t_us,{','.join(CHANNELS)}\n0,{row}\n1000,{row}\n")
    found["J"].write_text("{}")
    np.savez(found["W"], **weights)  # type: ignore[arg-type]
    found["K"].write_text("5a" * 32)
    found["K"].chmod(0o600)
    return found


@pytest.mark.parametrize("name", _LINES)
def test_an_input_outlives_a_command_that_names_it_as_its_output(
    rivulet: Run, given: dict[str, Path], tmp_path: Path, name: str
) -> None:
    line, inputs = _LINES[name]
    before = {letter: path.read_bytes() for letter, path in given.items()}
    symbolic, hard = tmp_path / "symbolic", tmp_path / "hard"
    for letter in inputs:
        symbolic.unlink(missing_ok=True)
        hard.unlink(missing_ok=True)
        symbolic.symlink_to(given[letter])
        os.link(given[letter], hard)
        for out in (given[letter], symbolic, hard):
            words = [str((given | {"O": out}).get(word, word)) for word in line.split()]
            done = rivulet(*words)
            assert done.returncode == 1, (words, done)
            assert done.stderr.startswith(f"rivulet: cannot write {out}: "), done.stderr
            assert done.stderr.count("\n") == 1
            assert before == {each: path.read_bytes() for each, path in given.items()}


@pytest.mark.parametrize("name", _LINES)
def test_no_device_and_no_pipe_is_written_or_waited_for(
    rivulet: Run, given: dict[str, Path], tmp_path: Path, name: str
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for out in (fifo, Path("/dev/full"), tmp_path):
        line = _LINES[name][0].split()
        done = rivulet(*(str((given | {"O": out}).get(word, word)) for word in line))
        assert done.returncode == 1
        assert f"cannot write {out}: it is a" in done.stderr and done.stderr.count("\n") == 1
