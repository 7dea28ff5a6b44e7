"""Contenders of the evidence: networks, their sizes, data and test conditions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train import RULER, augment, datasets, judge
from host_tools.train.cells.cascade import Cascade, Form
from host_tools.train.cells.cfc import Cfc
from host_tools.train.cells.ctrnn import Ctrnn
from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.ltc import Ltc
from host_tools.train.cells.node import NeuralOde
from host_tools.train.losses import class_loss
from host_tools.train.network import Network, Readout
from host_tools.train.peers import Gru, Lstm
from host_tools.train.series import EventBatch, Series

# Every set is played at this period, so that no network's time constants or interval inputs fit
# one set's rate by accident.
PERIOD_S = 0.1
MOST_UNITS = 256

Make = Callable[..., Network]
KINDS: dict[str, Make] = {
    "decay": DecayCell,
    "cascade u": Cascade,
    "cascade v": partial(Cascade, form=Form(rates="v")),
    # Half of ncps' unfolds: each is a pass over every synapse and every series.
    "LTC": lambda seeds, m, k, n, **more: Ltc(seeds, m, k, n, unfolds=3, **more),
    # The backbone is as wide as the state: one size to choose, as for the others.
    "CfC": lambda seeds, m, k, n, **more: Cfc(seeds, m, k, n, backbone=(n, 1), **more),
    "CTRNN": Ctrnn,
    # One step covers an interval without loss: a step costs four passes.
    "neural ODE": lambda seeds, m, k, n, **more: NeuralOde(
        seeds, m, k, n, (n,), step_s=2.5 * PERIOD_S, **more
    ),
    "GRU": lambda seeds, m, k, n, **more: Gru(seeds, m, k, n, timed=False, **more),
    "GRU fed dt": Gru,
    "LSTM": lambda seeds, m, k, n, **more: Lstm(seeds, m, k, n, timed=False, **more),
}
HALF = ", half"  # ends the name of a contender that may have half of the ruler's parameters
CONTENDERS = (
    *("decay", f"decay{HALF}", "cascade u", f"cascade u{HALF}", "cascade v", f"cascade v{HALF}"),
    *("LTC", "CfC", "CTRNN", "neural ODE", "GRU", "GRU fed dt", f"GRU fed dt{HALF}", "LSTM"),
)


def contender(
    name: str, seeds: list[int], sizes: tuple[int, int], ruler_units: int, readout: Readout
) -> Network:
    """Make the largest networks of a kind within the ruler's number of parameters, or half of it.

    sizes: channels and classes.
    """
    kind = name.removesuffix(HALF)
    if kind not in KINDS:
        raise RivuletError(f"no kind is called '{kind}': {', '.join(KINDS)}")
    budget = KINDS[RULER]([0], *sizes, ruler_units).size() // (2 if name.endswith(HALF) else 1)
    units = most_units(lambda units: KINDS[kind]([0], *sizes, units), budget)
    return KINDS[kind](seeds, *sizes, units, readout=readout)


def most_units(make: Callable[[int], Network], budget: int) -> int:
    """Return the largest number of units whose network has at most `budget` parameters."""
    low, high = 1, MOST_UNITS
    while low < high:
        middle = (low + high + 1) // 2
        if make(middle).size() <= budget:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True)
class Data:
    series: Series
    labels: Tensor  # (recordings,)
    sensors: tuple[tuple[int, ...], ...]

    def parted(self) -> tuple["Data", "Data"]:
        """Return (training, validation): validation is every third recording of each class."""
        within = torch.zeros_like(self.labels)
        for label in self.labels.unique():
            here = self.labels == label
            within[here] = torch.arange(int(here.sum()))
        chosen = within % 3 == 1
        left, right = (self._picked(torch.nonzero(part)[:, 0]) for part in (~chosen, chosen))
        return left, right

    def _picked(self, index: Tensor) -> "Data":
        return Data(self.series.pick(index), self.labels[index], self.sensors)


def prepared(name: str) -> tuple[Data, Data, tuple[int, int]]:
    """Load a set: (training, test, (channels, classes))."""
    train, test = datasets.load(name, "train"), datasets.load(name, "test")
    normalisation, period_us = train.normalisation(), round(PERIOD_S * 1e6)
    both = [
        Data(one.series(normalisation, period_us), torch.tensor(one.labels), one.source.sensors)
        for one in (train, test)
    ]
    return both[0], both[1], (train.channels, len(train.classes))


@dataclass(frozen=True)
class Damage:
    """Faults that a test condition applies to every recording."""

    drop: float = 0.0
    jitter_s: float = 0.0
    outage: float = 0.0  # share of the recording for which one sensor is silent

    def applied(self, series: Series, sensors: Any, random: torch.Generator) -> Series:
        count = len(series.duration)
        each = torch.ones(count)
        series = augment.jitter(series, self.jitter_s * each, random)
        series = augment.drop(series, self.drop * each, random)
        return silenced(series, sensors, self.outage * each, random)


def conditions(period_s: float) -> dict[str, Damage]:
    """Return the test conditions, by name, of recordings sampled at this period."""
    return {
        **{f"drop {100 * rate:.0f} %": Damage(drop=rate) for rate in (0.0, 0.3, 0.5, 0.7, 0.9)},
        "jitter": Damage(jitter_s=0.5 * period_s),
        "outage": Damage(outage=0.5),
    }


def silenced(series: Series, sensors: Any, share: Tensor, random: torch.Generator) -> Series:
    """Silence one sensor, drawn for each recording, for this share of it; 0: none."""
    drawn = torch.randint(len(sensors), (len(share),), generator=random)
    for number, channels in enumerate(sensors):
        length = torch.where(drawn == number, share, 0.0) * series.duration
        series = augment.outage(series, channels, length, random)
    return series


def batch(
    data: Data, size: int, random: torch.Generator, period_s: float = PERIOD_S
) -> tuple[EventBatch, Tensor]:
    """Draw a batch of augmented recordings, by the same recipe for every kind."""
    count = len(data.labels)
    copies = -(-size // count)
    pick = torch.cat([torch.randperm(count, generator=random) for _ in range(copies)])[:size]

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=random)

    series = data.series.pick(pick)
    noise = torch.randn(series.inputs.shape, generator=random)
    inputs = series.inputs * uniform(0.9, 1.1)[:, None, None]
    series = replace(series, inputs=inputs + uniform(0, 0.1)[:, None, None] * noise)
    series = augment.jitter(series, uniform(0, 0.5 * period_s), random)
    series = augment.drop(series, uniform(0, 0.9) * (uniform(0, 1) > 0.15), random)
    series = silenced(series, data.sensors, uniform(0, 0.7) * (uniform(0, 1) > 0.7), random)
    series = augment.stretch(series, uniform(0.9, 1.1))
    return series.events(), data.labels[pick]


def loss(logits: Tensor, events: EventBatch, labels: Tensor, period_s: float = PERIOD_S) -> Tensor:
    """Return the class loss: full weight at the end, half of it before, from sample 10 on."""
    options = {"settle_s": 0.0, "full_s": 10 * period_s, "early_weight": 0.5}
    return class_loss(logits, events, labels, label_smoothing=0.02, **options)


def score(network: Network, data: Data, damage: Damage, times: int) -> judge.Score:
    """Score every model, with `times` random damages of each recording."""

    def make(pick: Tensor, random: torch.Generator) -> EventBatch:
        return damage.applied(data.series.pick(pick), data.sensors, random).events()

    return judge.from_rest(network, make, data.labels, times)
