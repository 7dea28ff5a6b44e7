"""Who competes in the evidence, at what size, on what data and under which conditions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train import augment, datasets, judge
from host_tools.train.cells.cfc import Cfc
from host_tools.train.cells.ctrnn import Ctrnn
from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.ltc import Ltc
from host_tools.train.cells.node import NeuralOde
from host_tools.train.network import Network
from host_tools.train.peers import Gru, Lstm
from host_tools.train.series import Events, Series

# Every set is played at this period, so that nobody's time constants or interval inputs fit one
# set's rate by accident.
PERIOD_S = 0.1
MOST_UNITS = 256

Make = Callable[..., Network]
KINDS: dict[str, Make] = {
    "decay": DecayCell,
    "LTC": Ltc,
    # The backbone as wide as the state: one size to choose, as for the others.
    "CfC": lambda seeds, m, k, units: Cfc(seeds, m, k, units, backbone=(units, 1)),
    "CTRNN": Ctrnn,
    "neural ODE": lambda seeds, m, k, units: NeuralOde(seeds, m, k, units, (units,)),
    "GRU": lambda seeds, m, k, units: Gru(seeds, m, k, units, timed=False),
    "GRU fed dt": Gru,
    "LSTM": lambda seeds, m, k, units: Lstm(seeds, m, k, units, timed=False),
}
RULER = "GRU fed dt"  # its size is what nobody may exceed


def contender(kind: str, seed: int, channels: int, outputs: int, ruler_units: int) -> Network:
    """The largest network of a kind with no more parameters than a ruler of so many units."""
    if kind not in KINDS:
        raise RivuletError(f"no kind is called '{kind}': {', '.join(KINDS)}")
    budget = KINDS[RULER]([seed], channels, outputs, ruler_units).size()
    low, high = 1, MOST_UNITS
    while low < high:
        middle = (low + high + 1) // 2
        if KINDS[kind]([seed], channels, outputs, middle).size() <= budget:
            low = middle
        else:
            high = middle - 1
    return KINDS[kind]([seed], channels, outputs, low)


@dataclass(frozen=True)
class Data:
    series: Series
    labels: Tensor  # (recordings,)
    sensors: tuple[tuple[int, ...], ...]


def prepared(name: str) -> tuple[Data, Data, int, int]:
    """(training, test, channels, classes) of a set."""
    train, test = datasets.load(name, "train"), datasets.load(name, "test")
    normalisation, period_us = train.normalisation(), round(PERIOD_S * 1e6)
    both = [
        Data(one.series(normalisation, period_us), torch.tensor(one.labels), one.source.sensors)
        for one in (train, test)
    ]
    return both[0], both[1], train.channels, len(train.classes)


@dataclass(frozen=True)
class Damage:
    """What a condition does to every recording."""

    drop: float = 0.0
    jitter_s: float = 0.0
    outage: float = 0.0  # share of the recording for which one sensor is silent

    def applied(self, series: Series, sensors: Any, random: torch.Generator) -> Series:
        count = len(series.duration)
        each = torch.ones(count)
        series = augment.jitter(series, self.jitter_s * each, random)
        series = augment.drop(series, self.drop * each, random)
        return silenced(series, sensors, self.outage * each, random)


CONDITIONS = {
    **{f"drop {100 * rate:.0f} %": Damage(drop=rate) for rate in (0.0, 0.3, 0.5, 0.7, 0.9)},
    "jitter": Damage(jitter_s=0.5 * PERIOD_S),
    "outage": Damage(outage=0.5),
}


def silenced(series: Series, sensors: Any, share: Tensor, random: torch.Generator) -> Series:
    """One sensor, drawn for each recording, is silent for this share of it; 0: none."""
    drawn = torch.randint(len(sensors), (len(share),), generator=random)
    for number, channels in enumerate(sensors):
        length = torch.where(drawn == number, share, 0.0) * series.duration
        series = augment.outage(series, channels, length, random)
    return series


def batch(data: Data, size: int, random: torch.Generator) -> tuple[Events, Tensor]:
    """Augmented recordings, the same treatment for every kind."""
    count = len(data.labels)
    copies = -(-size // count)
    pick = torch.cat([torch.randperm(count, generator=random) for _ in range(copies)])[:size]

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=random)

    series = data.series.pick(pick)
    noise = torch.randn(series.inputs.shape, generator=random)
    inputs = series.inputs * uniform(0.9, 1.1)[:, None, None]
    series = replace(series, inputs=inputs + uniform(0, 0.1)[:, None, None] * noise)
    series = augment.jitter(series, uniform(0, 0.5 * PERIOD_S), random)
    series = augment.drop(series, uniform(0, 0.9) * (uniform(0, 1) > 0.15), random)
    series = silenced(series, data.sensors, uniform(0, 0.7) * (uniform(0, 1) > 0.7), random)
    series = augment.stretch(series, uniform(0.9, 1.1))
    return series.events(), data.labels[pick]


def score(network: Network, data: Data, damage: Damage, times: int) -> float:
    """Test accuracy of a single model, each recording damaged `times` times."""

    def make(pick: Tensor, random: torch.Generator) -> Events:
        return damage.applied(data.series.pick(pick), data.sensors, random).events()

    return float(judge.from_rest(network, make, data.labels, times).accuracy[0])
