"""The activations of a CfC's backbone as cells/cfc.py has them, for tables."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Activation:
    function: Callable[[Floats], Floats]
    span: float | None  # what is outside of +- this is at its end; None: it has none


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
