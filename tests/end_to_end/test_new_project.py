"""From nothing to a model on a running board, with the commands that a person types."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import make_model

Run = Callable[..., subprocess.CompletedProcess[str]]
_CHANNELS = ["temp", "vibration", "current", "speed", "flow", "load"]
_UNITS = ["degC", "g", "A", "rad/s", "m^3/s", "N"]


@contextmanager
def virtual(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """`rivulet virtual` in a project's folder: the port that it prints, and its notes."""
    command = [sys.executable, "-c", "from host_tools.commands import main; main()", "virtual"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    notes: list[str] = []
    errors = process.stderr
    reader = threading.Thread(target=lambda: notes.extend(line.strip() for line in errors))
    reader.start()
    port = Path(process.stdout.readline().strip())
    try:
        yield port, notes
    finally:
        process.terminate()
        process.wait(20)
        reader.join()
        process.stdout.close()
        errors.close()
        if port.name:
            shutil.rmtree(port.parent)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_recording_written_by_hand_is_played_to_a_pushed_model(
    tmp_path: Path, rivulet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _said(rivulet("new", "pump"))
    folder = tmp_path / "pump"
    monkeypatch.chdir(folder)
    rows = []
    for i in range(100):
        temp = 20 + i if i % 5 == 0 else ""
        label = "calm" if i < 50 else ""
        rows.append(f"{1000 + 20_000 * i},{temp},{i % 7 - 3},1,2,3,4,{label}")
    recording = folder / "recordings" / "run.csv"
    recording.write_text("\n".join([f"t_us,{','.join(_CHANNELS)},label", *rows]) + "\n")
    facts = {"units": dict(zip(_CHANNELS, _UNITS, strict=True))}
    recording.with_suffix(".json").write_text(json.dumps(facts))
    assert "no contradictions" in _said(rivulet("check"))
    with virtual(folder) as (port, notes):
        status = json.loads(_said(rivulet("status", "--json", "--port", port)))
        (sensor,) = status["sensors"]
        assert (sensor["name"], sensor["units"]) == ("recording", _UNITS)
        assert sensor["channels"] == _CHANNELS
        assert status["cell"] is None
        model = folder / "build" / "model.safetensors"
        make_model(model, channels=_CHANNELS, units=["degC", "m/s^2", *_UNITS[2:]])
        done = rivulet("push", "--port", port)
        assert done.returncode == 1
        assert "vibration: the model takes m/s^2, the sensor gives g" in done.stderr
        make_model(model, channels=_CHANNELS, units=_UNITS)
        said = _said(rivulet("push", "--port", port))
        assert said.startswith("pushing build/model.safetensors\ndecay with 6 units is active; ")
        _said(rivulet("monitor", "--port", port, "--seconds", "1", "--record", "m.csv"))
        status = json.loads(_said(rivulet("status", "--json", "--port", port)))
        assert status["events"] > 0 and status["unfed"] == [] and status["late"] == 0
    assert notes[0].startswith("plays recordings/run.csv over and over: 100 events, ")
    assert (folder / "m.csv").read_text().count("\n") > 2


def test_flash_knows_the_virtual_board_of_the_project(
    tmp_path: Path, rivulet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _said(rivulet("new", "one", "--from", "two_sensors"))
    _said(rivulet("new", "other", "--from", "activity"))
    monkeypatch.chdir(tmp_path / "one")
    with virtual(tmp_path / "one") as (port, _):
        assert "one runs: mpu6050, second_mpu6050; led" in _said(rivulet("flash", "--port", port))
        assert "up to date" in _said(rivulet("flash", "--port", port))
        assert "32 units is active" in _said(rivulet("push", "--port", port))
        status = json.loads(_said(rivulet("status", "--json", "--port", port)))
        assert status["board"] == "virtual" and not status["faults"]
        done = rivulet("flash", "--project", tmp_path / "other", "--port", port)
        assert done.returncode == 1 and "is a virtual board of something else" in done.stderr
        file = tmp_path / "one" / "rivulet.toml"
        file.write_text(file.read_text().replace("led = 25", "led = 22"))
        done = rivulet("flash", "--port", port)
        assert done.returncode == 1 and "names other wires than when" in done.stderr
