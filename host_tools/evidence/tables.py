"""Presents the evidence: tables on the terminal, docs/evidence.md, its pictures and its results.

Results are {set: {kind: result}} as `evidence` makes them, wearable.json's entries and the sizes;
nothing here needs PyTorch.
"""

import json
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from host_tools import files
from host_tools.evidence import occupancy_page, pictures, size_page
from host_tools.evidence.comparison import (
    DEMO,
    Found,
    Result,
    demo,
    differences,
    goals,
    preferred,
    standings,
)
from host_tools.evidence.markdown import spread, table
from host_tools.evidence.size_page import Swept
from host_tools.evidence.wearable import page as wearable_page
from host_tools.printing import console
from host_tools.train import RULER

WEARABLE, SIZES, OCCUPANCY = "wearable", "sizes", "occupancy"
_COLUMNS = ("units", "parameters", "readout", "learning_rate")

_PAGE = """\
# Evidence: liquid cells and recurrent cells compared

Written by `make evidence` in {seconds} CPU seconds on one thread of {machine}. The folder
[`evidence/`](evidence) holds the figures of every seed.{reused}

- [Three sets](#three-sets-of-even-samples) whose samples are even until they are dropped, under
  losses, jitter and outages; with [differences](#difference-to-the-gru-fed-dt) and
  [goals](#goals-of-the-cascade).
- [`wearable`](#wearable-recordings-that-are-irregular-by-nature), irregular by nature, with more
  networks and a forest beside.
- [Size](#size-8-to-64-units-float-and-int8): 8 to 64 units, float and int8.
- [Occupancy](#occupancy-a-task-of-the-ltc-paper), a task of the LTC paper.

## Three sets of even samples

Six liquid cells and three recurrent cells learn the same recordings under the same conditions:

- **Data.** The published splits of three sets, all played at one sample in {period} s:
  - `activity` (BasicMotions): four activities, 6 channels, 40 recordings to train and 40 to test.
  - `gesture` (PickupGestureWiimoteZ): which of ten people picks something up, from vertical
    acceleration, 50 and 50 recordings.
  - `vowels` (JapaneseVowels): which of nine speakers, 12 channels, 270 and 370 recordings.
- **Size.** Each kind of cell is as large as possible, with no more parameters than a GRU of
  {ruler_units} units that gets the interval as an input ("GRU fed dt"); "half" stands for no more
  than half of them. A cascade has two layers of half its units each. The rates of the second layer
  depend on the inputs ("u") or on the first layer too ("v"). The readout of every cell reads the
  state alone, a cascade's that of its second layer. The CfC's backbone and the neural ODE's layer
  are as wide as their states. To save training time, the LTC takes 3 unfolds an event instead of
  ncps' 6, and the neural ODE takes steps of at most 0.25 s.
- **Training.** {iterations} iterations of AdamW over batches of {batch}. The loss is that at the
  end of a recording, plus half of that over the time before. Each time a recording is used, it is
  damaged anew: samples are dropped at a rate up to 90 %, times are jittered, a sensor is silent,
  and speed, strength and noise vary.
- **Tuning.** The same for every kind: a readout from the last state or from its mean over time,
  and a learning rate of 0.01 or 0.003. These four settings are tried with one seed and
  {trial_iterations} iterations on two thirds of the training recordings. The setting that is best
  on the last third is then trained anew on all of them. The test recordings had no part in any
  choice.
- **Scoring.** Test accuracy at the end of each recording, mean ± standard deviation over {seeds}
  seeds. Each recording is damaged {times} times at random, in the same way for every kind.
  *jitter*: each time is off by up to half an interval. *outage*: one sensor is silent for half of
  the recording; if there is only one sensor, no sample arrives for that long.
"""
_PICTURE = "![Accuracy on {0} by the share of samples dropped](evidence/{0}-losses.svg)\n"
_VERDICT = """\
## Difference to the {ruler}

Test accuracy of each liquid cell minus that of the {ruler}, ± the standard error of the difference
of two means over seeds. A difference below twice its standard error is a tie; the others are
**bold**. The standard error covers the seeds, not the choice of the few test recordings. If one
cell has to serve all sets, the trials alone (without the test recordings) select {best}.

{differences}
## Ahead, tied and behind

The number of the {conditions} conditions in which a cell is ahead of another, tied with it, and
behind it.

{standings}"""
_GOALS = """\
## Goals of the cascade

With half of the parameters it should be at least 0.010 ahead of the {ruler} on `vowels` with up to
50 % dropped, and ahead of decay in every condition of every set.

{goals}"""
_DEMO = """\
## The demo's model

The demo plays `activity` with 30 % of the samples dropped and jitter, to a decay cell
([`models/activity`](../models/activity/README.md)). It stays the decay cell as long as no other
kind is ahead of it at 30 % dropped or with jitter: so far {better} is.

{demo}"""
_REUSED = """

{count} of the {all} results are kept from an earlier run; the rest was trained for this page.
With `python -m host_tools.evidence.evidence --reuse`, a stored result is kept if the first
iterations of its training still give the same losses. `make evidence` trains everything anew."""


