"""What `rivulet train` prints of a project: what it trains on, and what came of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.learn.dataset import Dataset
from host_tools.learn.splits import NAMES
from host_tools.project import Project

_HALF = "0.5"  # of the test events lost


def data_lines(project: Project, data: Dataset) -> list[str]:
    """Return what is trained on."""
    events = sum(map(len, data.recordings))
    count = len(data.recordings)
    training, validation, test = (f"{sum(map(len, data.split[part])):,}" for part in NAMES)
    return [
        f"{project.name}: {count} recording{'s' if count > 1 else ''}, {events:,} events",
        f"inputs: {_named(data.channels, data.units)}",
        _answers(data),
        f"events: {training} to train on, {validation} to choose the model by, {test} to test it; "
        f"split by {data.split_by}",
        *(f"note: {note}" for note in data.notes),
    ]


def _answers(data: Dataset) -> str:
    if not data.classes:
        later = f", {data.horizon_s:g} s later" if data.horizon_s is not None else ""
        return f"output: {_named(data.targets, data.target_units)}{later}"
    counts = np.sum([data.class_counts(part) for part in NAMES], axis=0)
    shares = zip(data.classes, 100 * counts / counts.sum(), strict=True)
    events = sum(len(piece) for part in NAMES for piece in data.split[part])
    few = "" if counts.sum() == events else f"; {int(counts.sum()):,} events have a label"
    return "classes: " + ", ".join(f"{name} {share:.3g} %" for name, share in shares) + few


def _named(names: Sequence[str], units: Sequence[str]) -> str:
    both = zip(names, units, strict=True)
    return ", ".join(f"{name} [{unit}]" if unit else name for name, unit in both)


def result_lines(data: Dataset, metrics: dict[str, Any], paths: Sequence[Path]) -> list[str]:
    """Return the figures on the test part, the files, and the next commands."""
    answered = metrics["split"]["test"]["answered"]
    lines = [f"test, {answered:,} events: {_figures(data, metrics)}"]
    if "validation" in metrics:
        lines.append(
            f"validation, to compare settings by: {_figures(data, metrics['validation'])}"
        )
    if "f1" in metrics:
        each = (
            f"{name} {'not tested' if score is None else f'{score:.3f}'}"
            for name, score in metrics["f1"].items()
        )
        lines.append(f"F1 of each class: {', '.join(each)}")
    if "int8" in metrics:
        lines.append(f"in int8: {_figures(data, metrics['int8'])}")
    lines.append(f"half of the events lost: {_figures(data, metrics['losses'][_HALF])}")
    lines.append(
        f"{metrics['sizes']['parameters']:,} parameters, {metrics['iterations']} iterations, "
        f"{metrics['seconds']:g} s"
    )
    for path in paths:
        size = metrics["sizes"].get(path.name)
        lines.append(f"{path}: {size:,} bytes" if size else str(path))
    lines.append("next: 'rivulet virtual' runs it without a board, 'rivulet push' sends it to one")
    return lines


def _figures(data: Dataset, figures: dict[str, Any]) -> str:
    if data.classes:
        return f"accuracy {figures['accuracy']:.3f}, macro F1 {figures['macro_f1']:.3f}"
    units = set(data.target_units)
    unit = f" {units.pop()}" if len(units) == 1 else ""
    return f"error {figures['rmse']:.4g}{unit} rms"
