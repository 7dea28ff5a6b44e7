"""The sections on how good a model is."""

from html import escape
from typing import Any

import numpy as np

from host_tools.learn import judge
from host_tools.learn.dataset import Dataset
from host_tools.learn.report import charts
from host_tools.learn.report.parts import figure, table, words

# The model itself is the first curve of a picture.
OWN = "this model"
_WORDS = {"accuracy": "accuracy", "macro_f1": "macro F1", "rmse": "rms error"}


def confused(metrics: dict[str, Any]) -> list[str]:
    """Return the section on which classes are confused, nothing lost."""
    counts, classes = np.array(metrics["confusion"]), metrics["classes"]
    caption = (
        "Each row is a class, and shows for which classes its test events were taken. Point "
        "at a field for the numbers."
    )
    rows = []
    for i, name in enumerate(classes):
        known, answered = int(counts[i].sum()), int(counts[:, i].sum())
        hits = int(counts[i, i])
        rows.append([name, f"{known:,}", _share(hits, known), _share(hits, answered)])
    head = ["class", "test events", "recognised", "right when answered"]
    return [
        "<h2>Which classes are confused</h2>",
        figure(charts.confusion(counts, classes), caption),
        table(head, rows),
    ]


def errors(data: Dataset, outputs: judge.Outputs) -> list[str]:
    """Return the section on the errors of values over the test events, nothing lost."""
    truth = np.concatenate([piece.targets for piece in data.test])
    answers = np.concatenate(outputs)
    parts = ["<h2>Answers and true values</h2>"]
    for column, (name, unit) in enumerate(zip(data.targets, data.target_units, strict=True)):
        known = np.isfinite(truth[:, column])
        label = f"{name}, {unit}" if unit else name
        error = answers[known, column] - truth[known, column]
        caption = (
            f"Test events, nothing lost. Errors of {name}: rms {_short(_rms(error))}, mean "
            f"{_short(float(error.mean()))}, 90 % within {_short(_within(error))} {unit}."
        )
        picture = charts.errors(truth[known, column], answers[known, column], label)
        parts.append(figure(picture, caption))
    return parts


def against_losses(data: Dataset, metrics: dict[str, Any]) -> list[str]:
    """Return the section on what remains when events get lost, beside the baselines."""
    key = "macro_f1" if data.classes else "rmse"
    models = [(OWN, "", metrics["losses"])]
    if isinstance(metrics.get("int8"), dict) and metrics["int8"].get("losses"):
        models.append((f"{OWN}, int8", "", metrics["int8"]["losses"]))
    models += [
        (name, found["what"], found["losses"])
        for name, found in metrics.get("baselines", {}).items()
    ]
    curves = [
        (name, {float(share): figures[key] for share, figures in found.items()})
        for name, _, found in models
    ]
    keys = ["accuracy", "macro_f1"] if data.classes else ["rmse"]
    unit = f" in {data.target_units[0]}" if len(set(data.target_units)) == 1 else ""
    parts = [
        "<h2>When events get lost</h2>",
        figure(
            charts.losses(curves, _WORDS[key]) + charts.legend([name for name, _ in curves]),
            f"{_WORDS[key].capitalize()}{unit} over the same test events for every model.",
        ),
    ]
    for each in keys:
        shares = list(models[0][2])
        head = [_WORDS[each], *(f"{float(share):.0%} lost" for share in shares)]
        rows = [[name, *(_short(found[s][each]) for s in shares)] for name, _, found in models]
        parts.append(table(head, rows))
    described = [f"{name}: {what}" for name, what, _ in models if what]
    if described:
        parts.append(f'<p class="about">{escape("; ".join(described))}.</p>')
    return parts


def headline(metrics: dict[str, Any], data: Dataset) -> str:
    """Return how good the model is, in one sentence."""
    if data.classes:
        said = f"accuracy {metrics['accuracy']:.1%}, macro F1 {metrics['macro_f1']:.3f}"
    else:
        unit = data.target_units[0] if len(set(data.target_units)) == 1 else ""
        said = words(f"rms error {_short(metrics['rmse'])}", unit)
    return f"{said}, over the test part, with nothing lost"


def _share(count: int, total: int) -> str:
    return f"{count / total:.0%}" if total else "-"


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _rms(error: Any) -> float:
    return float(np.sqrt(np.square(error).mean()))


def _within(error: Any) -> float:
    return float(np.quantile(np.abs(error), 0.9))
