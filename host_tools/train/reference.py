"""Reference models on labelled recordings: what models/gesture and models/vowels share.

Data, damage and loss are those of the evidence, at the recordings' own rate: the models are for
boards. Every figure is made from the zero state, judged at the end of each recording.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from host_tools import tau
from host_tools.convert import ModelFile, convert
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import reference
from host_tools.printing import say
from host_tools.train import curve, datasets, judge, results, time_constants
from host_tools.train.contenders import Damage, Data, batch, conditions, loss, score
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Network
from host_tools.train.recipe import Options

SEEDS, BATCH, TIMES = 5, 40, 20
_RULE = "lowest training-set loss, averaged over the conditions"


@dataclass(frozen=True)
class Reference:
    dataset: str
    make: Callable[[list[int], int, int], Network]  # seeds, channels, classes
    plan: TrainingPlan
    channels: tuple[str, ...]
    units: tuple[str, ...]
    classes: tuple[str, ...]
    cadence_us: int  # of the decisions
    source: str  # of the recordings
    licence: str


def train(what: Reference, options: Options) -> None:
    """Train and evaluate every seed; write weights.npz, metrics.json and curve.png."""
    seeds = list(range(SEEDS if options.seeds is None else options.seeds))
    recorded = datasets.load(what.dataset, "train")
    period_s = recorded.source.period_us * 1e-6
    # Kept short: boards parse it.
    offset, scale = (np.round(values, 5).tolist() for values in recorded.normalisation())
    training, testing = (
        Data(
            one.series((offset, scale), one.source.period_us),
            torch.tensor(one.labels),
            one.source.sensors,
        )
        for one in (recorded, datasets.load(what.dataset, "test"))
    )
    network = what.make(seeds, len(what.channels), len(what.classes))
    draw = partial(batch, training, BATCH, period_s=period_s)
    weigh = partial(loss, period_s=period_s)
    plan, kept = options.plan(what.plan), options.checkpoint(what.dataset)
    history = fit(what.dataset, network, seeds, draw, weigh, plan, save_to=kept)
    curve.draw(options.out / "curve.png", {what.dataset: history})

    judged = conditions(period_s)
    # The shipped seed is chosen without the test set.
    losses = [score(network, training, damage, TIMES).loss for damage in judged.values()]
    choice = torch.stack(losses).mean(0)
    shipped = int(choice.argmin())
    accuracy = {
        name: [round(a, 4) for a in score(network, testing, damage, TIMES).accuracy.tolist()]
        for name, damage in judged.items()
    }
    stated = _metadata(what, recorded.source, {"offset": offset, "scale": scale})
    stated["provenance"] |= {
        "seed": seeds[shipped],
        "test_accuracy": {name: values[shipped] for name, values in accuracy.items()},
        "tau_s": tau.to_provenance(
            time_constants.measure(judge.trajectory_of(network, training.series.events()), shipped)
        ),
    }
    results.save(options.out / "weights.npz", network, shipped, stated)
    metrics: dict[str, Any] = {
        "seeds": seeds,
        "selection": {
            "rule": _RULE,
            "training_loss": [round(value, 5) for value in choice.tolist()],
            "shipped_seed": seeds[shipped],
        },
        "parameters": network.size(),
        "evaluation": {"random damages a recording": TIMES},
        "test_accuracy_by_seed": accuracy,
    }
    weights, own = network.exported(shipped)
    model = convert(weights, own | stated)
    if model.settings["cell"] in ("decay", "cascade"):
        metrics["test_accuracy_in_int8"] = {
            name: round(in_integers(model, testing, damage), 4) for name, damage in judged.items()
        }
    results.write_json(options.out / "metrics.json", metrics)
    show(metrics)


def _metadata(
    what: Reference, source: datasets.Source, normalisation: dict[str, Any]
) -> dict[str, Any]:
    """Return the metadata that a board needs to run the weights, except the cell's own."""
    return {
        "channels": list(what.channels),
        "units": list(what.units),
        "normalisation": normalisation,
        "output": "class",
        "classes": list(what.classes),
        "training_dt_us": source.period_us,
        "policy": {"cadence_us": what.cadence_us},
        "provenance": {
            "trained_by": f"models/{what.dataset}/train.py",
            "framework": f"PyTorch {torch.__version__.split('+')[0]}",
            "data": what.source,
            "data_licence": what.licence,
            "split": f"as published: {source.count[0]} training, {source.count[1]} test",
        },
    }


def show(metrics: dict[str, Any]) -> None:
    for name, values in metrics["test_accuracy_by_seed"].items():
        spread = f"{np.mean(values):.3f} ± {np.std(values):.3f}"
        shipped = values[metrics["seeds"].index(metrics["selection"]["shipped_seed"])]
        integers = metrics.get("test_accuracy_in_int8", {}).get(name)
        text = f"{name:12} {spread}, shipped {shipped:.3f}"
        say(text + (f", in int8 {integers:.3f}" if integers is not None else ""))


def in_integers(model: ModelFile, data: Data, damage: Damage) -> float:
    """Return the test accuracy of the int8 model, under the same damages as `score`."""
    random = torch.Generator().manual_seed(judge.SEED)
    pick = torch.arange(len(data.labels)).repeat(TIMES)
    events = damage.applied(data.series.pick(pick), data.sensors, random).events()
    normalisation = model.settings["normalisation"]
    offset, scale = (np.array(normalisation[name]) for name in ("offset", "scale"))
    values = events.inputs[0].double().numpy() / scale + offset
    gaps, rest = (
        np.rint(1e6 * t[0].double().numpy()).astype(int) for t in (events.gaps, events.rest)
    )
    gaps[:, 0] = 0  # a stream begins with its first event
    integers = quantise(model)
    run = reference(integers.tensors, integers.settings, len(pick))
    for index in range(gaps.shape[1]):
        run.measured(gaps[:, index], values[:, index])
    run.step(rest)
    return float((run.values().argmax(1) == data.labels[pick].numpy()).mean())
