"""What the evidence says: tables on the terminal, docs/evidence.md, and the figures beside it.

Results are {set: {kind: result}} as `evidence` makes them; nothing here needs PyTorch.
"""

import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

Result = dict[str, Any]
Found = dict[str, dict[str, Result]]

LIQUID = ("decay", "LTC", "CfC", "CTRNN", "neural ODE")
RULER = "GRU fed dt"  # its size is what nobody may exceed
_COLUMNS = ("units", "parameters", "readout", "learning_rate")

_PAGE = """\
# Evidence: liquid cells against recurrent ones

Written by `make evidence`: {seconds:,} CPU seconds, one thread of {machine}. The figures of every
seed are in [`evidence/`](evidence).

Five liquid cells and three recurrent peers learn the same recordings under the same conditions:

- **Data.** `activity`: four activities, 6 channels, 40 recordings to train on and 40 to test
  (BasicMotions). `gesture`: which of ten people picks something up, vertical acceleration, 50 and
  50 (PickupGestureWiimoteZ). `vowels`: which of nine speakers, 12 channels, 270 and 370
  (JapaneseVowels). The published splits; every set is played at one sample in {period:g} s.
- **Size.** Each kind is as large as it may be with no more parameters than a GRU of
  {ruler_units} units that is fed the interval ("GRU fed dt").
- **Training.** {iterations} iterations of AdamW over batches of {batch}, losses at the end of a
  recording and, half as much, before. Every recording is damaged anew: samples dropped at a rate
  up to 90 %, times jittered, a sensor silent, speed, strength and noise varied.
- **Tuning.** The same for every kind: readout of the last state or of its mean over time, learning
  rate 0.01 or 0.003, one seed, {trial_iterations} iterations on two thirds of the training
  recordings; the best of the four on the last third is trained anew on all. Nothing was chosen by
  test recordings.
- **Judging.** Test accuracy at the end of each recording, mean ± standard deviation over {seeds}
  seeds; every recording is damaged {times} times at random, alike for every kind. *jitter*: each
  time off by up to half an interval. *outage*: one sensor silent for half of the recording; where
  there is only one sensor, nothing is heard for that long.
"""


def show(found: Found) -> None:
    """The tables on the terminal."""
    console = Console(highlight=False, width=180)
    for dataset, results in found.items():
        table = Table(title=f"{dataset}: test accuracy, mean ± sd over seeds")
        for place, name in enumerate(_head(results)):
            table.add_column(name, justify="right" if place else "left")
        for kind, result in results.items():
            table.add_row(*_row(kind, result))
        console.print(table)
        console.print(verdict(results))


def write(docs: Path, found: Found, period_s: float) -> None:
    """docs/evidence.md and, for each set, docs/evidence/<set>.json."""
    (docs / "evidence").mkdir(parents=True, exist_ok=True)
    for dataset, results in found.items():
        lines = [f'"{kind}": {json.dumps(result)}' for kind, result in results.items()]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
        (docs / "evidence" / f"{dataset}.json").write_text(text)
    (docs / "evidence.md").write_text(page(found, period_s, _machine()))


def load(docs: Path, dataset: str) -> dict[str, Result]:
    """The written results of a set."""
    results: dict[str, Result] = json.loads((docs / "evidence" / f"{dataset}.json").read_text())
    return results


def page(found: Found, period_s: float, machine: str) -> str:
    every = [result for results in found.values() for result in results.values()]
    seconds = sum(result["cpu_seconds"] for result in every)
    parts = [_PAGE.format(seconds=seconds, machine=machine, period=period_s, **every[0]["setup"])]
    for dataset, results in found.items():
        parts.append(f"## `{dataset}`\n\n{markdown(results)}\n{verdict(results)}\n")
    return "\n".join(parts)


def markdown(results: dict[str, Result]) -> str:
    """The table of one set."""
    head = _head(results)
    rows = [head, ["---"] + ["---:"] * (len(head) - 1)]
    rows += [_row(kind, result) for kind, result in results.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def verdict(results: dict[str, Result]) -> str:
    """The liquid cell that its trials prefer, against the GRU fed dt, where both are there."""
    liquid = [kind for kind in results if kind in LIQUID]
    if not liquid or RULER not in results:
        return ""
    best = max(liquid, key=lambda kind: max(results[kind]["trials"].values()))
    ours, theirs = results[best]["accuracy"], results[RULER]["accuracy"]
    apart = [f"{n}: {np.mean(ours[n]) - np.mean(theirs[n]):+.3f}" for n in ours]
    return (
        f"Of the liquid cells the trials prefer {best}. Its accuracy less that of the {RULER}: "
        + ", ".join(apart)
        + "."
    )


def _head(results: dict[str, Result]) -> list[str]:
    conditions = next(iter(results.values()))["accuracy"]
    return ["kind", *(name.replace("_", " ") for name in _COLUMNS), *conditions]


def _row(kind: str, result: Result) -> list[str]:
    cells = [kind, *(str(result[name]) for name in _COLUMNS)]
    for values in result["accuracy"].values():
        cells.append(f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}")
    return cells


def _machine() -> str:
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or platform.machine()
