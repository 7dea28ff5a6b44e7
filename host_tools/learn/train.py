"""Trains a project's model and judges it: `train_project`. Needs PyTorch."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from host_tools import files
from host_tools.data.calibration import ranges
from host_tools.data.event_table import EventTable
from host_tools.learn import batches, cells, judge, model_files
from host_tools.learn.dataset import Dataset
from host_tools.learn.model_files import ModelPair
from host_tools.learn.objectives import choice_of, loss_of
from host_tools.learn.time_scales import time_scales
from host_tools.learn.windows import Windows
from host_tools.printing import note
from host_tools.project import Project
from host_tools.project.load import FLOAT_MODEL, INT8_MODEL
from host_tools.tau import QUANTILES
from host_tools.train import time_constants
from host_tools.train.fit import History, TrainingPlan, fit
from host_tools.train.judge import trajectory_of
from host_tools.train.network import Network, one_thread
from host_tools.train.results import write_json

METRICS, CHECKPOINT = "metrics.json", "training.pt"


@dataclass(frozen=True)
class Options:
    """Options of `rivulet train` in a project; None: as the project or the recipe says."""

    out: Path
    seeds: int | None = None
    iterations: int | None = None
    resume: bool = False
    # Train with simulated int8 arithmetic.
    int8: bool = False


@dataclass(frozen=True)
class Trained:
    """What training left: the model files, what is in metrics.json, and where it all lies."""

    data: Dataset
    models: ModelPair
    metrics: dict[str, Any]
    history: History
    # Quantiles of each unit's time constant over the training part, s: (3, units).
    tau_s: np.ndarray
    # The files written.
    paths: list[Path] = field(default_factory=list)


def train_project(
    project: Project,
    data: Dataset,
    options: Options,
    baselines: Callable[[int, int], dict[str, Any]] | None = None,
) -> Trained:
    """Train the project's network on its recordings; write model files and metrics.json.

    baselines: called once the model is written, with its number of parameters and of seeds; gives
    the figures of other models on the same test part, for metrics.json. Raises RivuletError.
    """
    started = time.monotonic()
    seeds = list(range(options.seeds or 1))
    int8 = project.train.int8 or options.int8
    window = batches.window_of(data)
    network = _network(project, data, seeds, window, int8)
    events = model_files.calibration(data)
    _rehearse(project, data, network, events, int8, options)
    files.make_folder(options.out)
    with one_thread():
        history = _fit(project, data, network, seeds, window, options)
        trained = Windows(data, data.training).spread(batches.CHECKED, window)[0]
        best = history.best()
        tau_s = time_constants.measure(trajectory_of(network, trained), best)
    note("testing the model")
    provenance = _provenance(project, data, network, seeds[best], history)
    models = model_files.build(
        data, network, best, provenance, tau_s, int8, events, project.policy
    )
    paths = [options.out / FLOAT_MODEL]
    models.float32.save(paths[0])
    if models.int8 is not None:
        paths.append(options.out / INT8_MODEL)
        models.int8.save(paths[1])
    else:
        # An older one would be pushed in place of the new model.
        (options.out / INT8_MODEL).unlink(missing_ok=True)
    seconds = time.monotonic() - started
    others = {} if baselines is None else baselines(network.size(), len(seeds))
    metrics = _metrics(data, models, network, history, others)
    metrics["sizes"] |= {path.name: path.stat().st_size for path in paths}
    metrics["seconds"] = round(seconds, 1)
    write_json(options.out / METRICS, metrics)
    return Trained(data, models, metrics, history, tau_s, [*paths, options.out / METRICS])


def _network(
    project: Project, data: Dataset, seeds: list[int], window: int, int8: bool
) -> Network:
    scales = time_scales(data, window, int8)
    outputs = len(data.classes) or len(data.targets)
    wanted = cells.Wanted(seeds, len(data.channels), outputs, project.network, scales)
    return cells.make(project, wanted)


def _rehearse(
    project: Project,
    data: Dataset,
    network: Network,
    events: EventTable,
    int8: bool,
    options: Options,
) -> None:
    """Make model files of the untrained network: what they refuse must not be told afterwards."""
    if int8:
        model_files.check_int8(project, network)
    few = EventTable(events.t_us[:2], events.values[:2])
    tau_s = np.ones((len(QUANTILES), network.units))
    made = model_files.build(data, network, 0, {}, tau_s, False, few, project.policy)
    made.float32.to_bytes()
    if options.int8:
        network.quantise([channel.half for channel in ranges(made.float32.settings, events)])


def _fit(
    project: Project,
    data: Dataset,
    network: Network,
    seeds: list[int],
    window: int,
    options: Options,
) -> History:
    validated = bool(data.validation)
    plan = TrainingPlan(
        iterations=options.iterations or batches.ITERATIONS,
        warm_up=batches.WARM_UP,
        validate_every=batches.VALIDATE_EVERY,
        patience=batches.PATIENCE if validated else None,
        checkpoint_every=50,
        int8=options.int8,
    )
    checkpoint = options.out / CHECKPOINT
    if not options.resume:
        checkpoint.unlink(missing_ok=True)
    windows = Windows(data, data.training)
    count = batches.windows_in_batch(data)
    return fit(
        f"{project.name} (data {_digest(data)})",
        network,
        seeds,
        lambda random: windows.draw(count, window, project.train.drop, random),
        loss_of(data),
        plan,
        Windows(data, data.validation).spread(batches.CHECKED, 2 * window) if validated else None,
        checkpoint,
        choice=choice_of(data),
    )


def _digest(data: Dataset) -> str:
    """Return a few letters that change with what is trained on."""
    digest = hashlib.sha256(repr((data.channels, data.classes, data.targets)).encode())
    for piece in data.training:
        for part in (piece.t_us, piece.values, piece.labels, piece.targets):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:8]


def _provenance(
    project: Project, data: Dataset, network: Network, seed: int, history: History
) -> dict[str, Any]:
    parts = {part: len(pieces) for part, pieces in data.split.items()}
    return {
        "trained_by": "rivulet train",
        "project": project.name,
        "framework": f"PyTorch {torch.__version__.split('+')[0]}",
        "recordings": len(data.recordings),
        "split": f"by {data.split_by}: " + ", ".join(f"{n} {part}" for part, n in parts.items()),
        "seed": seed,
        "iterations": len(history.losses),
    }


def _metrics(
    data: Dataset,
    models: ModelPair,
    network: Network,
    history: History,
    baselines: dict[str, Any],
) -> dict[str, Any]:
    """Return the content of metrics.json, without the sizes of files and the time."""
    outputs = judge.outputs_of(models.float32, data.test)
    metrics: dict[str, Any] = {"task": data.task} | judge.figures(data, data.test, outputs)
    if data.classes:
        table = judge.confusion(data, data.test, outputs)
        metrics["classes"] = data.classes
        metrics["f1"] = dict(zip(data.classes, judge.f1_scores(table), strict=True))
        metrics["confusion"] = table.tolist()
    else:
        metrics["rmse_by_target"] = judge.rmse_by_target(data, data.test, outputs)
        metrics["units"] = dict(zip(data.targets, data.target_units, strict=True))
    if models.int8 is not None:
        integers = judge.outputs_of(models.int8, data.test)
        metrics["int8"] = judge.figures(data, data.test, integers)
    if data.validation:
        outputs = judge.outputs_of(models.float32, data.validation)
        metrics["validation"] = judge.figures(data, data.validation, outputs)
    metrics["losses"] = judge.under_losses(data, models.float32)
    metrics["baselines"] = baselines
    metrics["split"] = split_of(data)
    metrics["iterations"] = len(history.losses)
    metrics["sizes"] = {"parameters": network.size()}
    return metrics


def split_of(data: Dataset) -> dict[str, Any]:
    """Return what the parts of the split hold, for metrics.json."""
    found: dict[str, Any] = {"by": data.split_by}
    for part, pieces in data.split.items():
        found[part] = {
            "recordings": [piece.name for piece in pieces],
            "events": sum(map(len, pieces)),
            "answered": int(sum(piece.answered.sum() for piece in pieces)),
            "seconds": round(sum(piece.seconds for piece in pieces), 3),
        }
        if data.classes:
            counts = data.class_counts(part).tolist()
            found[part]["classes"] = dict(zip(data.classes, counts, strict=True))
    return found
