"""What a model file gets right on the test part: the device's code and the integers' reference.

The float model's outputs are those of `rivulet replay` on numpy, event by event from rest.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.convert import ModelFile
from host_tools.integers.reference import reference
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import LOSSES, Piece, kept_events
from rivulet import model as device_model

Outputs = list[NDArray[np.float64]]  # a piece each: (events, outputs)
Figures = dict[str, Any]


def outputs_of(model: ModelFile, pieces: Sequence[Piece]) -> Outputs:
    """Run a float or an int8 model over each piece from rest; its outputs at every event."""
    if "arithmetic" in model.settings:
        return _in_integers(model, pieces)
    data = model.to_bytes()
    running = device_model.load(io.BytesIO(data), len(data))
    found = []
    for piece in pieces:
        running.reset()
        rows = []
        for gap_us, values in zip(piece.gaps_us.tolist(), piece.values, strict=True):
            carried = np.flatnonzero(~np.isnan(values))
            running.event(gap_us, tuple(carried.tolist()), values[carried].tolist())
            rows.append(np.array(running.outputs(), np.float64))
        found.append(np.array(rows))
    return found


def _in_integers(model: ModelFile, pieces: Sequence[Piece]) -> Outputs:
    """Run all pieces at once; one that has ended stays where it is."""
    longest = max(len(piece) for piece in pieces)
    gaps = np.zeros((longest, len(pieces)), np.int64)
    values = np.full((longest, len(pieces), pieces[0].values.shape[1]), np.nan)
    for place, piece in enumerate(pieces):
        gaps[: len(piece), place] = piece.gaps_us
        values[: len(piece), place] = piece.values
    run = reference(model.tensors, model.settings, len(pieces))
    rows = []
    for gap_us, carried in zip(gaps, values, strict=True):
        run.measured(gap_us, carried)
        rows.append(run.values())
    table = np.array(rows, np.float64)
    return [table[: len(piece), place] for place, piece in enumerate(pieces)]


def figures(data: Dataset, pieces: Sequence[Piece], outputs: Outputs) -> Figures:
    """Return accuracy and macro F1, or the rmse, over every event with an answer."""
    if data.classes:
        table = confusion(data, pieces, outputs)
        return {"accuracy": _rounded(np.trace(table) / table.sum()), "macro_f1": macro_f1(table)}
    return {"rmse": _rounded(_rmse(data, pieces, outputs).pop("all"))}


def confusion(data: Dataset, pieces: Sequence[Piece], outputs: Outputs) -> NDArray[np.int64]:
    """Return how many events of each class (rows) were decided to be each class (columns)."""
    count = len(data.classes)
    table = np.zeros((count, count), np.int64)
    for piece, values in zip(pieces, outputs, strict=True):
        known = piece.labels >= 0
        np.add.at(table, (piece.labels[known], values[known].argmax(1)), 1)
    return table


def f1_scores(table: NDArray[np.int64]) -> list[float | None]:
    """Return the F1 of each class; None for a class that no event has."""
    found: list[float | None] = []
    for number, right in enumerate(np.diag(table)):
        truly, said = table[number].sum(), table[:, number].sum()
        found.append(_rounded(2 * right / (truly + said)) if truly else None)
    return found


def macro_f1(table: NDArray[np.int64]) -> float:
    """Return the mean F1 of the classes that are there."""
    return _rounded(float(np.mean([score for score in f1_scores(table) if score is not None])))


def rmse_by_target(data: Dataset, pieces: Sequence[Piece], outputs: Outputs) -> dict[str, float]:
    """Return the root of the mean squared error of each target, in its unit."""
    errors = _rmse(data, pieces, outputs)
    return {name: _rounded(errors[name]) for name in data.targets}


def _rmse(data: Dataset, pieces: Sequence[Piece], outputs: Outputs) -> dict[str, float]:
    error = np.concatenate([o - p.targets for p, o in zip(pieces, outputs, strict=True)])
    square = error**2
    found = {
        name: float(np.sqrt(np.nanmean(column))) if np.isfinite(column).any() else np.nan
        for name, column in zip(data.targets, square.T, strict=True)
    }
    return found | {"all": float(np.sqrt(np.nanmean(square)))}


def under_losses(data: Dataset, model: ModelFile) -> dict[str, Figures]:
    """Return the figures by the share of events lost, as text.

    Lost events are neither seen nor judged; which ones, `piece.kept_events` says.
    """
    found = {}
    for share in LOSSES:
        masks = kept_events(data.test, share)
        pieces = [p.thinned(mask) for p, mask in zip(data.test, masks, strict=True)]
        pieces = [piece for piece in pieces if len(piece)]
        found[f"{share:g}"] = figures(data, pieces, outputs_of(model, pieces))
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
