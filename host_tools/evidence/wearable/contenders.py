"""The networks that are compared on the wearable set, and what they get of an event.

Every network answers at an event that it has seen: the convention is "current", and its readout
gets the event's inputs beside the state. The logarithm of the gap is one more input, except for
the GRU and the LSTM that are to do without time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from host_tools.evidence.wearable import FOREST
from host_tools.train.beside import Beside
from host_tools.train.cells import cascade, relaxing
from host_tools.train.cells.cascade import Cascade
from host_tools.train.cells.cfc import Cfc
from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.ltc import Ltc
from host_tools.train.contenders import HALF, most_units
from host_tools.train.network import Network, Readout
from host_tools.train.peers import Gru, GruD, Lstm, StateSpace, Transformer
from host_tools.train.series import EventBatch

_LONGEST_S, _USUAL_S = 30.0, 0.1  # of the gaps that the logarithm tells apart
_SCALES: dict[str, Any] = {"alpha_min": 0.02, "start_tau_s": (0.1, 30.0), "convention": "current"}
_STATE = Readout("state")
# ncps' own number of unfolds is 6: each is a pass over every synapse.
_UNFOLDS = 3

Make = Callable[[list[int], int, int, int], Network]


def _cascade(rates: str) -> Make:
    form = cascade.Form(rates=rates, **_SCALES)
    return lambda seeds, m, k, n: Cascade(seeds, m, k, n, form, _STATE)


def _recurrent(kind: type[Gru] | type[Lstm]) -> Make:
    return lambda seeds, m, k, n: kind(seeds, m, k, n, False, _STATE, "current")


KINDS: dict[str, Make] = {
    "decay": lambda seeds, m, k, n: DecayCell(seeds, m, k, n, relaxing.Form(**_SCALES), _STATE),
    "cascade u": _cascade("u"),
    "cascade v": _cascade("v"),
    "LTC": lambda seeds, m, k, n: Ltc(seeds, m, k, n, unfolds=_UNFOLDS, readout=_STATE),
    "CfC": lambda seeds, m, k, n: Cfc(seeds, m, k, n, backbone=(n, 1), readout=_STATE),
    "GRU": _recurrent(Gru),
    "GRU fed dt": _recurrent(Gru),
    "GRU-D": _recurrent(GruD),
    "LSTM": _recurrent(Lstm),
    "transformer": Transformer,
    "state space": StateSpace,
}
_WITHOUT_TIME = ("GRU", "LSTM")
CONTENDERS = (
    *("decay", "cascade u", f"cascade u{HALF}", "cascade v", f"cascade v{HALF}", "CfC", "LTC"),
    *("GRU", "GRU fed dt", "GRU-D", "LSTM", "transformer", "state space", FOREST),
)


@dataclass(frozen=True)
class Contender:
    """A kind of network; `clocked` tells whether it gets the gaps' logarithm."""

    kind: str
    clocked: bool
    parameters: int  # at most

    def make(self, seeds: list[int], channels: int, outputs: int) -> Network:
        """Make the largest networks within the number of parameters."""
        units = most_units(lambda n: self.sized([0], channels, outputs, n), self.parameters)
        return self.sized(seeds, channels, outputs, units)

    def sized(self, seeds: list[int], channels: int, outputs: int, units: int) -> Network:
        """Make networks of this many units."""
        wide = channels + self.clocked
        return Beside(seeds, KINDS[self.kind](seeds, wide, outputs, units), wide)

    def given(self, events: EventBatch) -> EventBatch:
        """Return the events as the network gets them."""
        if not self.clocked:
            return events
        inputs = torch.cat([events.inputs, clock(events.gaps)[..., None]], -1)
        return replace(events, inputs=inputs)


def named(name: str, parameters: int) -> Contender:
    kind = name.removesuffix(HALF)
    most = parameters // 2 if name.endswith(HALF) else parameters
    return Contender(kind, kind not in _WITHOUT_TIME, most)


def clock(gaps: Tensor) -> Tensor:
    """Return the logarithm of gaps in s, of a size that suits a network."""
    return torch.log1p(gaps.clamp_max(_LONGEST_S) / _USUAL_S) / 2 - 0.75
