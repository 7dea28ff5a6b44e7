"""The GRU-D: a GRU whose state decays while no event comes.

Over `gap` seconds h becomes exp(-max(0, w gap + b)) h. Its decay of inputs towards their means
does nothing here, where an event carries every channel. Source: Che et al., "Recurrent Neural
Networks for Multivariate Time Series with Missing Values", Scientific Reports 2018.
"""

import torch
from torch import Tensor

from host_tools.train.network import Parameters, State
from host_tools.train.peers.recurrent import Gru

# Rates at the start, 1/s: log-spaced, as the time constants of the liquid cells are.
_RATES = (0.03, 10.0)


class GruD(Gru):
    def initial(self, seed: int, channels: int, outputs: int, units: int) -> Parameters:
        made = super().initial(seed, channels, outputs, units)
        low, high = (float(torch.tensor(rate).log10()) for rate in _RATES)
        made["rest.weight"] = torch.logspace(low, high, units)
        made["rest.bias"] = torch.zeros(units)
        return made

    def rested(self, weights: Parameters, state: State, gap: Tensor) -> State:
        fall = weights["rest.weight"][:, None] * gap[..., None] + weights["rest.bias"][:, None]
        # An interval of 0 changes nothing, as everywhere; padding has such intervals.
        fall = torch.where((gap > 0)[..., None], fall, 0.0)
        return (state[0] * torch.exp(-torch.relu(fall)),)
