"""Trains and scores one contender on the wearable set; every step leaves a file."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from host_tools.evidence.comparison import Result
from host_tools.evidence.stored import FIRST, first, once, said, same_losses
from host_tools.evidence.wearable import (
    ACCELERATIONS,
    CONTIGUOUS,
    FOREST,
    RANDOM,
    SEXES,
    SPLITS,
    data,
    figures,
    score,
)
from host_tools.evidence.wearable.contenders import CONTENDERS, Contender, named
from host_tools.evidence.wearable.forest import Forest
from host_tools.evidence.wearable.page import entries
from host_tools.learn.dataset import Dataset
from host_tools.learn.objectives import loss_of
from host_tools.learn.piece import Piece
from host_tools.learn.windows import Windows
from host_tools.train.contenders import HALF
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Network
from host_tools.train.series import EventBatch

RATES = (0.01, 0.003)
_WARM_UP = 30
# The most that a window loses in training.
_DROP = 0.6
# Shares of the events that get lost where a learning rate is tried.
_TRIED = (0.0, 0.5)
# Losses whose tables are kept beside the figures made of them.
_KEPT = (0.0, 0.5)


@dataclass(frozen=True)
class Setup:
    """Settings that must agree between the results of one table."""

    iterations: int = 400
    trial_iterations: int = 200
    batch: int = 32
    window: int = 256
    parameters: int = 3000
    seeds: int = 5  # where there is one fold
    trial_seeds: int = 2
    losses: tuple[float, ...] = (0.0, 0.3, 0.5, 0.7, 0.9)
    most_events: int | None = None  # of a recording


QUICK = Setup(6, 3, 4, 32, 400, 1, 1, (0.0, 0.5), 120)


@dataclass(frozen=True)
class Split:
    """What is trained on and tested on, and how many of the channels are seen."""

    folds: data.Folds
    channels: int = len(data.CHANNELS)


# Who is compared on every split; the others are on the first one alone, to save time.
_EVERYWHERE = ("decay", "cascade u", f"cascade u{HALF}", "cascade v", "GRU fed dt", FOREST)


def splits(pieces: Sequence[Piece]) -> dict[str, Split]:
    contiguous = data.contiguous(pieces)
    return {
        CONTIGUOUS: Split(contiguous),
        ACCELERATIONS: Split(contiguous, data.ACCELERATIONS),
        RANDOM: Split(data.at_random(pieces)),
        SEXES: Split(data.women_against_men(pieces)),
    }


def splits_of(name: str) -> tuple[str, ...]:
    """Return the splits that a contender is compared on."""
    return SPLITS if name in _EVERYWHERE else SPLITS[:1]


def compare(
    out: Path, kinds: Sequence[str], quick: bool, stored: dict[str, Result]
) -> dict[str, Result]:
    """Return the entries of wearable.json of these kinds; stored: those of an earlier run."""
    setup = QUICK if quick else Setup()
    pieces = data.load(setup.most_events)
    found: dict[str, dict[str, Result]] = {kind: {} for kind in CONTENDERS if kind in kinds}
    for split in SPLITS:  # the headline first
        for kind in (kind for kind in found if split in splits_of(kind)):
            known = stored.get(kind, {"splits": {}})["splits"].get(split)
            found[kind][split] = run(out, kind, split, pieces, setup, known)
    return entries(found)


def run(
    out: Path, name: str, split: str, pieces: Sequence[Piece], setup: Setup, stored: Result | None
) -> Result:
    """Return the result of one contender on one split: from its file, `stored`, or new.

    `stored` is taken if it holds, see `holds`.
    """
    folder = out / "wearable" / name.replace(" ", "_")
    part = splits(pieces)[split]

    def made() -> Result:
        started = time.process_time()
        if name == FOREST:
            return _grown(part, setup) | {"cpu_seconds": round(time.process_time() - started)}
        if stored is not None and holds(stored, name, split, pieces, setup):
            return stored | {"reused": True}
        trials = {rate: _trial(folder, name, rate, pieces, setup) for rate in RATES}
        rate = max(RATES, key=lambda r: trials[r]["macro_f1"])
        contender, sets = named(name, setup.parameters), _sets(part, setup)
        network = contender.make(list(range(len(sets))), part.channels, len(data.CLASSES))
        kept = folder / f"{split.replace(' ', '_')}.pt"
        losses = train(f"wearable, {name}, {split}", contender, network, sets, rate, setup, kept)
        kept.unlink()
        return {
            "units": network.units,
            "parameters": network.size(),
            "learning_rate": rate,
            "trials": {f"{r:g}": trials[r]["macro_f1"] for r in RATES},
            "first_losses": first(losses),
            **scored(contender, network, sets, setup.losses),
            "cpu_seconds": round(time.process_time() - started),
        }

    return once(folder / f"{split.replace(' ', '_')}.json", setup, made)


def _sets(part: Split, setup: Setup) -> list[Dataset]:
    """Return the data of every model: one a fold, or `setup.seeds` of a single fold."""
    sets = [data.dataset(fold, part.channels) for fold in part.folds]
    return sets * setup.seeds if len(sets) == 1 else sets


def _trial(folder: Path, name: str, rate: float, pieces: Sequence[Piece], setup: Setup) -> Result:
    def tried() -> Result:
        contender = named(name, setup.parameters)
        part = Split(data.trial_fold(pieces) * setup.trial_seeds)
        sets = [data.dataset(fold) for fold in part.folds]
        network = contender.make(list(range(len(sets))), part.channels, len(data.CLASSES))
        kept = folder / f"trial-{rate:g}.pt"
        title = f"wearable, {name}, trial of {rate:g}"
        train(title, contender, network, sets, rate, setup, kept, setup.trial_iterations)
        kept.unlink()
        found = [
            figures.macro_f1(table)
            for share in _TRIED
            for table in score.tables(contender, network, sets, share)
        ]
        return {"macro_f1": round(float(np.mean(found)), 4)}

    return once(folder / f"trial-{rate:g}.json", setup, tried)


def train(
    title: str,
    contender: Contender,
    network: Network,
    sets: Sequence[Dataset],
    rate: float,
    setup: Setup,
    kept: Path | None,
    iterations: int | None = None,
    stop_at: int | None = None,
) -> list[list[float]]:
    """Train model i on set i, every kind alike; resumes `kept`. Return the losses."""
    plan = TrainingPlan(iterations or setup.iterations, rate, _WARM_UP)
    draws = [partial(_drawn, contender, Windows(d, d.training), setup) for d in sets]
    each = [loss_of(d) for d in sets]

    def loss(logits: Tensor, events: EventBatch, labels: Tensor) -> Tensor:
        parts = (events.inputs, events.gaps, events.rest, events.received)
        own = [
            of_one(
                logits[i : i + 1], EventBatch(*(p[i : i + 1] for p in parts)), labels[i : i + 1]
            )
            for i, of_one in enumerate(each)
        ]
        return torch.cat(own)

    seeds = list(range(len(sets)))
    return fit(title, network, seeds, draws, loss, plan, save_to=kept, stop_at=stop_at).losses


def _drawn(
    contender: Contender, windows: Windows, setup: Setup, random: torch.Generator
) -> tuple[EventBatch, Tensor]:
    events, labels = windows.draw(setup.batch, setup.window, _DROP, random)
    return contender.given(events), labels


def scored(
    contender: Contender, network: Network, sets: Sequence[Dataset], losses: Sequence[float]
) -> Result:
    """Return macro F1 and accuracy of every model by the share of lost events, and tables."""
    return _said({s: score.tables(contender, network, sets, s) for s in losses})


def _grown(part: Split, setup: Setup) -> Result:
    """Return the result of the forest; a single fold has a single forest."""
    forests = [Forest(data.dataset(fold, part.channels)) for fold in part.folds]
    nodes = round(float(np.mean([forest.nodes for forest in forests])))
    found = {share: [forest.table(share) for forest in forests] for share in setup.losses}
    return {"units": None, "parameters": nodes, "learning_rate": None, **_said(found)}


def _said(found: dict[float, list[figures.Table]]) -> Result:
    made = {"macro_f1": figures.macro_f1, "accuracy": figures.accuracy}
    said_: Result = {
        name: {f"{share:g}": [round(of(t), 4) for t in each] for share, each in found.items()}
        for name, of in made.items()
    }
    kept = {f"{s:g}": [t.tolist() for t in each] for s, each in found.items() if s in _KEPT}
    return said_ | {"tables": kept}


def holds(stored: Result, name: str, split: str, pieces: Sequence[Piece], setup: Setup) -> bool:
    """Tell whether a stored result is what training would give now: see `stored.same_losses`."""
    if stored.get("setup") != said(setup) or list(stored["trials"]) != [f"{r:g}" for r in RATES]:
        return False
    part, contender = splits(pieces)[split], named(name, setup.parameters)
    sets = _sets(part, setup)
    network = contender.make(list(range(len(sets))), part.channels, len(data.CLASSES))
    if network.size() != stored["parameters"]:
        return False
    title, rate = f"wearable, {name}, {split}, as stored?", stored["learning_rate"]
    losses = train(title, contender, network, sets, rate, setup, None, stop_at=FIRST)
    return same_losses(stored["first_losses"], losses)
