"""Train pruned weights of the `activity` model a little more; what is zero stays zero.

`rivulet convert --prune SHARE --fine-tune` finds this file beside the recipe that the weights'
provenance names, and calls `fine_tune`.
"""

from typing import Any

import numpy as np
import torch
from train import batch, loss, samples

from host_tools.data.recordings import load
from host_tools.train.cells.decay import DecayCell
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Parameters, one_thread

PLAN = TrainingPlan(iterations=300, learning_rate=0.004, warm_up=1, carry=0.5)
_SEED = 20_000


class Pruned(DecayCell):
    """One model of given weights, of which those that are zero have no say."""

    def __init__(self, given: dict[str, np.ndarray]) -> None:
        units, channels = given["alpha.input"].shape
        super().__init__([_SEED], channels, len(given["readout.bias"]), units)
        self.parameters = {
            name: torch.tensor(w, dtype=torch.float32)[None].requires_grad_()
            for name, w in given.items()
        }
        self._kept = {name: (p != 0).float() for name, p in self.parameters.items()}

    def weights(self) -> Parameters:
        # A bias that was trained to exactly zero is no pruned weight.
        return {n: p * self._kept[n] if p.dim() == 3 else p for n, p in self.parameters.items()}


def fine_tune(weights: dict[str, np.ndarray], metadata: dict[str, Any]) -> dict[str, np.ndarray]:
    """Better weights for the same connections, trained as in train.py but briefly."""
    normalisation = metadata["normalisation"]
    data = samples(load("activity", "train"), normalisation["offset"], normalisation["scale"])
    network = Pruned(weights)
    with one_thread():
        fit("fine-tuning", network, [_SEED], lambda random: batch(data, random), loss, PLAN)
    return {name: p[0].detach().numpy() for name, p in network.weights().items()}