@dataclass(frozen=True)
class Evidence:
    """All results: of the three sets, the entries of wearable.json, the sizes, occupancy."""

    sets: Found
    wearable: dict[str, Result] = field(default_factory=dict)
    sizes: Swept = field(default_factory=dict)
    occupancy: dict[str, Result] = field(default_factory=dict)

    def every(self) -> list[Result]:
        """Return every result by itself."""
        return [
            *(result for results in self.sets.values() for result in results.values()),
            *(result for entry in self.wearable.values() for result in entry["splits"].values()),
            *(r for kinds in self.sizes.values() for one in kinds.values() for r in one.values()),
            *self.occupancy.values(),
        ]


def show(evidence: Evidence) -> None:
    """Print the tables on the terminal."""
    screen, found = console(width=180, soft_wrap=False), evidence.sets
    for dataset, results in found.items():
        _print(screen, f"{dataset}: test accuracy, mean ± sd over seeds", _rows(results))
    best = preferred(found) if found else None
    if best is not None:
        title = f"accuracy minus that of the {RULER}, ± standard error; trials select {best}"
        _print(screen, title, differences(found))
        _print(screen, "conditions ahead, tied and behind", standings(found))
    if evidence.wearable:
        title = "wearable, contiguous trials: macro F1, mean ± sd over folds"
        _print(screen, title, wearable_page.headline(evidence.wearable))
    for name, kinds in evidence.sizes.items():
        title = f"sizes on {name}: {size_page.MEASURES[name]}, mean ± sd"
        _print(screen, title, size_page.rows(kinds))
    if evidence.occupancy:
        _print(screen, "occupancy: accuracy", occupancy_page.rows(evidence.occupancy))


def _print(screen: Console, title: str, rows: list[list[str]]) -> None:
    shown = Table(title=title)
    for place, name in enumerate(rows[0]):
        shown.add_column(name, justify="right" if place else "left")
    for row in rows[1:]:
        shown.add_row(*row)
    screen.print(shown)


def write(docs: Path, found: Evidence, period_s: float) -> None:
    """Write docs/evidence.md, its pictures and docs/evidence/<set>.json."""
    folder = docs / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    named: dict[str, dict[str, Any]] = {
        **found.sets,
        **{WEARABLE: found.wearable, SIZES: found.sizes, OCCUPANCY: found.occupancy},
    }
    for name, results in named.items():
        lines = [f'"{kind}": {json.dumps(result)}' for kind, result in results.items()]
        files.write_text(folder / f"{name}.json", "{\n" + ",\n".join(lines) + "\n}\n")
    for name, drawing in pictures.drawn(found.sets, found.wearable, found.sizes).items():
        files.write_text(folder / name, drawing + "\n")
    files.write_text(docs / "evidence.md", page(found, period_s, _machine()))


def load(docs: Path, name: str) -> dict[str, Any]:
    """Read the written results of a set, of `WEARABLE`, `SIZES` or `OCCUPANCY`; none: {}."""
    path = docs / "evidence" / f"{name}.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return results


def page(evidence: Evidence, period_s: float, machine: str) -> str:
    found, every = evidence.sets, evidence.every()
    seconds = sum(result["cpu_seconds"] for result in every)
    count = sum(result.get("reused", False) for result in every)
    told = {"reused": _REUSED.format(count=count, all=len(every)) if count else ""}
    told |= {"seconds": f"{seconds:,}", "machine": machine, "period": f"{period_s:g}"}
    parts = [_PAGE.format(**told, **every[0]["setup"])]
    for dataset, results in found.items():
        parts.append(f"## `{dataset}`\n\n{markdown(results)}\n{_PICTURE.format(dataset)}")
    best = preferred(found)
    if best is not None:
        told = {"best": best, "ruler": RULER, "conditions": str(len(every[0]["accuracy"]))}
        told |= {"differences": table(differences(found))}
        parts.append(_VERDICT.format(**told, standings=table(standings(found))))
    if "vowels" in found and (rows := goals(found)):
        parts.append(_GOALS.format(ruler=RULER, goals=table(rows)))
    if "decay" in found.get(DEMO, {}):
        rows, better = demo(found)
        parts.append(_DEMO.format(better=better, demo=table(rows)))
    if evidence.wearable:
        parts.append(wearable_page.section(evidence.wearable))
    if evidence.sizes:
        parts.append(size_page.section(evidence.sizes))
    if evidence.occupancy:
        parts.append(occupancy_page.section(evidence.occupancy))
    return "\n".join(parts)


def markdown(results: dict[str, Result]) -> str:
    return table(_rows(results))


def _rows(results: dict[str, Result]) -> list[list[str]]:
    conditions = next(iter(results.values()))["accuracy"]
    rows = [["kind", *(name.replace("_", " ") for name in _COLUMNS), *conditions]]
    for kind, result in results.items():
        values = map(spread, result["accuracy"].values())
        rows.append([kind, *(str(result[name]) for name in _COLUMNS), *values])
    return rows


def _machine() -> str:
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or platform.machine()
