"""The `rivulet` command: a file a subcommand, and none loads more than it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import commands
from host_tools.paths import ROOT
from host_tools.simulate.virtual import VirtualBoard
from tests.conftest import make_model

_HEAVY = {"numpy", "serial", "rich", "mpremote"}


def _run(*arguments: object) -> tuple[str, set[str]]:
    """What `rivulet` prints, and which of the heavy packages it loads."""
    program = "from host_tools.commands import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    # A line is: import time: self [us] | cumulative | imported package
    imported = [line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line]
    assert "typer" in imported
    return done.stdout, _HEAVY & {name.partition(".")[0] for name in imported}


def test_help_names_every_subcommand_and_loads_nothing_heavy() -> None:
    text, loaded = _run("--help")
    assert loaded == set()
    files = (ROOT / "host_tools" / "commands").glob("[a-z]*.py")
    words = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    for name in [file.stem.rstrip("_") for file in files]:
        assert words[name], f"no help for {name}"


def test_boards_loads_nothing_heavy() -> None:
    text, loaded = _run("boards")
    assert loaded == set()
    assert "rpi_pico" in text


def test_push_and_status_load_what_they_need(board: VirtualBoard, tmp_path: Path) -> None:
    board.power_on()
    # With stored time constants, so that `status` has a telemetry record to decode.
    seen = {share: " ".join(["1"] * 6) for share in ("0.05", "0.5", "0.95")}
    model = make_model(tmp_path / "model.safetensors", provenance={"tau_s": seen})
    text, loaded = _run("push", model, "--port", board.port)
    assert "is active" in text
    assert "mpremote" not in loaded
    text, loaded = _run("status", "--port", board.port, "--json")
    assert json.loads(text)["tau_outside"] is not None
    assert loaded == {"serial"}


def test_adding_a_subcommand_is_adding_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hello.py").write_text(
        'def hello() -> None:\n    """Say hello."""\n    print("hello, board")\n'
    )
    (tmp_path / "_helper.py").write_text("raise AssertionError('no subcommand')\n")
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    try:
        app = commands.assemble()
    finally:
        sys.modules.pop("host_tools.commands.hello", None)
    runner = CliRunner()
    assert "Say hello." in runner.invoke(app, ["--help"]).stdout
    assert runner.invoke(app, ["hello"]).stdout == "hello, board\n"
