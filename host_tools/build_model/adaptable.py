"""Makes a model that learns from labels on the board: `convert --spare-classes N`.

Its readout is fitted anew to targets of +-1 by ridge regression, in which every class of the
calibration weighs as much as five labels. The file carries the inverse of that regression's
matrix, from which the board's recursive least squares goes on (rivulet/model/learner.py).
"""

from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools.choices import Late
from host_tools.convert import ModelFile
from host_tools.convert.model_file import format_of
from host_tools.data.events import goes_back, read
from host_tools.errors import RivuletError
from host_tools.integers.compare import feed, running
from rivulet.model import ADAPTING, ModelError, check

Floats = NDArray[np.floating]

# docs/adaptation.md says how they were found.
RIDGE, WEIGHT, FORGETTING = 0.3, 3.0, 1.0
# What each class of the training data weighs, in labels.
CLASS_WEIGHT = 5.0
# The calibration is run twice: whole, and with this share of its events lost.
_LOST = 0.5
_SEED = 7
# A feature that moves less than that share of the widest one is taken for constant.
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Prior:
    """What the training data say of a readout. rows: (outputs, features + 1), the bias last."""

    centre: Floats
    scale: Floats
    inverse: Floats  # (features + 1, features + 1)
    rows: Floats


def spread(features: Floats) -> tuple[Floats, Floats]:
    """Return (centre, scale) of features (samples, features): scale is 1 / deviation."""
    deviation = features.std(0)
    least = max(_LEAST_SPREAD * float(deviation.max(initial=0.0)), 1e-9)
    return features.mean(0), 1.0 / np.maximum(deviation, least)


def normalised(features: Floats, centre: Floats, scale: Floats) -> Floats:
    """Return phi = [(z - centre) * scale, 1]."""
    ones = np.ones((*features.shape[:-1], 1))
    return np.concatenate([(features - centre) * scale, ones], -1)


def class_prior(by_class: list[Floats], spare: int, ridge: float) -> Prior:
    """Return the prior of features (samples, features) of each class, and of `spare` more."""
    centre, scale = spread(np.concatenate(by_class))
    width, outputs = len(centre) + 1, len(by_class) + spare
    matrix, wanted = ridge * np.eye(width), np.zeros((width, outputs))
    for number, features in enumerate(by_class):
        phi = normalised(features, centre, scale)
        targets = np.where(np.arange(outputs) == number, 1.0, -1.0)
        matrix += CLASS_WEIGHT * phi.T @ phi / len(phi)
        wanted += CLASS_WEIGHT * np.outer(phi.mean(0), targets)
    fitted = np.linalg.solve(matrix, wanted).T
    return Prior(centre, scale, np.linalg.inv(matrix), in_features(fitted, centre, scale))


def in_features(rows: Floats, centre: Floats, scale: Floats) -> Floats:
    """Return rows over phi as rows over [z, 1]."""
    weights = rows[:, :-1] * scale
    return np.hstack([weights, (rows[:, -1] - weights @ centre)[:, None]])


def make_adaptable(model: ModelFile, recording: Path, late: Late, spare: int) -> str:
    """Let a float model learn; return a line on how it fits. Raises RivuletError.

    recording: of the training data, with labels where the model has classes.
    """
    settings = model.settings
    found = _features(model, recording, late)
    if settings["output"] == "class":
        prior, said = _of_classes(model, found, recording, spare)
        settings["classes"] = settings["classes"] + _spare_names(settings["classes"], spare)
    else:
        prior, said = _of_values(model, found, spare)
    settings["adaptation"] = {"spare": spare, "weight": WEIGHT, "forgetting": FORGETTING}
    settings["format"] = format_of(settings)
    lower = np.tril_indices(len(prior.centre) + 1)
    model.tensors |= {
        "readout.weight": prior.rows.astype(np.float32),
        ADAPTING[0]: prior.inverse[lower].astype(np.float32),
        ADAPTING[1]: prior.centre.astype(np.float32),
        ADAPTING[2]: prior.scale.astype(np.float32),
    }
    try:
        check(settings, {name: (tensor.shape, 0, 0) for name, tensor in model.tensors.items()})
    except ModelError as error:
        raise RivuletError(f"--spare-classes: {error}") from None
    return said


def _of_classes(
    model: ModelFile, found: dict[str, Floats], recording: Path, spare: int
) -> tuple[Prior, str]:
    classes = model.settings["classes"]
    missing = [name for name in classes if name not in found]
    if missing:
        raise RivuletError(
            f"{recording}: --spare-classes needs labelled events of every class; there is none "
            f"of {', '.join(missing)}"
        )
    by_class = [found[name] for name in classes]
    prior = class_prior(by_class, spare, RIDGE)
    agreed = [
        (_outputs(model.tensors["readout.weight"], z).argmax(1) == i).mean()
        for i, z in enumerate(by_class)
    ]
    fitted = [(_outputs(prior.rows, z).argmax(1) == i).mean() for i, z in enumerate(by_class)]
    return prior, (
        f"adaptable: {len(classes)} classes and {spare} spare; the readout fitted to +-1 agrees "
        f"with {np.mean(fitted):.2%} of the labels, the one before with {np.mean(agreed):.2%} "
        "(mean over classes, half of the events lost in half of them)"
    )


def _of_values(model: ModelFile, found: dict[str, Floats], spare: int) -> tuple[Prior, str]:
    if spare:
        raise RivuletError("--spare-classes: a model of values has none: --spare-classes 0")
    features = np.concatenate(list(found.values()))
    centre, scale = spread(features)
    phi = normalised(features, centre, scale)
    matrix = RIDGE * np.eye(phi.shape[1]) + CLASS_WEIGHT * phi.T @ phi / len(phi)
    rows = model.tensors["readout.weight"].astype(np.float64)
    prior = Prior(centre, scale, np.linalg.inv(matrix), rows)
    return prior, f"adaptable: {len(rows)} outputs learn from true values"


def _spare_names(classes: list[str], spare: int) -> list[str]:
    names = (f"spare {number}" for number in count(1))
    return list(islice((name for name in names if name not in classes), spare))


def _outputs(rows: Floats, features: Floats) -> Floats:
    outputs: Floats = features @ rows[:, :-1].T + rows[:, -1]
    return outputs


def _features(model: ModelFile, recording: Path, late: Late) -> dict[str, Floats]:
    """Return what the readout reads after each event, (events, features), by label.

    Just after a change of label the leaky mean still holds the class before: such events do not
    count.
    """
    settles_us = 1e6 * float(model.settings["readout_tau_s"])
    random = np.random.default_rng(_SEED)
    settled: dict[str, list[Floats]] = {}
    every: dict[str, list[Floats]] = {}
    for lost in (0.0, _LOST):
        run = running(model)
        then: int | None = None
        label, since = "", 0
        for event in read(recording, model.settings["channels"]):
            if event.back_from is not None:
                if late is Late.drop:
                    continue
                raise RivuletError(f"{goes_back(recording, event)}; or --late drop")
            if then is None or event.label != label:
                label, since = event.label, event.t_us
            if then is not None and random.random() < lost:
                continue
            feed(run, event.t_us - (event.t_us if then is None else then), np.array(event.values))
            then = event.t_us
            if not label and model.settings["output"] == "class":
                continue
            features = np.array(run.readout.features()[:-1])
            every.setdefault(label, []).append(features)
            if event.t_us - since >= settles_us:
                settled.setdefault(label, []).append(features)
    # Of a class that never stayed for so long, all events count.
    return {label: np.array(settled.get(label, each)) for label, each in every.items()}
