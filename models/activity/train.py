"""Train the `activity` model: rivulet train models/activity, or run this file.

Writes weights.npz (the shipped seed), weights_b.npz (the runner-up, which the demo swaps in),
metrics.json and curve.png. Every number is the same on every run on one machine.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools import tau
from host_tools.data.recordings import Recordings, load
from host_tools.errors import RivuletError
from host_tools.printing import note, say
from host_tools.train import augment, curve, judge, results, time_constants
from host_tools.train.cells.decay import DecayCell
from host_tools.train.collect import even
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.losses import class_loss
from host_tools.train.network import Network
from host_tools.train.peers import Gru
from host_tools.train.recipe import Options, main
from host_tools.train.series import EventBatch, Series

SEEDS = 5
PLAN = TrainingPlan(iterations=1000, carry=0.5)
COPIES = 2  # of the training set in a batch: one from the zero state, one from a used state
# Augmentation, drawn anew for every series.
MAX_DROP, NO_DROP_SHARE = 0.9, 0.15
MAX_JITTER_S = 0.03
STRETCH, AMPLITUDE = 0.1, 0.1  # speed and strength of the movement, +-
GRAVITY_SHARE = 0.5  # of the series
GRAVITY = 9.80665  # m/s^2
MAX_NOISE = 0.1  # standard deviation, in units of the channel's own
# Judging: random sets of lost samples for each recording; orders of a stream and its jitter.
DROPS = (0.0, 0.3, 0.5, 0.7, 0.9)
MASKS, STREAMS, STREAM_JITTER_S = 20, 20, 0.03
PERIOD_S = 0.1
SELECTION = (
    "lowest training-set loss, averaged over recordings from the zero state, the same with"
    " gravity, and as a stream, each with 0, 30, 50, 70 and 90 % of the samples dropped"
)


@dataclass(frozen=True)
class Samples:
    """Labelled series; the inputs are (values - offset) * scale."""

    series: Series
    labels: Tensor  # (series,)
    scale: Tensor  # (channels,)

    def tilted(self, series: Series, where: Tensor, random: torch.Generator) -> Series:
        """Gravity from a random direction added to the series that `where` names.

        The watch that made the recordings reports acceleration without gravity. A bare
        accelerometer such as the MPU-6050's feels it, from whichever side the board is mounted.
        """
        down = F.normalize(torch.randn(len(where), 1, 3, generator=random), dim=2)
        felt = F.pad(GRAVITY * down, (0, len(self.scale) - 3)) * self.scale
        return replace(series, inputs=series.inputs + where[:, None, None] * felt)


def train(options: Options) -> None:
    seeds = list(range(SEEDS if options.seeds is None else options.seeds))
    if len(seeds) < 2:
        raise RivuletError("at least 2 seeds: the best is shipped, the second is its runner-up")
    recordings = load("activity", "train")
    offset, scale = normalisation(recordings)
    training = samples(recordings, offset, scale)
    sizes = len(recordings.channels), len(recordings.classes)
    decay, untimed, gru = DecayCell(seeds, *sizes), DecayCell(seeds, *sizes), Gru(seeds, *sizes)
    histories = {}
    for name, network, true_gaps in (
        ("decay cell", decay, True),
        ("decay cell without time", untimed, False),
        ("GRU fed the interval", gru, True),
    ):

        def draw(
            random: torch.Generator, true_gaps: bool = true_gaps
        ) -> tuple[EventBatch, Tensor]:
            events, labels = batch(training, random)
            return events if true_gaps else events.assuming_period(PERIOD_S), labels

        plan, kept = options.plan(PLAN), options.checkpoint(name)
        if network is gru:
            plan = replace(plan, int8=False)  # it does not run on boards
        histories[name] = fit(name, network, seeds, draw, loss, plan, save_to=kept)
    curve.draw(options.out / "curve.png", histories)

    note("judging every seed")
    # The test set has no say in which seed is shipped.
    losses = [judge(decay, training, drop=drop).loss for judge in WAYS.values() for drop in DROPS]
    choice = torch.stack(losses).mean(0)
    shipped, runner_up = torch.argsort(choice)[:2].tolist()
    testing = samples(load("activity", "test"), offset, scale)
    accuracy = {
        name: results.measure(WAYS, DROPS, network, testing, true_gaps)
        for name, network, true_gaps in (
            ("decay", decay, True),
            ("decay_run_without_time", decay, False),
            ("decay_trained_and_run_without_time", untimed, False),
            ("gru_fed_the_interval", gru, True),
        )
    }
    results.show(accuracy)
    metrics = {
        "seeds": seeds,
        "selection": {
            "rule": SELECTION,
            "training_loss": [round(value, 5) for value in choice.tolist()],
            "shipped_seed": seeds[shipped],
            "runner_up_seed": seeds[runner_up],
        },
        "parameters": {"decay": decay.size(), "gru_fed_the_interval": gru.size()},
        "evaluation": {"masks": MASKS, "streams": STREAMS, "stream_jitter_s": STREAM_JITTER_S},
        "test_accuracy_median": results.medians(accuracy),
        "test_accuracy_by_seed": accuracy,
    }
    results.write_json(options.out / "metrics.json", metrics)
    trajectory = judge.trajectory_of(decay, training.series.events())
    for file, index in (("weights.npz", shipped), ("weights_b.npz", runner_up)):
        test = {drop: by_seed[index] for drop, by_seed in accuracy["decay"]["from_rest"].items()}
        seen = tau.to_provenance(time_constants.measure(trajectory, index))
        stated = metadata(recordings, (offset, scale))
        stated["provenance"] |= {"seed": seeds[index], "test_accuracy": test, "tau_s": seen}
        results.save(options.out / file, decay, index, stated)
        say(f"wrote {options.out / file}: seed {seeds[index]}")


def normalisation(recordings: Recordings) -> tuple[list[float], list[float]]:
    """Offset and scale a channel, over all training samples; short, since boards parse them."""
    values = recordings.values.reshape(-1, len(recordings.channels))
    return values.mean(0).round(5).tolist(), (1 / values.std(0)).round(5).tolist()


def samples(recordings: Recordings, offset: list[float], scale: list[float]) -> Samples:
    inputs = (recordings.values - np.array(offset)) * np.array(scale)
    return Samples(
        even(inputs, PERIOD_S),
        torch.tensor(recordings.labels),
        torch.tensor(scale, dtype=torch.float32),
    )


def batch(data: Samples, random: torch.Generator) -> tuple[EventBatch, Tensor]:
    """Augmented copies of the training set, in random order, for one model."""
    count = len(data.labels)
    pick = torch.cat([torch.randperm(count, generator=random) for _ in range(COPIES)])

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(pick), generator=random)

    series = data.series.pick(pick)
    inputs = series.inputs * uniform(1 - AMPLITUDE, 1 + AMPLITUDE)[:, None, None]
    noise = torch.randn(inputs.shape, generator=random)
    series = replace(series, inputs=inputs + uniform(0, MAX_NOISE)[:, None, None] * noise)
    series = data.tilted(series, uniform(0, 1) < GRAVITY_SHARE, random)
    rate = uniform(0, MAX_DROP) * (uniform(0, 1) >= NO_DROP_SHARE)
    slower = uniform(1 - STRETCH, 1 + STRETCH)
    series = augment.jitter(series, uniform(0, MAX_JITTER_S), random)
    series = augment.stretch(augment.drop(series, rate, random), slower)
    return series.events(), data.labels[pick]


def loss(logits: Tensor, events: EventBatch, labels: Tensor) -> Tensor:
    """The answer must be right at the end, and count from 2 s on."""
    return class_loss(
        logits, events, labels, label_smoothing=0.02, settle_s=2.0, full_s=7.0, early_weight=0.5
    )


def played(data: Samples, drop: float, jitter_s: float, true_gaps: bool, tilt: bool) -> judge.Make:
    """Events for judging."""

    def make(pick: Tensor, random: torch.Generator) -> EventBatch:
        series = data.series.pick(pick)
        each = torch.ones(len(pick))
        if tilt:
            series = data.tilted(series, each, random)
        series = augment.jitter(series, jitter_s * each, random)
        events = augment.drop(series, drop * each, random).events()
        return events if true_gaps else events.assuming_period(PERIOD_S)

    return make


def from_rest(
    network: Network, data: Samples, true_gaps: bool = True, drop: float = 0.0, tilt: bool = False
) -> judge.Score:
    make = played(data, drop, 0.0, true_gaps, tilt)
    return judge.from_rest(network, make, data.labels, MASKS)


def from_rest_with_gravity(
    network: Network, data: Samples, true_gaps: bool = True, drop: float = 0.0
) -> judge.Score:
    return from_rest(network, data, true_gaps, drop, tilt=True)


def as_stream(
    network: Network, data: Samples, true_gaps: bool = True, drop: float = 0.0
) -> judge.Score:
    make = played(data, drop, STREAM_JITTER_S, true_gaps, tilt=False)
    return judge.as_stream(network, make, data.labels, STREAMS)


WAYS = {
    "from_rest": from_rest,
    "stream": as_stream,
    "from_rest_with_gravity": from_rest_with_gravity,
}


def metadata(
    recordings: Recordings, normalised: tuple[list[float], list[float]]
) -> dict[str, Any]:
    """Everything a board must know to run the weights, beside the cell itself."""
    return {
        "channels": list(recordings.channels),
        "units": list(recordings.units),
        "normalisation": {"offset": normalised[0], "scale": normalised[1]},
        "output": "class",
        "classes": list(recordings.classes),
        "training_dt_us": recordings.period_us,
        "policy": {"cadence_us": 500_000},
        "provenance": {
            "trained_by": "models/activity/train.py",
            "framework": f"PyTorch {torch.__version__.split('+')[0]}",
            "data": "BasicMotions (UEA time series archive), from the aeon 1.6.0 wheel",
            "data_licence": "none stated for the data; the wheel is BSD-3-Clause",
            "split": "as published: 40 training, 40 test recordings",
        },
    }


if __name__ == "__main__":
    main(__file__)
