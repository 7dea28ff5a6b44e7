"""Features of networks that have never seen one of the classes: what adaptation starts from.

For each class of a set, networks are trained on the recordings of all others. Kept are their
features at the end of every recording, of the unseen class too, with half of the samples dropped.
"""

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from host_tools import files
from host_tools.train import judge
from host_tools.train.contenders import (
    Damage,
    Data,
    batch,
    contender,
    loss,
    prepared,
)
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Network, Readout, one_thread
from host_tools.train.series import EventBatch, stack

Floats = NDArray[np.float64]

DROP = 0.5
# Random damages of each recording: those that the prior and the examples are from, and those that
# are judged.
TIMES_TRAIN, TIMES_TEST = 12, 10
_BATCH = 40


@dataclass(frozen=True)
class Effort:
    """How long networks are trained, and how many for each class left out."""

    iterations: int = 400
    seeds: int = 2


@dataclass(frozen=True)
class Features:
    """Features (models, damages, recordings, units) at the end of each recording.

    unseen: the class that each model was not trained on; labels: of the recordings.
    """

    train: Floats
    train_labels: NDArray[np.int64]
    test: Floats
    test_labels: NDArray[np.int64]
    unseen: NDArray[np.int64]
    parameters: int


def features(out: Path, dataset: str, kind: str, effort: Effort) -> Features:
    """Return the features of one kind on one set: from their file, or by training."""
    path = out / f"{dataset}-{kind.replace(' ', '_')}-{effort.iterations}-{effort.seeds}.npz"
    if not path.is_file():
        files.make_folder(path.parent)
        with one_thread():
            np.savez_compressed(path, **_made(dataset, kind, effort))  # type: ignore[arg-type]
    with np.load(path) as kept:
        each = {name: kept[name] for name in kept.files}
    return Features(**{**each, "parameters": int(each["parameters"])})


def _made(dataset: str, kind: str, effort: Effort) -> dict[str, NDArray[Any]]:
    training, testing, (channels, classes) = prepared(dataset)
    unseen = [c for c in range(classes) for _ in range(effort.seeds)]
    seeds = [seed for _ in range(classes) for seed in range(effort.seeds)]
    network = contender(kind, seeds, (channels, classes - 1), 32, Readout("mean"))
    parts = cycle([_without(training, c) for c in unseen])

    def draw(random: torch.Generator) -> tuple[EventBatch, Tensor]:
        # `fit` asks for the models' batches in their order.
        return batch(next(parts), _BATCH, random)

    numbers = list(range(len(unseen)))
    name = f"{dataset}, {kind}, each without one of {classes} classes"
    fit(name, network, numbers, draw, loss, TrainingPlan(effort.iterations, 0.01))
    return {
        "train": _run(network, training, TIMES_TRAIN),
        "train_labels": training.labels.numpy(),
        "test": _run(network, testing, TIMES_TEST),
        "test_labels": testing.labels.numpy(),
        "unseen": np.array(unseen),
        "parameters": np.array(network.size()),
    }


def _without(data: Data, unseen: int) -> Data:
    """Return the recordings of all other classes, whose numbers close the gap."""
    here = torch.nonzero(data.labels != unseen)[:, 0]
    labels = data.labels[here]
    return Data(data.series.pick(here), labels - (labels > unseen).long(), data.sensors)


def _run(network: Network, data: Data, times: int) -> Floats:
    random = torch.Generator().manual_seed(judge.SEED)
    damage = Damage(drop=DROP)
    pieces = []
    with torch.no_grad():
        for _ in range(times):
            events = damage.applied(data.series, data.sensors, random).events()
            found, _ = network.run(
                stack([events] * network.models), network.zero_state(len(data.labels))
            )
            pieces.append(found[:, :, -1].double().numpy())
    return np.stack(pieces, 1)
