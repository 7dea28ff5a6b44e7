"""build/report.html: self-contained; it says what metrics.json and the model files say."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools.learn.dataset import load  # noqa: E402
from host_tools.learn.piece import LOSSES  # noqa: E402
from host_tools.learn.report import Shown, charts, write_report  # noqa: E402
from host_tools.learn.train import Options, train_project  # noqa: E402
from tests.learn import made, made_fit  # noqa: E402

_SMALL = "[model]\nunits = 6\n"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}

    def handle_starttag(self, tag, attributes) -> None:
        assert not {"src", "href"} & {name for name, _ in attributes}, "nothing from elsewhere"
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag not in ("meta", "path", "rect", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def _baselines(key):
    def figures(_parameters, _seeds):
        each = {f"{share:g}": dict.fromkeys(key, 0.5) for share in LOSSES}
        return {"majority": {"what": "the usual <one>", **each["0"], "losses": each}}

    return figures


def _reported(folder, toml, key):
    project = made.project(folder, _SMALL + toml)
    data = load(project)
    options = Options(project.build, iterations=15)
    trained = train_project(project, data, options, _baselines(key))
    paths = [path for path in trained.paths if path.suffix == ".safetensors"]
    page = project.build / "report.html"
    write_report(page, trained.metrics, Shown("pump", data, trained.models.float32, paths))
    text = page.read_text(encoding="utf-8")
    tags = _Tags()
    tags.feed(text)
    assert not {"script", "link", "img", "iframe"} & tags.seen.keys()
    assert "the usual &lt;one&gt;" in text and "<one>" not in text
    return text, tags, trained


def test_classes(tmp_path) -> None:
    made_fit.heating(tmp_path, 6, 80)
    text, tags, trained = _reported(tmp_path, "", ("accuracy", "macro_f1"))
    metrics = trained.metrics
    assert f"Accuracy {metrics['accuracy']:.1%}, macro F1 {metrics['macro_f1']:.3f}" in text
    # Confusion, losses, time constants.
    assert tags.seen["svg"] == 3
    assert f"<td>{metrics['split']['test']['events']:,}</td>" in text
    for words in ("Which classes are confused", "When events get lost", "Stability", "rpi_pico"):
        assert words in text
    for board in ("esp32_generic", "esp32_generic_s3"):
        assert re.search(rf"<td>{board}</td><td>~", text)
    assert "esp32_generic, esp32_generic_s3: estimate" in text
    for name in ("model.safetensors", "model-int8.safetensors", "metrics.json", "rivulet push"):
        assert name in text


def test_values(tmp_path) -> None:
    made.lagging(tmp_path, 6, 80)
    toml = '[train]\ntask = "value"\ntarget = ["speed"]\nint8 = false\n'
    text, tags, _ = _reported(tmp_path, toml, ("rmse",))
    assert tags.seen["svg"] == 3
    assert "Answers and true values" in text and "rms error" in text and "m/s" in text
    assert "model-int8" not in text


def test_the_confusion_of_many_and_of_odd_names() -> None:
    names = [f"<class {i}> with a long name" for i in range(30)]
    drawn = charts.confusion(np.eye(30, dtype=np.int64), names)
    assert drawn.count("<rect") == 900 and "<class" not in drawn
    assert "of 1</title>" in drawn
