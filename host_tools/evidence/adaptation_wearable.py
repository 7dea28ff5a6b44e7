"""Adapts models/wearable to recordings that it was not trained on.

The shipped model's readout is fitted to the training recordings as `convert --spare-classes` fits
it. In the first half of a test recording a person labels a few moments of each class; the second
half is judged. Ridge and weight are chosen in the same way on the validation recordings.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.build_model.adaptable import CLASS_WEIGHT, normalised, spread
from host_tools.convert import ModelFile, read_model
from host_tools.errors import RivuletError
from host_tools.integers.compare import feed, running
from host_tools.learn.dataset import Dataset, load
from host_tools.learn.piece import Piece
from host_tools.paths import MODELS, need_checkout
from host_tools.project import load as load_project

Floats = NDArray[np.floating]

LABELS = 5  # of each class that the first half shows
RIDGES, WEIGHTS = (0.1, 1.0, 10.0), (0.1, 0.3, 1.0, 3.0)
_FOLDER = MODELS / "wearable"
_SAID = {
    "file": "the file's own readout",
    "before": "fitted to ±1, before labels",
    "after": f"after {LABELS} labels a class in the first half",
}


def wearable(out: Path) -> dict[str, Any]:
    """Return accuracy and macro F1 before and after the labels. Raises RivuletError."""
    need_checkout("evidence")
    model = read_model(_FOLDER / "model.safetensors")
    assert model is not None
    data = _data(out)
    parts = {name: _features(model, pieces) for name, pieces in _parts(data).items()}
    training = [(z, y) for z, y in parts["train"]]
    settings = max(
        ((ridge, weight) for ridge in RIDGES for weight in WEIGHTS),
        key=lambda pair: _macro(_run(training, parts["validation"], *pair)[1], len(data.classes)),
    )
    before, after = _run(training, parts["test"], *settings)
    rows = model.tensors["readout.weight"].astype(np.float64)
    own = [(_own(rows, z), y) for z, y in map(_second_half, parts["test"])]
    return {
        "recordings": len(parts["test"]),
        "labels_a_class": LABELS,
        "ridge": settings[0],
        "weight": settings[1],
        "said": _SAID,
        **{
            name: _scores(pairs, len(data.classes))
            for name, pairs in (("file", own), ("before", before), ("after", after))
        },
    }


def _data(out: Path) -> Dataset:
    """Import the recordings by the command on the model's page. Raises RivuletError."""
    folder = out / "wearable"
    if not (folder / "recordings").is_dir():
        files.make_folder(folder)
        for name in ("rivulet.toml", "wearable_raw.tar.xz"):
            shutil.copy(_FOLDER / name, folder / name)
        page = (_FOLDER / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
        line = re.search(r"^rivulet import .*$", page, re.MULTILINE)
        if line is None:
            raise RivuletError(f"{_FOLDER / 'README.md'}: no command imports the recordings")
        command = Path(sys.executable).with_name("rivulet")
        subprocess.run([command, *shlex.split(line.group())[1:]], cwd=folder, check=True)
    return load(load_project(folder, with_model=False))


def _parts(data: Dataset) -> dict[str, list[Piece]]:
    return {"train": data.training, "validation": data.validation, "test": data.test}


def _features(model: ModelFile, pieces: list[Piece]) -> list[tuple[Floats, NDArray[np.int64]]]:
    """Return what the readout reads after each event, and the labels, of each recording."""
    found = []
    for piece in pieces:
        run = running(model)
        rows = []
        for gap_us, values in zip(piece.gaps_us, piece.values, strict=True):
            feed(run, int(gap_us), values)
            rows.append(np.array(run.readout.features()[:-1]))
        found.append((np.array(rows), piece.labels))
    return found


def _second_half(part: tuple[Floats, NDArray[np.int64]]) -> tuple[Floats, NDArray[np.int64]]:
    middle = len(part[1]) // 2
    return part[0][middle:], part[1][middle:]


def _own(rows: Floats, features: Floats) -> NDArray[np.int64]:
    decided: NDArray[np.int64] = (features @ rows[:, :-1].T + rows[:, -1]).argmax(1)
    return decided


def _run(
    training: list[tuple[Floats, NDArray[np.int64]]],
    judged: list[tuple[Floats, NDArray[np.int64]]],
    ridge: float,
    weight: float,
) -> tuple[list[Any], list[Any]]:
    """Return (decisions, labels) of each second half, before and after the first half's labels."""
    features, labels = (np.concatenate(each) for each in zip(*training, strict=True))
    classes = int(labels.max()) + 1
    centre, scale = spread(features)
    width = features.shape[1] + 1
    matrix, wanted = ridge * np.eye(width), np.zeros((width, classes))
    targets = 2 * np.eye(classes) - 1
    for c in range(classes):
        phi = normalised(features[labels == c], centre, scale)
        matrix += CLASS_WEIGHT * phi.T @ phi / len(phi)
        wanted += CLASS_WEIGHT * np.outer(phi.mean(0), targets[c])
    general = np.linalg.solve(matrix, wanted)
    before: list[Any] = []
    after: list[Any] = []
    for number, (z, y) in enumerate(judged):
        phi = normalised(z, centre, scale)
        middle = len(y) // 2
        random = np.random.default_rng(number)
        own, right = matrix.copy(), wanted.copy()
        for c in range(classes):
            there = np.flatnonzero(y[:middle] == c)
            for at in random.choice(there, min(LABELS, len(there)), replace=False):
                own += weight * np.outer(phi[at], phi[at])
                right += weight * np.outer(phi[at], targets[c])
        learnt = np.linalg.solve(own, right)
        for rows, found in ((general, before), (learnt, after)):
            found.append(((phi[middle:] @ rows).argmax(1), y[middle:]))
    return before, after


def _scores(pairs: list[Any], classes: int) -> dict[str, float]:
    decided, truth = (np.concatenate(each) for each in zip(*pairs, strict=True))
    told = truth >= 0
    return {
        "accuracy": round(float((decided == truth)[told].mean()), 4),
        "macro_f1": round(_macro(pairs, classes), 4),
    }


def _macro(pairs: list[Any], classes: int) -> float:
    """Return the mean over the classes of their F1."""
    decided, truth = (np.concatenate(each) for each in zip(*pairs, strict=True))
    decided, truth = decided[truth >= 0], truth[truth >= 0]
    each = []
    for c in range(classes):
        both = ((decided == c) & (truth == c)).sum()
        each.append(2 * both / max((decided == c).sum() + (truth == c).sum(), 1))
    return float(np.mean(each))
