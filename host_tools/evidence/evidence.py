"""Liquid cells against recurrent ones, treated alike: python -m host_tools.evidence.evidence

For every set and kind: a small grid of settings, the same for all, is tried on a part of the
training recordings; the best is trained on all of them, five seeds, and judged on the test
recordings. The wearable set and the sweep of sizes have files of their own, and the same steps.
Each of these steps leaves a file and is not done again, so a run may be interrupted at any time,
moved, or shared between machines by naming different parts or kinds. Once nothing is missing the
tables are written to docs/evidence.md. With --reuse only contenders that are new or have changed
are trained; the results of the others are taken from docs/evidence.
"""

import argparse
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.paths import BUILD, DOCS, need_checkout

if __name__ == "__main__":
    # Checked before the imports that need PyTorch, which may be missing beside a wheel.
    try:
        need_checkout("evidence")
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None

from host_tools.evidence import occupancy, sizes, tables
from host_tools.evidence.comparison import Result
from host_tools.evidence.stored import FIRST, first, once, said, same_losses
from host_tools.evidence.tables import OCCUPANCY, SIZES, WEARABLE, Evidence
from host_tools.evidence.wearable import run as on_wearable
from host_tools.evidence.wearable.contenders import CONTENDERS as ON_WEARABLE
from host_tools.train.contenders import (
    CONTENDERS,
    PERIOD_S,
    Data,
    batch,
    conditions,
    contender,
    loss,
    prepared,
    score,
)
from host_tools.train.datasets import SOURCES
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Network, Readout, one_thread

PARTS = [*SOURCES, WEARABLE, SIZES]
KINDS = list(dict.fromkeys([*CONTENDERS, *ON_WEARABLE]))
# Settings tried for every kind; the best validation accuracy wins.
GRID = [(rate, readout) for readout in ("mean", "state") for rate in (0.01, 0.003)]


@dataclass(frozen=True)
class Setup:
    """Settings that must agree between the results of one table."""

    iterations: int = 600
    trial_iterations: int = 200
    seeds: int = 5
    batch: int = 40
    ruler_units: int = 32  # of the GRU with dt whose number of parameters is the limit
    times: int = 10  # random damages a recording


QUICK = Setup(iterations=20, trial_iterations=10, seeds=2, batch=20, ruler_units=16, times=2)


def run(out: Path, dataset: str, kind: str, setup: Setup, stored: Result | None = None) -> Result:
    """Return the result of one kind on one set: from its file, `stored` if it holds, or new."""
    folder = out / dataset / kind.replace(" ", "_")
    data, testing, sizes = prepared(dataset)
    part, held_back = data.parted()
    judged = conditions(PERIOD_S)

    def trial(rate: float, readout: str) -> Result:
        network = contender(kind, [0], sizes, setup.ruler_units, Readout(readout))
        kept = folder / f"trial-{rate:g}-{readout}.pt"
        plan = TrainingPlan(setup.trial_iterations, rate)
        train(f"{dataset}, {kind}, trial of {rate:g}, {readout}", network, part, plan, setup, kept)
        each = [score(network, held_back, damage, setup.times) for damage in judged.values()]
        return {
            "accuracy": round(float(sum(s.accuracy[0] for s in each)) / len(each), 4),
            "loss": round(float(sum(s.loss[0] for s in each)) / len(each), 4),
        }

    def cell() -> Result:
        if stored is not None and holds(stored, dataset, kind, setup):
            return stored | {"reused": True}
        started = time.process_time()
        trials = {
            (rate, readout): once(
                folder / f"trial-{rate:g}-{readout}.json", setup, partial(trial, rate, readout)
            )
            for rate, readout in GRID
        }
        rate, readout = max(GRID, key=lambda s: (trials[s]["accuracy"], -trials[s]["loss"]))
        seeds = list(range(setup.seeds))
        network = contender(kind, seeds, sizes, setup.ruler_units, Readout(readout))
        kept, plan = folder / "result.pt", TrainingPlan(setup.iterations, rate)
        losses = train(f"{dataset}, {kind}", network, data, plan, setup, kept)
        scores = {n: score(network, testing, d, setup.times) for n, d in judged.items()}
        return {
            "units": network.units,
            "parameters": network.size(),
            "learning_rate": rate,
            "readout": readout,
            "first_losses": first(losses),
            "trials": {f"{r:g}, {o}": trials[r, o]["accuracy"] for r, o in GRID},
            "cpu_seconds": round(time.process_time() - started),
            "accuracy": {
                name: [round(value, 4) for value in found.accuracy.tolist()]
                for name, found in scores.items()
            },
        }

    return once(folder / "result.json", setup, cell)


