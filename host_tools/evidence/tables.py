"""Presents the evidence: tables on the terminal, docs/evidence.md, and its results as JSON.

Results are {set: {kind: result}} as `evidence` makes them; nothing here needs PyTorch.
"""

import json
import platform
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from host_tools import files
from host_tools.evidence.comparison import (
    Found,
    Result,
    differences,
    goals,
    preferred,
    standings,
)
from host_tools.printing import console
from host_tools.train import RULER

_COLUMNS = ("units", "parameters", "readout", "learning_rate")

_PAGE = """\
# Evidence: liquid cells and recurrent cells compared

Written by `make evidence` in {seconds} CPU seconds on one thread of {machine}. The folder
[`evidence/`](evidence) holds the figures of every seed.{reused}

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
_REUSED = """

{count} of the {all} results are kept from an earlier run; the rest was trained for this page.
With `python -m host_tools.evidence.evidence --reuse`, a stored result is kept if the first
iterations of its training still give the same losses. `make evidence` trains everything anew."""


def show(found: Found) -> None:
    """Print the tables on the terminal."""
    screen = console(width=180, soft_wrap=False)
    for dataset, results in found.items():
        _print(screen, f"{dataset}: test accuracy, mean ± sd over seeds", _rows(results))
    best = preferred(found)
    if best is not None:
        title = f"accuracy minus that of the {RULER}, ± standard error; trials select {best}"
        _print(screen, title, differences(found))
        _print(screen, "conditions ahead, tied and behind", standings(found))


def _print(screen: Console, title: str, rows: list[list[str]]) -> None:
    table = Table(title=title)
    for place, name in enumerate(rows[0]):
        table.add_column(name, justify="right" if place else "left")
    for row in rows[1:]:
        table.add_row(*row)
    screen.print(table)


def write(docs: Path, found: Found, period_s: float) -> None:
    """Write docs/evidence.md and, for each set, docs/evidence/<set>.json."""
    (docs / "evidence").mkdir(parents=True, exist_ok=True)
    for dataset, results in found.items():
        lines = [f'"{kind}": {json.dumps(result)}' for kind, result in results.items()]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        files.write_text(docs / "evidence" / f"{dataset}.json", text)
    files.write_text(docs / "evidence.md", page(found, period_s, _machine()))


def load(docs: Path, dataset: str) -> dict[str, Result]:
    """Read the written results of a set."""
    results: dict[str, Result] = json.loads((docs / "evidence" / f"{dataset}.json").read_text())
    return results


def page(found: Found, period_s: float, machine: str) -> str:
    every = [result for results in found.values() for result in results.values()]
    seconds = sum(result["cpu_seconds"] for result in every)
    count = sum(result.get("reused", False) for result in every)
    told = {"reused": _REUSED.format(count=count, all=len(every)) if count else ""}
    told |= {"seconds": f"{seconds:,}", "machine": machine, "period": f"{period_s:g}"}
    parts = [_PAGE.format(**told, **every[0]["setup"])]
    for dataset, results in found.items():
        parts.append(f"## `{dataset}`\n\n{markdown(results)}")
    best = preferred(found)
    if best is not None:
        told = {"best": best, "ruler": RULER, "conditions": str(len(every[0]["accuracy"]))}
        told |= {"differences": _markdown(differences(found))}
        parts.append(_VERDICT.format(**told, standings=_markdown(standings(found))))
    if "vowels" in found and (rows := goals(found)):
        parts.append(_GOALS.format(ruler=RULER, goals=_markdown(rows)))
    return "\n".join(parts)


def markdown(results: dict[str, Result]) -> str:
    return _markdown(_rows(results))


def _markdown(rows: list[list[str]]) -> str:
    marked = [rows[0], ["---"] + ["---:"] * (len(rows[0]) - 1), *rows[1:]]
    return "".join(f"| {' | '.join(row)} |\n" for row in marked)


def _rows(results: dict[str, Result]) -> list[list[str]]:
    conditions = next(iter(results.values()))["accuracy"]
    rows = [["kind", *(name.replace("_", " ") for name in _COLUMNS), *conditions]]
    for kind, result in results.items():
        values = result["accuracy"].values()
        spread = [f"{np.mean(each):.3f} ± {np.std(each, ddof=1):.3f}" for each in values]
        rows.append([kind, *(str(result[name]) for name in _COLUMNS), *spread])
    return rows


def _machine() -> str:
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or platform.machine()
