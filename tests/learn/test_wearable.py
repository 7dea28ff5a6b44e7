"""models/wearable: its page's import makes its recordings, and the shipped model answers there."""

import csv
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from host_tools.commands import main
from host_tools.learn.dataset import load
from host_tools.learn.splits import NAMES
from host_tools.model_header import read_settings
from host_tools.paths import MODELS
from host_tools.project import load as load_project
from host_tools.project.load import FLOAT_MODEL, INT8_MODEL

_FOLDER = MODELS / "wearable"
_PAGE = (_FOLDER / "README.md").read_text(encoding="utf-8")
_FENCES = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_METRICS = {name: _FOLDER / f"metrics{name}.json" for name in ("", "-group", "-acceleration")}


def _lines(command: str) -> list[list[str]]:
    """The lines of the page that begin with a command, as words."""
    text = "\n".join(_FENCES.findall(_PAGE)).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line.startswith(command)]


def _run(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr("sys.argv", [str(word) for word in words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example's project with the recordings that the page's command makes."""
    folder = tmp_path_factory.mktemp("imported") / "wearable"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        _run(patch, "rivulet", "new", folder, "--from", "wearable")
        raw = "wearable_raw.tar.xz"
        (folder / raw).write_bytes((_FOLDER / raw).read_bytes())
        patch.chdir(folder)
        _run(patch, *_lines("rivulet import")[0])
    return folder


def test_the_import_makes_the_recordings_of_the_page(imported: Path, tmp_path: Path) -> None:
    data = load(load_project(imported))
    assert len(data.recordings) == 87 and sum(map(len, data.recordings)) == 75_128
    counts = sum(data.class_counts(part) for part in NAMES)
    events = dict(zip(data.classes, counts.tolist(), strict=True))
    assert events == {"bed": 16_406, "chair": 4911, "lying": 51_520, "walking": 2291}
    for name, count in events.items():
        assert re.search(rf"\| {name} \|.* {count:,} ", _PAGE)
    gaps_s = np.concatenate([piece.gaps_us[1:] for piece in data.recordings]) * 1e-6
    assert [round(float(np.quantile(gaps_s, q)), 3) for q in (0.5, 0.99, 1)] == [0.13, 3.5, 865.55]
    groups = [piece.group for piece in data.recordings]
    assert (groups.count("F"), groups.count("M")) == (62, 25)
    # The committed figures are of this split.
    folder = shutil.copytree(imported, tmp_path / "wearable")
    for name, by in (("", "recording"), ("-group", "group"), ("-acceleration", "recording")):
        text = (folder / "rivulet.toml").read_text()
        (folder / "rivulet.toml").write_text(re.sub("(?m)^split = .*", f'split = "{by}"', text))
        split = load(load_project(folder)).split
        stated = json.loads(_METRICS[name].read_text())["split"]
        for part in NAMES:
            assert stated[part]["recordings"] == [piece.name for piece in split[part]]


def test_the_shipped_models_answer_as_the_page_says(
    imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micropython: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MICROPYTHON", str(micropython.resolve()))
    metrics = json.loads(_METRICS[""].read_text())
    name = min(metrics["split"]["test"]["recordings"], key=lambda n: _events(imported, n))
    with (imported / f"{name}.csv").open(newline="") as file:
        truth = [row["label"] for row in csv.DictReader(file)]
    for model, runtime in ((FLOAT_MODEL, "numpy"), (INT8_MODEL, "micropython")):
        assert (imported / "build" / model).read_bytes() == (_FOLDER / model).read_bytes()
        _run(
            *(monkeypatch, "rivulet", "replay", imported / "build" / model),
            *(imported / f"{name}.csv", "-o", "out.csv", "--runtime", runtime),
        )
        with Path("out.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        scores = np.array([[float(row[f"y{i}"]) for i in range(4)] for row in rows])
        classes = read_settings(_FOLDER / model)[0]["classes"]
        answers = [classes[number] for number in scores.argmax(1)]
        assert len(answers) == len(truth)
        assert np.mean([a == b for a, b in zip(answers, truth, strict=True)]) > 0.8


def _events(folder: Path, name: str) -> int:
    return len((folder / f"{name}.csv").read_text().splitlines())


@pytest.mark.parametrize("name", _METRICS)
def test_the_figures_of_the_page_are_those_of_the_runs(name: str) -> None:
    metrics = json.loads(_METRICS[name].read_text())
    column = list(_METRICS).index(name)
    rows = {"cascade": metrics, "cascade, half of the events lost": metrics["losses"]["0.5"]}
    rows["cascade in int8"] = metrics["int8"]
    for other in ("trees", "GRU fed dt", "GRU", "static", "majority"):
        rows[other] = metrics["baselines"][other]
    for label, figures in rows.items():
        found = re.search(rf"^\| {label} \|(.*)\|$", _PAGE, re.MULTILINE)
        assert found is not None, label
        cells = [cell.strip() for cell in found[1].split("|")]
        stated = f"{figures['accuracy']:.3f} / {figures['macro_f1']:.3f}"
        assert cells[-3:][column] == stated, f"{label}: {stated}"
    if not name:
        assert f"{metrics['sizes']['parameters']:,} parameters" in _PAGE
        for model in (FLOAT_MODEL, INT8_MODEL):
            size = (_FOLDER / model).stat().st_size
            assert metrics["sizes"][model] == size and f"{size:,} bytes" in _PAGE
        for kind, score in metrics["f1"].items():
            assert re.search(rf"^\| {kind} \|.* {score:.3f} \|$", _PAGE, re.MULTILINE)