def train(
    name: str, network: Network, data: Data, plan: TrainingPlan, setup: Setup, kept: Path
) -> list[list[float]]:
    """Train every kind alike, on the same recordings, damages and loss; resumes `kept`.

    Return the losses of every iteration.
    """
    seeds = list(range(network.models))
    draw = partial(batch, data, setup.batch)
    losses = fit(name, network, seeds, draw, loss, plan, save_to=kept).losses
    kept.unlink()
    return losses


def holds(stored: Result, dataset: str, kind: str, setup: Setup) -> bool:
    """Tell whether a stored result is what training would give now.

    Its setup, grid and conditions must be the same, and so must the losses of the first
    iterations.
    """
    same = (
        stored.get("setup") == said(setup)
        and list(stored["trials"]) == [f"{r:g}, {o}" for r, o in GRID]
        and list(stored["accuracy"]) == list(conditions(PERIOD_S))
    )
    if not same or "first_losses" not in stored:
        return False
    data, _, sizes = prepared(dataset)
    seeds = list(range(setup.seeds))
    network = contender(kind, seeds, sizes, setup.ruler_units, Readout(stored["readout"]))
    if network.size() != stored["parameters"]:
        return False
    plan, draw = TrainingPlan(setup.iterations, stored["learning_rate"]), partial(batch, data)
    name = f"{dataset}, {kind}, as stored?"
    found = fit(name, network, seeds, partial(draw, setup.batch), loss, plan, stop_at=FIRST)
    return same_losses(stored["first_losses"], found.losses)


def gathered(
    out: Path,
    parts: list[str],
    kinds: list[str],
    quick: bool,
    reuse: bool,
    folder: Path | None = None,
) -> Evidence:
    """Return the results of the parts, those of `kinds` alone.

    folder: of the occupancy task's data; None: its results are the stored ones.
    """
    sets = {}
    for dataset in (part for part in parts if part in SOURCES):
        stored, setup = (tables.load(DOCS, dataset) if reuse else {}), QUICK if quick else Setup()
        sets[dataset] = {
            k: run(out, dataset, k, setup, stored.get(k)) for k in CONTENDERS if k in kinds
        }
    found = Evidence(sets)
    if WEARABLE in parts:
        stored = tables.load(DOCS, WEARABLE) if reuse else {}
        found = replace(found, wearable=on_wearable.compare(out, kinds, quick, stored))
    if SIZES in parts:
        stored = tables.load(DOCS, SIZES) if reuse else {}
        found = replace(found, sizes=sizes.sweep(out, kinds, quick, stored))
    if folder is not None:
        own = occupancy.QUICK if quick else occupancy.Setup()
        return replace(found, occupancy=occupancy.compare(folder, out, own))
    return replace(found, occupancy=tables.load(DOCS, OCCUPANCY))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m host_tools.evidence.evidence")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument(
        "--out", type=Path, help="where results go, and come from if they are there"
    )
    parser.add_argument("--quick", action="store_true", help="a trial of everything, in minutes")
    parser.add_argument(
        "--reuse", action="store_true", help="keep the stored results of unchanged contenders"
    )
    parser.add_argument(
        "--occupancy", type=Path, metavar="FOLDER", help="the occupancy task's files, see the page"
    )
    given = parser.parse_args()
    out = given.out or BUILD / ("evidence-quick" if given.quick else "evidence")
    try:
        with one_thread():
            found = gathered(
                out, given.parts, given.kinds, given.quick, given.reuse, given.occupancy
            )
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None
    tables.show(found)
    if (given.parts, given.kinds, given.quick) == (PARTS, KINDS, False):
        tables.write(DOCS, found, PERIOD_S)


if __name__ == "__main__":
    main()
