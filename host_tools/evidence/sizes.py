"""How much size buys: three kinds of 8 to 64 units on vowels and wearable, float and int8.

int8 rounds weights, inputs and states as the device's arithmetic does (`train.quantise`), without
any training for it. No board runs a GRU; its rounding is the same.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from host_tools.evidence.comparison import Result
from host_tools.evidence.size_page import MEASURES, RATE, Swept
from host_tools.evidence.stored import FIRST, first, once, said, same_losses
from host_tools.evidence.wearable import data, figures, score
from host_tools.evidence.wearable import run as on_wearable
from host_tools.evidence.wearable.contenders import named
from host_tools.train import contenders
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Network, Readout

KINDS = ("cascade u", "decay", "GRU fed dt")
SETS = tuple(MEASURES)
_READOUT = Readout("state")
_SHARES = (0.0, 0.5)


@dataclass(frozen=True)
class Setup:
    """Settings that must agree between the results of one table."""

    units: tuple[int, ...] = (8, 16, 32, 64)
    vowels_iterations: int = 600
    vowels_seeds: int = 3
    vowels_batch: int = 40
    times: int = 10  # random damages a recording
    wearable: on_wearable.Setup = on_wearable.Setup()


QUICK = Setup((4, 8), 6, 1, 20, 1, on_wearable.QUICK)


def sweep(out: Path, kinds: Sequence[str], quick: bool, stored: Swept) -> Swept:
    """Return the results of every size of these kinds; stored: those of an earlier run."""
    setup = QUICK if quick else Setup()

    def known(*names: str) -> Result | None:
        found: Any = stored
        for name in names:
            found = found.get(name, {})
        return found or None

    return {
        name: {
            kind: {
                str(n): run(out, name, kind, n, setup, known(name, kind, str(n)))
                for n in setup.units
            }
            for kind in KINDS
            if kind in kinds
        }
        for name in SETS
    }


def run(
    out: Path, dataset: str, kind: str, units: int, setup: Setup, stored: Result | None
) -> Result:
    """Return the result of one size of one kind: from its file, `stored` if it holds, or new."""
    path = out / "sizes" / f"{dataset}-{kind.replace(' ', '_')}-{units}.json"
    title = f"sizes, {dataset}, {kind}, {units} units"
    train = _vowels if dataset == "vowels" else _wearable

    def made() -> Result:
        started = time.process_time()
        kept = path.with_suffix(".pt")
        if stored is not None and stored.get("setup") == said(setup):
            network, losses, _ = train(title, kind, units, setup, None, FIRST)
            same = network.size() == stored["parameters"]
            if same and same_losses(stored["first_losses"], losses):
                return stored | {"reused": True}
        network, losses, judge = train(title, kind, units, setup, kept)
        kept.unlink()
        found = {"float": judge()}
        network.quantise()
        found["int8"] = judge()
        return {
            "units": network.units,
            "parameters": network.size(),
            "first_losses": first(losses),
            **found,
            "cpu_seconds": round(time.process_time() - started),
        }

    return once(path, setup, made)


def _vowels(
    title: str, kind: str, units: int, setup: Setup, kept: Path | None, stop_at: int | None = None
) -> tuple[Network, list[list[float]], Any]:
    training, testing, sizes = contenders.prepared("vowels")
    seeds = list(range(setup.vowels_seeds))
    network = contenders.KINDS[kind](seeds, *sizes, units, readout=_READOUT)
    plan = TrainingPlan(setup.vowels_iterations, RATE)
    draw = partial(contenders.batch, training, setup.vowels_batch)
    losses = fit(
        title, network, seeds, draw, contenders.loss, plan, save_to=kept, stop_at=stop_at
    ).losses

    def judge() -> Result:
        found = {
            s: contenders.score(network, testing, contenders.Damage(drop=s), setup.times)
            for s in _SHARES
        }
        return {f"{s:g}": [round(v, 4) for v in f.accuracy.tolist()] for s, f in found.items()}

    return network, losses, judge


def _wearable(
    title: str, kind: str, units: int, setup: Setup, kept: Path | None, stop_at: int | None = None
) -> tuple[Network, list[list[float]], Any]:
    own = setup.wearable
    folds = data.contiguous(data.load(own.most_events))
    sets = [data.dataset(fold) for fold in folds]
    contender, seeds = named(kind, own.parameters), list(range(len(sets)))
    network = contender.sized(seeds, len(data.CHANNELS), len(data.CLASSES), units)
    losses = on_wearable.train(title, contender, network, sets, RATE, own, kept, stop_at=stop_at)

    def judge() -> Result:
        found = {s: score.tables(contender, network, sets, s) for s in _SHARES}
        return {f"{s:g}": [round(figures.macro_f1(t), 4) for t in f] for s, f in found.items()}

    return network, losses, judge
