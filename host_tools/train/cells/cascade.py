"""The cascade (firmware/rivulet/cells/cascade.py): layers driven by what comes in.

Parameters of layer k = 1, 2, ...: layerK.alpha.input (n_k, m), layerK.alpha.bias (n_k,), the same
under drive.; above layer 1 layerK.drive.below (n_k, n_(k-1)), and with rates "v"
layerK.alpha.below; readout.weight (outputs, n) over the last layer, or (outputs, n + m) with the
inputs beside it; readout.bias.

No gate depends on the state that it moves. So a layer's gates are computed for all events at once,
and `scan` moves the state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.errors import RivuletError
from host_tools.train.cells.relaxing import before_softplus, starting_rates
from host_tools.train.network import (
    CONVENTIONS,
    Network,
    Parameters,
    Readout,
    State,
    initial_matrix,
)
from host_tools.train.quantise import Integers, Rows, integers
from host_tools.train.scan import scan
from host_tools.train.series import EventBatch
from host_tools.train.trajectory import Trajectory
from rivulet.cells.cascade import RATES

_GATES = ("alpha", "drive")
# Standard deviation of a gate's sum over unit inputs: inputs vary the rates around the first ones.
_GAINS = {"alpha": 0.3, "drive": 1.0}


@dataclass(frozen=True)
class Form:
    """Settings of a cascade; rates in 1/s."""

    rates: str = "u"
    convention: str = "previous"
    readout_inputs: bool = False
    alpha_min: float = 0.05
    alpha_max: float = 30.0
    start_tau_s: tuple[float, float] = (0.05, 5.0)  # time constants start log-spaced over this

    def __post_init__(self) -> None:
        for name, known in (("rates", RATES), ("convention", CONVENTIONS)):
            if getattr(self, name) not in known:
                raise RivuletError(f"no {name} is called '{getattr(self, name)}': {known}")
        if not 0.0 < self.alpha_min < self.alpha_max:
            raise RivuletError("alpha bounds must satisfy 0 < alpha_min < alpha_max")


class Cascade(Network):
    """units: those of each layer, or of two layers together."""

    cell = "cascade"

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int | Sequence[int] = 32,
        form: Form | None = None,
        readout: Readout | None = None,
    ) -> None:
        self.layers = ((units + 1) // 2, units // 2) if isinstance(units, int) else tuple(units)
        if not self.layers or not all(size > 0 for size in self.layers):
            raise RivuletError(f"a cascade needs units in every layer, not {units}")
        self.form = form or Form()
        self.channels = channels
        each = [self._initial(seed, outputs) for seed in seeds]
        super().__init__(each, sum(self.layers), readout or Readout())

    def _initial(self, seed: int, outputs: int) -> Parameters:
        random = torch.Generator().manual_seed(seed)
        form, m = self.form, self.channels
        made: Parameters = {}
        below = 0
        for k, size in enumerate(self.layers, start=1):
            rates = starting_rates(size, form.start_tau_s, form.alpha_min, form.alpha_max)
            if k > 1:
                # A slow unit must not see slow units alone.
                rates = rates[torch.randperm(size, generator=random)]
            for gate in _GATES:
                seen = below if gate == "drive" or form.rates == "v" else 0
                matrix = initial_matrix(random, size, seen + m, _GAINS[gate])
                name = f"layer{k}.{gate}"
                if seen:
                    made[f"{name}.below"] = matrix[:, :seen].contiguous()
                made[f"{name}.input"] = matrix[:, seen:].contiguous()
            made[f"layer{k}.alpha.bias"] = before_softplus(rates - form.alpha_min)
            made[f"layer{k}.drive.bias"] = 0.1 * torch.randn(size, generator=random)
            below = size
        read = below + (m if form.readout_inputs else 0)
        made["readout.weight"] = initial_matrix(random, outputs, read, 1.0)
        made["readout.bias"] = torch.zeros(outputs)
        return made

    def zero_state(self, series: int) -> State:
        wide, last = self.zeros(series, self.units), self.zeros(series, self.layers[-1])
        return wide, last, last[..., 0], self.zeros(series, self.channels), self.since(series)

    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        x, mean, weight, held, since = state
        events = events.following(since)
        # Events come before series here: what a step of the scan touches lies together.
        gaps = torch.cat([events.gaps, events.rest[..., None]], 2).transpose(1, 2)
        given = events.inputs.transpose(1, 2)
        before, after = torch.cat([held[:, None], given], 1), torch.cat([given, given[:, -1:]], 1)
        driving = before if self.form.convention == "previous" else after
        if self.integers is not None:
            driving, after = self.integers.inputs(driving), self.integers.inputs(after)
        states, rates = self._layers(driving, gaps, x)
        last = states[-1]
        if self.readout.kind == "mean":
            last, shares = self._averaged(last, mean, weight, gaps)
            mean, weight = last[:, -2], shares[:, -2]
        moved = torch.cat(states, -1)
        if trajectory:
            _add(trajectory, torch.cat(rates, -1), torch.cat([x[:, None], moved], 1), gaps)
        features = last.transpose(1, 2)
        if self.form.readout_inputs:
            if self.integers is not None:
                features = self.integers.state(features)
            features = torch.cat([features, after.transpose(1, 2)], -1)
        # The stream continues from its last event, not from the recording's end.
        return features, (moved[:, -2], mean, weight, events.inputs[:, :, -1], events.rest)

    def _layers(
        self, inputs: Tensor, gaps: Tensor, x: Tensor
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return states and rates of every layer: (models, gaps, series, units) each."""
        weights, form = self.weights(), self.form
        states: list[Tensor] = []
        rates: list[Tensor] = []
        for k, start in enumerate(x.split(self.layers, -1), start=1):
            below = states[-1] if states else None
            if below is not None and self.integers is not None:
                below = self.integers.state(below)
            sums = {gate: _sums(weights, f"layer{k}.{gate}", inputs, below) for gate in _GATES}
            alpha = (F.softplus(sums["alpha"]) + form.alpha_min).clamp_max(form.alpha_max)
            share = -torch.expm1(-gaps[..., None] * alpha)
            states.append(scan(share, torch.tanh(sums["drive"]), start))
            rates.append(alpha)
        return states, rates

    def _averaged(
        self, states: Tensor, mean: Tensor, weight: Tensor, gaps: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the leaky mean and its weight after every gap, as `network.averaged` does."""
        rate = 1 / self.readout.tau_s
        # What is missing of the weight shrinks with the time that has passed.
        first = weight[:, None]
        weights = first - (1 - first) * torch.expm1(-rate * gaps.cumsum(1))
        share = -torch.expm1(-rate * gaps) / torch.where(weights > 0, weights, 1.0)
        return scan(share[..., None].expand_as(states), states, mean), weights

    def logits(self, features: Tensor) -> Tensor:
        if self.integers is None or not self.form.readout_inputs:
            return super().logits(features)
        weights = self.weights()
        weight, bias = weights["readout.weight"], weights["readout.bias"]
        flat = features.flatten(1, -2) @ weight.transpose(1, 2) + bias[:, None]
        return flat.view(*features.shape[:-1], -1)

    def quantise(self, half: Sequence[float] | None = None) -> None:
        self.integers = integers(1.0, self.channels, half)

    def rows(self, integers: Integers) -> list[Rows]:
        scales = {"below": 1.0, "input": integers.input_scale}
        groups: list[Rows] = []
        for k in range(1, len(self.layers) + 1):
            for gate in _GATES:
                names = [(f"layer{k}.{gate}.{part}", scale) for part, scale in scales.items()]
                groups.append([each for each in names if each[0] in self.parameters])
        if not self.form.readout_inputs:
            return [*groups, *super().rows(integers)]
        read = torch.cat([torch.ones(self.layers[-1]), integers.input_scale])
        return [*groups, [("readout.weight", read)]]

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays = {name: p[index].detach().numpy() for name, p in self.parameters.items()}
        return arrays, {
            "cell": self.cell,
            "convention": self.form.convention,
            "readout": self.readout.kind,
            "readout_tau_s": self.readout.tau_s,
            "alpha_min": self.form.alpha_min,
            "alpha_max": self.form.alpha_max,
        }


def _sums(weights: Parameters, name: str, inputs: Tensor, below: Tensor | None) -> Tensor:
    """Return a gate's sums (models, gaps, series, units) for all gaps."""
    flat = inputs.flatten(1, 2) @ weights[f"{name}.input"].transpose(1, 2)
    if below is not None and f"{name}.below" in weights:
        flat = torch.baddbmm(flat, below.flatten(1, 2), weights[f"{name}.below"].transpose(1, 2))
    sums = flat + weights[f"{name}.bias"][:, None]
    return sums.view(*inputs.shape[:3], -1)


def _add(trajectory: Trajectory, rates: Tensor, states: Tensor, gaps: Tensor) -> None:
    each = rates.unbind(1), states[:, :-1].unbind(1), states[:, 1:].unbind(1), gaps.unbind(1)
    for alpha, before, after, gap in zip(*each, strict=True):
        trajectory.add(alpha, before, after, gap)
