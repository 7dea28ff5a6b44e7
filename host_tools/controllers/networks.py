"""The networks that are compared, all of one size, and how they act."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from host_tools.controllers.rollout import Tick
from host_tools.controllers.tasks import Task
from host_tools.train.cells import cascade, relaxing
from host_tools.train.cells.decay import DecayCell
from host_tools.train.network import Network, Readout, State
from host_tools.train.peers import Gru
from host_tools.train.series import EventBatch

Floats = NDArray[np.float64]

MOST_PARAMETERS = 2000
_ALPHA_MIN, _ALPHA_MAX = 0.5, 300.0  # 1/s

Span = tuple[float, float]
Make = Callable[[list[int], int, int, int, Span], Network]


def _decay(seeds: list[int], channels: int, outputs: int, units: int, tau_s: Span) -> Network:
    form = relaxing.Form(
        convention="current", alpha_min=_ALPHA_MIN, alpha_max=_ALPHA_MAX, start_tau_s=tau_s
    )
    return DecayCell(seeds, channels, outputs, units, form, Readout("state"))


def _cascade(seeds: list[int], channels: int, outputs: int, units: int, tau_s: Span) -> Network:
    form = cascade.Form("v", "current", True, _ALPHA_MIN, _ALPHA_MAX, tau_s)
    return cascade.Cascade(seeds, channels, outputs, (units, units), form, Readout("state"))


def _gru(seeds: list[int], channels: int, outputs: int, units: int, tau_s: Span) -> Network:
    sizes = channels, outputs, units
    return Gru(seeds, *sizes, timed=False, readout=Readout("state"), convention="current")


# Kind -> (how it is made, whether it is fed the age and the fresh flag).
KINDS: dict[str, tuple[Make, bool]] = {
    "decay": (_decay, True),
    "cascade": (_cascade, True),
    "GRU": (_gru, False),
    "GRU fed dt": (_gru, True),
}


def made(kind: str, seeds: list[int], task: Task) -> Network:
    """Return the largest networks of a kind within the number of parameters, untrained."""
    make, timed = KINDS[kind]
    channels, outputs = len(inputs_of(task, timed)), 1 + task.truths
    units = 2
    while make([0], channels, outputs, units + 1, task.start_tau_s).size() <= MOST_PARAMETERS:
        units += 1
    return make(seeds, channels, outputs, units, task.start_tau_s)


def inputs_of(task: Task, timed: bool) -> list[int]:
    """Return the channels that a network sees: without the last two it knows no timing."""
    return list(range(len(task.channels) - (0 if timed else 2)))


def normalised(task: Task, values: NDArray[np.floating], timed: bool) -> Tensor:
    """Return inputs for physical values (..., channels)."""
    scaled = (values - task.offset) * task.scale
    return torch.from_numpy(scaled[..., inputs_of(task, timed)].astype(np.float32))


def events(inputs: Tensor, period_s: float) -> EventBatch:
    """Return ticks as events: inputs (models, episodes, ticks, channels)."""
    gaps = torch.full(inputs.shape[:3], period_s)
    return EventBatch(inputs, gaps, torch.zeros(inputs.shape[:2]), torch.ones_like(gaps))


def ahead(
    network: Network, batch: EventBatch, state: State, horizon_s: float
) -> tuple[Tensor, State]:
    """Return the outputs (models, episodes, 1, outputs) `horizon_s` after the last tick.

    They are those of Model.peek (firmware/rivulet/model/running.py) of a liquid network: inputs
    are held, and the returned state is that of the tick.
    """
    later = replace(batch, rest=torch.full_like(batch.rest, horizon_s))
    features, state = network.run(later, state)
    # The next tick follows this one, not the time that was looked at.
    return network.logits(features[:, :, -1:]), (*state[:-1], batch.rest)


def outputs(network: Network, batch: EventBatch, state: State) -> tuple[Tensor, State]:
    """Return the outputs (models, episodes, ticks, outputs) at each tick, which they have seen."""
    features, state = network.run(batch, state)
    # The last one is that after the ticks.
    return network.logits(features[:, :, :-1]), state


class NetworkController:
    """Networks in the loop: one model a row of episodes; horizon_s: how far outputs are peeked."""

    def __init__(
        self, task: Task, network: Network, timed: bool, episodes: int, horizon_s: float = 0.0
    ) -> None:
        self._task, self._network, self._timed = task, network, timed
        self._horizon_s = horizon_s
        self._state = network.zero_state(episodes)

    def act(self, tick: Tick) -> Floats:
        inputs = normalised(self._task, tick.values(), self._timed)[:, :, None]
        with torch.no_grad():
            batch = events(inputs, self._task.period_s)
            if self._horizon_s > 0:
                found, self._state = ahead(self._network, batch, self._state, self._horizon_s)
            else:
                found, self._state = outputs(self._network, batch, self._state)
        offset, scale = self._task.action
        return np.asarray(offset + scale * found[:, :, 0, 0].numpy().astype(np.float64))


def kept(network: Network) -> dict[str, Any]:
    """Return the parameters as arrays, for a file."""
    return {name: p.detach().numpy() for name, p in network.parameters.items()}


def put(network: Network, arrays: dict[str, Any]) -> None:
    """Set the parameters."""
    with torch.no_grad():
        for name, parameter in network.parameters.items():
            parameter.copy_(torch.from_numpy(np.asarray(arrays[name])))
