"""The weights that a bound for all states and inputs needs: decay cells, cascades and CTRNNs."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from host_tools.analyze.dynamics import Dynamics, Floats


@dataclass(frozen=True)
class Gates:
    """dx/dt = alpha (q - x), alpha_i = min(low_i + softplus((A v)_i), high_i), g = tanh(G v).

    drive, rate: the recurrent parts of G and A, (n, n). low, high: bounds of alpha, (n,), 1/s.
    additive: q is g / alpha, not g. layers: the units of each layer of a cascade, whose drive and
    rate read the layer below only; empty otherwise.
    """

    drive: Floats
    rate: Floats
    low: Floats
    high: Floats
    additive: bool
    layers: tuple[int, ...] = ()

    @property
    def reach(self) -> Floats:
        """(n,): the box |x_i| <= reach_i, in which the state starts and which it never leaves.

        At its faces |q_i| <= reach_i, so that alpha (q - x) points inwards or along.
        """
        reach: Floats = 1.0 / self.low if self.additive else np.ones_like(self.low)
        return reach


def read_gates(path: Path, dynamics: Dynamics) -> Gates | None:
    """Read the gates of a model file, float64; None for a cell of another form."""
    settings, n = dynamics.settings, dynamics.hidden
    additive = settings.get("drive") == "additive"
    tensors = {name: array.astype(np.float64) for name, array in load_file(path).items()}
    if settings["cell"] == "decay":
        weights = tensors["gates.weight"][:, :n]
        low = np.full(n, float(settings["alpha_min"]))
        high = np.full(n, float(settings["alpha_max"]))
        return Gates(weights[n:], weights[:n], low, high, additive)
    if settings["cell"] == "cascade":
        return _of_a_cascade(tensors, settings)
    if settings["cell"] == "ctrnn":
        rates = tensors["rate"]
        return Gates(tensors["drive.weight"][:, :n], np.zeros((n, n)), rates, rates, additive)
    return None


def _of_a_cascade(tensors: dict[str, Floats], settings: dict[str, Any]) -> Gates:
    layers = tuple(settings["layers"])
    n = sum(layers)
    drive, rate = np.zeros((n, n)), np.zeros((n, n))
    first = 0
    for k, (below, size) in enumerate(itertools.pairwise(layers), start=2):
        weights = tensors[f"layer{k}.weight"]
        own, seen = slice(first + below, first + below + size), slice(first, first + below)
        drive[own, seen] = weights[-size:]
        if settings["rates"] == "v":
            rate[own, seen] = weights[:size]
        first += below
    low, high = (np.full(n, float(settings[key])) for key in ("alpha_min", "alpha_max"))
    return Gates(drive, rate, low, high, False, layers)
