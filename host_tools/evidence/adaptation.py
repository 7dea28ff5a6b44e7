"""How well five labels teach a new class: python -m host_tools.evidence.adaptation

For each class of a set, networks learn all other classes (adaptation_features.py); their readout
is fitted as `convert --spare-classes` fits it, and then learns the class that it has never seen
from a few examples, as a board does. Ridge and weight are chosen on the training recordings. What
was computed is kept in build/adaptation. Writes docs/evidence/adaptation.json and the tables of
docs/adaptation.md.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.paths import BUILD, DOCS, need_checkout

if __name__ == "__main__":
    # Checked before the imports that need PyTorch, which may be missing beside a wheel.
    try:
        need_checkout("evidence")
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.build_model.adaptable import (
    CLASS_WEIGHT,
    RIDGE,
    WEIGHT,
    normalised,
    spread,
)
from host_tools.evidence.adaptation_features import DROP, Effort, Features, features
from host_tools.evidence.adaptation_wearable import wearable
from host_tools.printing import say

Floats = NDArray[np.floating]

SETS = ("activity", "vowels")
KINDS = ("cascade u", "decay", "GRU fed dt")
GOALS = {"activity": 0.95, "vowels": 0.85}
MOST_LOST = 0.01
EFFORT = Effort()
RIDGES, WEIGHTS = (0.1, 0.3, 1.0, 3.0), (1.0, 3.0, 10.0)
EXAMPLES = (1, 3, 5, 10)
_DRAWS = 20  # random examples of the new class
_MARKS = "<!-- adaptation: begin -->", "<!-- adaptation: end -->"


@dataclass(frozen=True)
class Task:
    """One network and the class that it has not seen. Labels are numbers of outputs."""

    train: Floats  # phi (damages, recordings, width)
    train_labels: NDArray[np.int64]
    test: Floats
    test_labels: NDArray[np.int64]
    new: int
    outer: Floats  # sum over the old classes of their mean phi phi'
    means: Floats  # mean phi of each old class (classes, width)

    def fitted(self, ridge: float) -> tuple[Floats, Floats]:
        """Return (matrix, right side) of the regression over the old classes."""
        width, old = self.outer.shape[0], len(self.means)
        targets = 2 * np.eye(old, old + 1) - 1
        matrix = ridge * np.eye(width) + CLASS_WEIGHT * self.outer
        return matrix, CLASS_WEIGHT * self.means.T @ targets


def tasks(found: Features) -> Iterator[Task]:
    """Yield a task for each network."""
    for number, unseen in enumerate(found.unseen):
        old = [c for c in np.unique(found.train_labels) if c != unseen]
        places = {c: i for i, c in enumerate([*old, int(unseen)])}
        labels, tested = (
            np.array([places[c] for c in each]) for each in (found.train_labels, found.test_labels)
        )
        seen = found.train[number][:, labels < len(old)]
        centre, scale = spread(seen.reshape(-1, seen.shape[-1]))
        train, test = (
            normalised(each[number], centre, scale) for each in (found.train, found.test)
        )
        outer, means = np.zeros((train.shape[-1],) * 2), []
        for i in range(len(old)):
            phi = train[:, labels == i].reshape(-1, train.shape[-1])
            outer += phi.T @ phi / len(phi)
            means.append(phi.mean(0))
        yield Task(train, labels, test, tested, len(old), outer, np.array(means))


def taught(
    task: Task, ridge: float, weight: float, count: int, seed: int
) -> tuple[Floats, Floats]:
    """Return (rows before, rows after) that many examples of the new class, and which they were.

    All examples at once: one by one, as on a board, they give the same to 1e-4 (tests).
    """
    matrix, wanted = task.fitted(ridge)
    random = np.random.default_rng(seed)
    pick = random.choice(np.flatnonzero(task.train_labels == task.new), count, replace=False)
    phi = task.train[random.integers(len(task.train), size=count), pick]
    target = np.full(wanted.shape[1], -1.0)
    target[task.new] = 1.0
    before = np.linalg.solve(matrix, wanted)
    after = np.linalg.solve(
        matrix + weight * phi.T @ phi, wanted + weight * np.outer(phi.sum(0), target)
    )
    return before, after


def accuracies(
    rows: Floats, phi: Floats, labels: NDArray[np.int64], new: int
) -> tuple[float, float]:
    """Return the accuracy on the old classes and on the new one."""
    right = (phi @ rows).argmax(-1) == labels
    return float(right[:, labels != new].mean()), float(right[:, labels == new].mean())


def judged(each: list[Task], ridge: float, weight: float, count: int, test: bool) -> Floats:
    """Return (old before, old after, new) of every network, means over draws: (networks, 3)."""
    found = []
    for number, task in enumerate(each):
        phi = task.test if test else task.train
        labels = task.test_labels if test else task.train_labels
        draws = []
        for draw in range(_DRAWS):
            before, after = taught(task, ridge, weight, count, 1000 * number + draw)
            old = accuracies(before, phi, labels, task.new)[0]
            draws.append((old, *accuracies(after, phi, labels, task.new)))
        found.append(np.mean(draws, 0))
    return np.array(found)


def chosen(each: list[Task]) -> tuple[float, float]:
    """Return (ridge, weight) with the best accuracy over all classes on training recordings."""

    def worth(ridge: float, weight: float) -> float:
        _, old, new = judged(each, ridge, weight, 5, False).mean(0)
        count = each[0].new
        return float(old * count + new) / (count + 1)

    return max(((r, w) for r in RIDGES for w in WEIGHTS), key=lambda pair: worth(*pair))


def result(dataset: str, kind: str, out: Path) -> dict[str, Any]:
    """Return what five labels teach networks of one kind on one set."""
    found = features(out, dataset, kind, EFFORT)
    each = list(tasks(found))
    ridge, weight = chosen(each)
    scores = judged(each, ridge, weight, 5, True)
    before, after, new = scores.mean(0)
    converted = judged(each, RIDGE, WEIGHT, 5, True).mean(0)
    counts = [n for n in EXAMPLES if n <= int((each[0].train_labels == each[0].new).sum())]
    return {
        "parameters": found.parameters,
        "features": int(found.train.shape[-1]),
        "ridge": ridge,
        "weight": weight,
        "old_before": _rounded(before),
        "old_after": _rounded(after),
        "new": _rounded(new),
        "new_by_class": [_rounded(value) for value in _by_class(found, scores[:, 2])],
        "new_by_examples": {
            str(n): _rounded(judged(each, ridge, weight, n, True)[:, 2].mean()) for n in counts
        },
        "as_converted": dict(
            zip(("old_before", "old_after", "new"), map(_rounded, converted), strict=True)
        ),
        "met": bool(new >= GOALS[dataset] and before - after <= MOST_LOST),
    }


def _by_class(found: Features, values: Floats) -> list[float]:
    return [float(values[found.unseen == c].mean()) for c in np.unique(found.unseen)]


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def table(results: dict[str, dict[str, Any]]) -> str:
    """Return the tables in Markdown."""
    rows = [
        "| set | cell | features | λ | w | old classes before | after five labels | new class | "
        "goal |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for dataset in SETS:
        for kind in KINDS:
            r = results[dataset][kind]
            rows.append(
                f"| {dataset} | {kind} | {r['features']} | {r['ridge']:g} | {r['weight']:g} | "
                f"{r['old_before']:.3f} | {r['old_after']:.3f} | {r['new']:.3f} | "
                f"{'met' if r['met'] else 'missed'} |"
            )
    rows += ["", f"| λ = {RIDGE:g}, w = {WEIGHT:g} | before | after five labels | new class |"]
    rows.append("| --- | ---: | ---: | ---: |")
    for dataset in SETS:
        for kind in KINDS:
            cells = results[dataset][kind]["as_converted"].values()
            rows.append(f"| {dataset}, {kind} | {' | '.join(f'{v:.3f}' for v in cells)} |")
    counts = [str(n) for n in EXAMPLES]
    rows += ["", f"| new class after | {' | '.join(counts)} labels |"]
    rows.append("| --- |" + " ---: |" * len(counts))
    for dataset in SETS:
        for kind in KINDS:
            by = results[dataset][kind]["new_by_examples"]
            cells = " | ".join(f"{by[n]:.3f}" if n in by else "-" for n in counts)
            rows.append(f"| {dataset}, {kind} | {cells} |")
    w = results["wearable"]
    rows += [
        "",
        f"| wearable, second halves of {w['recordings']} test recordings | accuracy | macro F1 |",
        "| --- | ---: | ---: |",
    ]
    for name in ("file", "before", "after"):
        rows.append(
            f"| {w['said'][name]} | {w[name]['accuracy']:.3f} | {w[name]['macro_f1']:.3f} |"
        )
    return "\n".join(rows)


def write(results: dict[str, Any], docs: Path) -> None:
    """Write the figures as JSON, and the tables into the page. Raises RivuletError."""
    files.write_text(docs / "evidence" / "adaptation.json", json.dumps(results, indent=1) + "\n")
    page = docs / "adaptation.md"
    text = page.read_text(encoding="utf-8")
    begin, end = _MARKS
    made = re.sub(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: f"{begin}\n{table(results)}\n{end}",
        text,
        flags=re.DOTALL,
    )
    if made == text and table(results) not in text:
        raise RivuletError(f"{page}: no place for the tables: {begin} ... {end}")
    files.write_text(page, made)


def main() -> None:
    argparse.ArgumentParser(prog="python -m host_tools.evidence.adaptation").parse_args()
    started = time.process_time()
    out = BUILD / "adaptation"
    try:
        results: dict[str, Any] = {
            dataset: {kind: result(dataset, kind, out) for kind in KINDS} for dataset in SETS
        }
        results["wearable"] = wearable(out)
        results["conditions"] = {
            "dropped": DROP,
            "iterations": EFFORT.iterations,
            "networks_for_each_class": EFFORT.seeds,
            "draws_of_examples": _DRAWS,
            "goal_new": GOALS,
            "most_lost": MOST_LOST,
        }
        write(results, DOCS)
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None
    for line in table(results).splitlines():
        say(line)
    say(f"{time.process_time() - started:.0f} CPU seconds")


if __name__ == "__main__":
    main()
