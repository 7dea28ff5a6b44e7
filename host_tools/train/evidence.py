"""Liquid cells against recurrent ones, treated alike: python -m host_tools.train.evidence

One cell of the work is (data set, kind, seed). Each is written to a file of its own when it is
done and is not done again, so a run may be interrupted at any time, moved, or shared between
machines by naming different kinds or seeds; the table shows what is there.
"""

import argparse
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.paths import BUILD
from host_tools.train.contenders import (
    CONDITIONS,
    KINDS,
    PERIOD_S,
    batch,
    contender,
    prepared,
    score,
)
from host_tools.train.datasets import SOURCES
from host_tools.train.fit import Plan, fit
from host_tools.train.losses import class_loss
from host_tools.train.network import one_thread
from host_tools.train.series import Events


@dataclass(frozen=True)
class Setup:
    """What must agree for results to stand in one table."""

    iterations: int = 1000
    batch: int = 80
    learning_rate: float = 0.01
    ruler_units: int = 32  # of the GRU fed dt whose parameters nobody exceeds
    times: int = 10  # random damages a test recording


def cell_file(out: Path, dataset: str, kind: str, seed: int) -> Path:
    return out / dataset / f"{kind.replace(' ', '_')}-{seed}.json"


def run_cell(out: Path, dataset: str, kind: str, seed: int, setup: Setup) -> bool:
    """Train and judge one cell unless its file is there; whether it did."""
    path = cell_file(out, dataset, kind, seed)
    if path.is_file():
        read_cell(path, setup)
        return False
    training, testing, channels, classes = prepared(dataset)
    network = contender(kind, seed, channels, classes, setup.ruler_units)
    plan = Plan(setup.iterations, setup.learning_rate)
    kept = path.with_suffix(".pt")
    started = time.monotonic()
    fit(
        f"{dataset}, {kind}, seed {seed}",
        network,
        [seed],
        lambda random: batch(training, setup.batch, random),
        _loss,
        plan,
        save_to=kept,
    )
    result = {
        "setup": asdict(setup),
        "parameters": network.size(),
        "units": network.units,
        "seconds": round(time.monotonic() - started, 1),
        "accuracy": {
            name: round(score(network, testing, damage, setup.times), 4)
            for name, damage in CONDITIONS.items()
        },
    }
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps(result, indent=1) + "\n")
    os.replace(fresh, path)
    kept.unlink(missing_ok=True)
    return True


def _loss(logits: Tensor, events: Events, labels: Tensor) -> Tensor:
    """The answer counts at the end, and half as much over the time before, after 10 samples."""
    options = {"settle_s": 0.0, "full_s": 10 * PERIOD_S, "early_weight": 0.5}
    return class_loss(logits, events, labels, label_smoothing=0.02, **options)


def read_cell(path: Path, setup: Setup) -> dict[str, Any]:
    """A cell's result. Raises RivuletError if it was made otherwise."""
    try:
        result: dict[str, Any] = json.loads(path.read_text())
        made = result["setup"]
    except (ValueError, KeyError):
        raise RivuletError(f"{path} is no result: delete it to have it made again") from None
    if made != asdict(setup):
        other = ", ".join(f"{k} {v}" for k, v in made.items() if asdict(setup)[k] != v)
        raise RivuletError(f"{path} was made with {other}: name another folder with --out")
    return result


def show(out: Path, sets: list[str], kinds: list[str], seeds: list[int], setup: Setup) -> None:
    """Mean and standard deviation over the seeds that are there."""
    console = Console(highlight=False, width=160)
    for dataset in sets:
        table = Table(title=f"{dataset}: test accuracy, mean ± sd over seeds")
        for name in ("kind", "units", "parameters", "seeds", *CONDITIONS):
            table.add_column(name, justify="left" if name == "kind" else "right")
        for kind in kinds:
            paths = [cell_file(out, dataset, kind, seed) for seed in seeds]
            cells = [read_cell(path, setup) for path in paths if path.is_file()]
            if not cells:
                continue
            row = [kind, str(cells[0]["units"]), str(cells[0]["parameters"]), str(len(cells))]
            for name in CONDITIONS:
                values = [cell["accuracy"][name] for cell in cells]
                spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
                row.append(f"{np.mean(values):.3f}{spread}")
            table.add_row(*row)
        console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m host_tools.train.evidence")
    parser.add_argument("--datasets", nargs="+", default=list(SOURCES), choices=list(SOURCES))
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--out", type=Path, default=BUILD / "evidence")
    for name, value in asdict(Setup()).items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=type(value), default=value, help="default: %(default)s")
    parser.add_argument("--show", action="store_true", help="only print what is there")
    given = parser.parse_args()
    setup = Setup(**{name: getattr(given, name) for name in asdict(Setup())})
    work = [(d, k, s) for s in given.seeds for d in given.datasets for k in given.kinds]
    try:
        with one_thread():
            for dataset, kind, seed in [] if given.show else work:
                run_cell(given.out, dataset, kind, seed, setup)
        show(given.out, given.datasets, given.kinds, given.seeds, setup)
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
