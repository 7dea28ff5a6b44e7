"""The activations of a CfC's backbone, as in the firmware's cells/cfc.py, for lookup tables."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Activation:
    """A function, and the argument beyond which it is constant."""

    function: Callable[[Floats], Floats]
    span: float | None  # constant beyond +- span; None: unbounded


def _lecun_tanh(z: Floats) -> Floats:
    return np.asarray(1.7159 * np.tanh(0.666 * z))


def _silu(z: Floats) -> Floats:
    return np.asarray(z * 0.5 * (1.0 + np.tanh(0.5 * z)))


def _gelu(z: Floats) -> Floats:
    return np.asarray(0.5 * z * (1.0 + np.vectorize(math.erf)(z * math.sqrt(0.5))))


def _relu(z: Floats) -> Floats:
    return np.asarray(np.maximum(z, 0.0))


ACTIVATIONS = {
    "tanh": Activation(np.tanh, 8.0),
    "lecun_tanh": Activation(_lecun_tanh, 12.0),
    "relu": Activation(_relu, None),
    "silu": Activation(_silu, None),
    "gelu": Activation(_gelu, None),
}
