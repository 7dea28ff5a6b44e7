"""Train pruned weights of the `activity` model a little more; what is zero stays zero.

`rivulet convert --prune SHARE --fine-tune` finds this file beside the recipe that the weights'
provenance names, and calls `fine_tune`.
"""

import math
from typing import Any

import numpy as np
import torch
from networks import DecayCell, Network, State
from streams import Events
from torch import Tensor
from train import WEIGHT_DECAY, batch, clip, loss, samples, starting_state

from host_tools.recordings import load

ITERATIONS = 300
LEARNING_RATE = 0.004
_SEED = 30_000


class Pruned(DecayCell):
    """One model of given weights, of which those that are zero have no say."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        units, self.channels = weights["alpha.input"].shape
        given = {name: torch.tensor(w, dtype=torch.float32) for name, w in weights.items()}
        Network.__init__(self, [given], units)
        self._kept = {name: (p != 0).float() for name, p in self.parameters.items()}

    def run(self, events: Events, state: State) -> tuple[Tensor, State]:
        trained = self.parameters
        self.parameters = self.pruned()
        try:
            return super().run(events, state)
        finally:
            self.parameters = trained

    def pruned(self) -> dict[str, Tensor]:
        # A bias that was trained to exactly zero is no pruned weight.
        return {n: p * self._kept[n] if p.dim() == 3 else p for n, p in self.parameters.items()}


def fine_tune(weights: dict[str, np.ndarray], metadata: dict[str, Any]) -> dict[str, np.ndarray]:
    """Better weights for the same connections, trained as in train.py but briefly."""
    torch.set_num_threads(1)
    normalisation = metadata["normalisation"]
    data = samples(load("activity", "train"), normalisation["offset"], normalisation["scale"])
    network = Pruned(weights)
    random = torch.Generator().manual_seed(_SEED)
    parameters = list(network.parameters.values())
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.dim() == 3], "weight_decay": WEIGHT_DECAY},
            {"params": [p for p in parameters if p.dim() == 2], "weight_decay": 0.0},
        ],
        betas=(0.9, 0.99),
    )
    used: State | None = None
    for iteration in range(ITERATIONS):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * iteration / ITERATIONS))
        events, labels = batch(data, random)
        state = starting_state(network, used, labels[None], [random])
        features, state = network.run(events, state)
        used = tuple(part.detach() for part in state)
        optimiser.zero_grad()
        loss(network.logits(features), events, labels[None]).sum().backward()
        clip(parameters)
        optimiser.step()
    return {name: p[0].detach().numpy() for name, p in network.pruned().items()}
