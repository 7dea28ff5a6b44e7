"""Updates from the host's side: resumed pushes, trials, ways back, safe mode."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.boards import load_board
from host_tools.deploy.flash import flash
from host_tools.deploy.mpy import compile_module
from host_tools.errors import RivuletError
from host_tools.link.wire import Board
from host_tools.project import load_default, rig
from host_tools.simulate.virtual import VirtualBoard
from tests.conftest import make_model

Run = Callable[..., subprocess.CompletedProcess[str]]


def _cut_after(device: VirtualBoard, share: float) -> Callable[[int, int], None]:
    def cut(done: int, total: int) -> None:
        if done > total * share:
            device.power_off()

    return cut


def test_a_push_goes_on_after_a_power_cut(
    board: VirtualBoard, tmp_path: Path, rivulet: Run
) -> None:
    first = make_model(tmp_path / "first.safetensors", seed=1)
    large = make_model(tmp_path / "large.safetensors", seed=2, hidden=40)
    board.power_on()
    with Board(str(board.port)) as wire:
        wire.push(first.read_bytes())
    with Board(str(board.port)) as wire, pytest.raises(RivuletError, match="went away"):
        wire.push(large.read_bytes(), _cut_after(board, 0.7))
    board.power_on()
    with Board(str(board.port)) as wire:
        assert wire.status()["incoming"][0] == large.stat().st_size
    done = rivulet("push", large, "--port", board.port)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    # Half of it and more was on flash.
    assert lines[0].startswith("resumed at byte ")
    assert int(lines[0].split()[3].rstrip(",")) >= 4096
    assert "on trial for" in lines[2]


def test_a_trial_on_the_command_line(board: VirtualBoard, tmp_path: Path, rivulet: Run) -> None:
    models = [make_model(tmp_path / f"{i}.safetensors", seed=i) for i in range(3)]
    board.power_on()

    def run(*arguments: object) -> str:
        done = rivulet(*arguments, "--port", board.port)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "on trial" not in run("push", models[0])
    assert "on trial for" in run("push", models[1])
    status = run("status")
    assert "start 1," in status and "slot               b; in the other: " in status
    assert "5 events agree" in status
    assert "confirmed" in run("confirm")
    assert "nothing was on trial" in run("confirm")
    run("push", models[2])
    assert "is active again; state kept" in run("rollback")
    status = run("status")
    assert "by hand" in status and "no model to roll back to" in status
    done = rivulet("rollback", "--port", board.port)
    assert done.returncode == 1 and "there is no earlier model" in done.stderr


def test_an_application_that_fails_three_times_leaves_the_wire_served(
    board: VirtualBoard, tmp_path: Path, mpy_arch: str | None
) -> None:
    source = rig.source(load_default(load_board("virtual")))
    broken = tmp_path / "rig.py"
    head = "def make_sensors():\n"
    assert head in source
    broken.write_text(source.replace(head, f'{head}    raise ValueError("no bus")\n'))
    model = make_model(tmp_path / "model.safetensors")
    board.power_on()
    with Board(str(board.port)) as wire:
        wire.push(model.read_bytes())
    board.power_off()
    where = next(board.files.glob("firmware/a/rig.*py"))
    good = where.read_bytes()
    compiled = where.suffix == ".mpy"
    where.write_bytes(
        compile_module(broken, mpy_arch, "rig.py") if compiled else broken.read_bytes()
    )
    board.power_on()
    facts = _in_safe_mode(board)
    said = str(facts["safe_mode"])
    assert said.startswith("3 starts failed in a row, the last with: rig.py, line ")
    assert said.endswith(": ValueError: no bus")
    assert facts["model_hash"] == "" and facts["board"] == "virtual"
    # mpremote gets in, and what it finds can be mended.
    report = flash(str(board.port), load_board("virtual"))
    assert report.switched
    with Board(str(board.port)) as wire:
        facts = wire.status()
    assert facts["safe_mode"] == "" and facts["model_hash"] != ""
    assert good in [path.read_bytes() for path in board.files.glob(f"firmware/*/{where.name}")]


def test_a_program_that_starts_clears_why_one_did_not(board: VirtualBoard) -> None:
    kept = board.files / "firmware" / "error"
    kept.write_text("ImportError: no module named 'rig'\n")
    board.power_on()
    with Board(str(board.port)) as wire:
        assert wire.status()["turns"] > 0
    assert not kept.exists()


def _in_safe_mode(board: VirtualBoard) -> dict[str, object]:
    """Its status, once it has given up starting its application."""
    deadline = time.monotonic() + 200  # a hang guard
    while True:
        try:
            with Board(str(board.port)) as wire:
                facts = wire.status()
            if facts["safe_mode"]:
                return facts
        except RivuletError:
            pass  # between two starts
        assert time.monotonic() < deadline
        time.sleep(0.2)
