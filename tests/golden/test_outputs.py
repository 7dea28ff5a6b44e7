"""What commands print and write for programs: JSON, CSV, reports."""

import csv
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.convert import convert
from tests.golden.held import HERE, UPDATE, hold, types_of
from tests.golden.weights import trained

Run = Callable[..., subprocess.CompletedProcess[str]]
_BUILD = HERE.parents[1] / "build"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    convert(*trained("decay")).save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_json_of_boards(rivulet: Run) -> None:
    facts = {board["name"]: board for board in json.loads(rivulet("boards", "--json").stdout)}
    hold("json_boards.json", types_of([facts["rpi_pico"]]))
    assert types_of(facts["virtual"]).keys() == types_of(facts["rpi_pico"]).keys()


# One of its events is late.
_EVENTS = HERE / "held" / "events.csv"


def test_json_of_analyze(rivulet: Run, model: Path) -> None:
    done = rivulet("analyze", model, "--events", _EVENTS, "--late", "drop", "--json")
    assert done.returncode == 0, done.stderr
    hold("json_analyze.json", types_of(json.loads(done.stdout)))


def test_json_and_page_of_bench(rivulet: Run, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "this"
    done = rivulet("bench", "--units", 2, "--inputs", 1, "--json", "--write", page)
    assert done.returncode == 0, done.stderr
    hold("json_bench.json", types_of(json.loads(done.stdout)))
    assert {path.name for path in page.parent.iterdir()} == {"this.md", "this.svg"}


def test_names_of_faults(rivulet: Run) -> None:
    done = rivulet("faults", "--only", "lightning")
    listed = re.search(r"\w+(, \w+)+", done.stderr)
    assert done.returncode == 1 and listed
    hold("faults.json", listed[0].split(", "))


def test_report_of_faults(rivulet: Run) -> None:
    report = _BUILD / "faults.json"
    former = report.read_bytes() if report.exists() else None
    try:
        done = rivulet("faults", "--short", "--only", "forged")
        assert done.returncode == 0, done.stderr
        hold("json_faults.json", types_of(json.loads(report.read_text(encoding="utf-8"))))
    finally:
        # A report that somebody waited for is not lost to a test.
        if former is not None:
            report.write_bytes(former)


@pytest.mark.parametrize("runtime", ["micropython", "numpy"])
def test_out_csv_of_replay(rivulet: Run, model: Path, tmp_path: Path, runtime: str) -> None:
    out, events = tmp_path / "out.csv", HERE / "held" / "events.csv"
    done = rivulet("replay", model, events, "-o", out, "--runtime", runtime)
    assert done.returncode == 0, done.stderr
    if UPDATE and runtime == "micropython":
        hold("replay_out.csv", out.read_text())
    kept, found = (
        list(csv.reader(path.read_text().splitlines()))
        for path in (HERE / "held" / "replay_out.csv", out)
    )
    assert found[0] == kept[0] and [row[0] for row in found] == [row[0] for row in kept]
    for before, now in zip(kept[1:], found[1:], strict=True):
        assert list(map(float, now)) == pytest.approx(list(map(float, before)), rel=1e-4, abs=1e-6)


def test_the_port_of_a_virtual_board_is_found(rivulet: Run) -> None:
    """By programs too: it is a link in a folder of build/virtual."""
    folder = _BUILD / "virtual" / f"golden-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        (folder / "port").symlink_to("/dev/null")
        assert f"{folder}/port" in rivulet("status", "--port", "/dev/nowhere").stderr
    finally:
        shutil.rmtree(folder)


_PLANT = """
class Plant:
    observations = {channels}
    actions = ("led",)
    step_limit = 3

    def reset(self, seed):
        return [0.0] * len(self.observations)

    def step(self, action):
        return self.reset(0), 1.0, False
"""
_PROJECT = """
plant.name = "plant.py:Plant"
model.file = "model.safetensors"
board.name = "virtual"
sensors.all = {{ driver = "adc", pins = {{ adc = 26 }}, channels = [{channels}] }}
actuators.led = {{ driver = "led", pins = {{ led = 25 }}, from = "class" }}
"""


def test_json_of_hil(rivulet: Run, model: Path, tmp_path: Path) -> None:
    channels = trained("decay")[1]["channels"]
    (tmp_path / "plant.py").write_text(_PLANT.format(channels=channels))
    rows = ", ".join(f'{{ name = "{name}", unit = "" }}' for name in channels)
    (tmp_path / "rivulet.toml").write_text(_PROJECT.format(channels=rows))
    done = rivulet("hil", "--project", tmp_path, "--episodes", 1, "--json")
    assert done.returncode == 0, done.stderr
    hold("json_hil.json", types_of(json.loads(done.stdout)))


def test_json_of_estimate(rivulet: Run, model: Path) -> None:
    done = rivulet("estimate", model, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {each["board"] for each in found} >= {"rpi_pico", "esp32_generic"}
    hold("json_estimate.json", types_of(found))
