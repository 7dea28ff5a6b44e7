"""What a command reads is a file: a pipe without a writer would be waited for without an end."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import make_model

Run = Callable[..., subprocess.CompletedProcess[str]]

# PIPE is a named pipe without a writer, with the suffix that the command asks for.
_LINES = (
    "show PIPE.csv",
    "show PIPE.parquet",
    "estimate PIPE.safetensors",
    "analyze PIPE.safetensors",
    "analyze MODEL --events PIPE.csv",
    "replay PIPE.safetensors EVENTS.csv -o OUT.csv",
    "replay MODEL PIPE.csv -o OUT.csv",
    "convert PIPE.npz -o OUT.safetensors",
    "convert PIPE.safetensors -o OUT.safetensors",
    "convert WEIGHTS.npz -o OUT.safetensors --metadata PIPE.json",
    "import PIPE.csv --out OUT.csv",
    "push PIPE.safetensors --port /dev/null",
    "sign MODEL --signing-key PIPE.key -o OUT.safetensors",
    "sign PIPE.safetensors --signing-key KEY -o OUT.safetensors",
    "status --port /dev/null --key PIPE.key",
    "check --project PIPE.d",
    "virtual --data PIPE.csv",
)


@pytest.mark.parametrize("line", _LINES)
@pytest.mark.usefixtures("micropython")
def test_a_pipe_is_refused(rivulet: Run, tmp_path: Path, line: str) -> None:
    make_model(tmp_path / "MODEL")
    np.savez(tmp_path / "WEIGHTS.npz")
    words = line.split()
    for word in words:
        if word == "PIPE.d":
            (tmp_path / word).mkdir()
            os.mkfifo(tmp_path / word / "rivulet.toml")
        elif word.startswith("PIPE"):
            os.mkfifo(tmp_path / word)
    done = rivulet(*words, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "PIPE" in done.stderr and any(
        said in done.stderr for said in ("it is a pipe", "neither a file", "is no project")
    )
    assert not (tmp_path / "OUT.csv").exists()
