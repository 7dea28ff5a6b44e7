"""A gated recurrent unit with as many parameters as the liquid network, with and without time."""

from collections.abc import Sequence

import torch
from torch import Tensor

from host_tools.learn.baselines.judging import Answers
from host_tools.learn.baselines.sequences import Trained
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece
from host_tools.train.network import Readout
from host_tools.train.peers import Gru

_MOST_UNITS = 512


class GruBaseline:
    """timed: the time since the event before is one more input."""

    def __init__(
        self,
        data: Dataset,
        drop: float,
        parameters: int,
        timed: bool,
        seeds: int = 1,
        iterations: int | None = None,
    ) -> None:
        self.name = "GRU fed dt" if timed else "GRU"
        usual = data.median_gap_s() or 1.0

        def clock(gaps_s: Tensor) -> Tensor:
            # Recurrent networks want inputs of about 1; gaps reach over decades.
            return torch.log1p(gaps_s / usual)

        sizes = len(data.channels), len(data.classes) or len(data.targets)
        units = _units(sizes, parameters, timed)
        # As liquid networks here: the answer at an event has seen it.
        network = Gru(
            list(range(seeds)),
            *sizes,
            units,
            timed=timed,
            readout=Readout("state"),
            convention="current",
        )
        self.what = f"{units} units, {network.size():,} parameters"
        self._trained = Trained(data, network, drop, iterations, clock)

    def fit(self) -> None:
        self._trained.fit(self.name)

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        return self._trained.predict(pieces)


def _units(sizes: tuple[int, int], parameters: int, timed: bool) -> int:
    """Return the units of the largest GRU with at most so many parameters."""
    low, high = 1, _MOST_UNITS
    while low < high:
        middle = (low + high + 1) // 2
        if Gru([0], *sizes, middle, timed=timed).size() <= parameters:
            low = middle
        else:
            high = middle - 1
    return low
