"""A diagonal state space like S5: linear complex states, gates between layers.

In a layer x <- a x + (1 - a) B u over a gap, a = exp(-(rate + i turn) gap), and its output is
z sigmoid(W z) with z = gelu(Re(C x) + D u), added to u. Inputs to a layer are normalised. Rates
start log-spaced, turns at 0 to 3 half-turns a time constant; S5's start from HiPPO and its search
of settings are left out. Source: Smith et al., "Simplified State Space Layers", ICLR 2023.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.train.network import Network, Parameters, Readout, State, initial_matrix
from host_tools.train.scan import recurrence
from host_tools.train.series import EventBatch
from host_tools.train.trajectory import Trajectory

_LAYERS = 2
_TAU_S = (0.1, 30.0)  # at the start
_TURNS = 4


class StateSpace(Network):
    """units: the width, and the number of complex states of each of its two layers."""

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 16,
        readout: Readout | None = None,
    ) -> None:
        each = [_initial(seed, channels, outputs, units) for seed in seeds]
        super().__init__(each, units, readout or Readout("state"))

    def zero_state(self, series: int) -> State:
        wide = self.zeros(series, self.units)
        return *([torch.complex(wide, wide)] * _LAYERS), self.since(series)

    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        weights = self.weights()
        events = events.following(state[-1])
        # Events come before series here, as `recurrence` has them.
        gaps, given = events.gaps.transpose(1, 2)[..., None], events.inputs.transpose(1, 2)
        x = _product(given, weights["inward.weight"], weights["inward.bias"])
        ends = []
        for layer, start in enumerate(state[:-1]):
            own = {name: weights[f"layer{layer}.{name}"] for name in _NAMES}
            u = F.layer_norm(x, x.shape[-1:])
            turned = torch.complex(own["log_rate"].exp(), own["turn"])[:, None, None]
            kept = torch.exp(-turned * gaps)
            driven = torch.complex(_product(u, own["b_real"]), _product(u, own["b_imag"]))
            states = recurrence(kept, (1 - kept) * driven, start)
            read = _product(states.real, own["c_real"]) - _product(states.imag, own["c_imag"])
            z = F.gelu(read + own["direct"][:, None, None] * u)
            x = x + z * torch.sigmoid(_product(z, own["gate"]))
            ends.append(states[:, -1])
        features = F.layer_norm(x, x.shape[-1:]).transpose(1, 2)
        return torch.cat([features, features[:, :, -1:]], 2), (*ends, events.rest)


_NAMES = (
    *("log_rate", "turn", "b_real", "b_imag", "c_real", "c_imag"),
    *("direct", "gate"),
)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return W x, or W x + b, for x (models, events, series, columns)."""
    flat = x.flatten(1, 2) @ weight.transpose(1, 2)
    if bias is not None:
        flat = flat + bias[:, None]
    return flat.view(*x.shape[:3], -1)


def _initial(seed: int, channels: int, outputs: int, units: int) -> Parameters:
    random = torch.Generator().manual_seed(seed)
    made: Parameters = {
        "inward.weight": initial_matrix(random, units, channels, 1.0),
        "inward.bias": torch.zeros(units),
    }
    shortest, longest = map(math.log, _TAU_S)
    for layer in range(_LAYERS):
        log_rate = -torch.linspace(shortest, longest, units)
        half_turns = math.pi * (torch.arange(units) % _TURNS)
        parts = {"log_rate": log_rate, "turn": half_turns * log_rate.exp()}
        for name in ("b_real", "b_imag", "c_real", "c_imag"):
            parts[name] = initial_matrix(random, units, units, 0.7)
        parts["direct"] = torch.randn(units, generator=random)
        parts["gate"] = initial_matrix(random, units, units, 1.0)
        made |= {f"layer{layer}.{name}": part for name, part in parts.items()}
    return made | {
        "readout.weight": initial_matrix(random, outputs, units, 1.0),
        "readout.bias": torch.zeros(outputs),
    }
