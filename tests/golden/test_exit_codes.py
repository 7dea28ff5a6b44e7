"""Exit codes: 0 done, 1 something the user can mend, 2 a wrong command line, 130 Ctrl-C."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.golden.conftest import COMMAND, environment
from tests.golden.held import HERE

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_0_for_what_is_done(rivulet: Run) -> None:
    done = rivulet("boards")
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split()[0] for line in done.stdout.splitlines()} >= {"rpi_pico", "virtual"}


@pytest.mark.parametrize(
    "line",
    [
        "status --port /dev/nowhere",
        "push /no/such.safetensors --port /dev/null",
        "convert /no/such.npz -o /no/such.safetensors",
        "replay /no/such.safetensors /no/such.csv -o /no/such.out",
        "flash --board toaster --port /dev/null",
        "virtual --data opera",
        "faults --only lightning",
        "key new /no/such/folder/file",
    ],
)
@pytest.mark.usefixtures("micropython")  # else the first command also says that it obtains one
def test_1_and_one_line_for_what_a_user_can_mend(rivulet: Run, line: str) -> None:
    done = rivulet(*line.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("rivulet: ") and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "key",
        "boards --nonsense",
        "convert",
        "replay a b -o c --runtime cray",
        "bench --units 0",
        "faults --seed one",
    ],
)
def test_2_for_a_wrong_command_line(rivulet: Run, line: str) -> None:
    done = rivulet(*line.split())
    assert done.returncode == 2
    assert "Usage: rivulet" in done.stdout + done.stderr


def test_130_after_ctrl_c() -> None:
    """A command that waits for a board that never answers."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [COMMAND, "status", "--port", os.ttyname(theirs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        os.read(ours, 1)  # it has begun to talk
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=200)
    os.close(ours)
    os.close(theirs)
    assert (process.returncode, out) == (130, "") and "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_0_for_a_virtual_board_that_is_switched_off(
    micropython: Path, number: signal.Signals
) -> None:
    port = HERE.parents[1] / "build" / "virtual" / "default" / "port"
    if port.exists():
        pytest.skip("somebody uses it")
    with subprocess.Popen(
        [COMMAND, "virtual", "--data", "none"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(MICROPYTHON=micropython),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{port}\n" and port.exists()
        process.send_signal(number)
        assert process.wait(200) == 0
    assert not port.is_symlink()


def test_micropython_names_the_interpreter(rivulet: Run, tmp_path: Path) -> None:
    done = rivulet("bench", MICROPYTHON=tmp_path / "none")
    assert done.returncode == 1
    assert f"MICROPYTHON={tmp_path}/none" in done.stderr and done.stderr.count("\n") == 1
