"""The lookup tables of an int8 model's nonlinearities.

The host computes them and stores them in the file, because a board's float32 would give other
bits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Tensors = dict[str, np.ndarray]

TANH_RANGE = 8.0  # tanh(8) is 1 within Q15
_COARSE = 0.01  # relative error of the rates above which there is a warning


def tables_for(settings: dict[str, Any], alpha_range: float, state_scale: float) -> Tensors:
    """Return the tables of a decay cell or a cascade; that of the rates spans +- `alpha_range`."""
    alpha = rates(nodes(alpha_range), settings)
    tables: Tensors = {
        "table.alpha": np.round(alpha * (1 << 20)).astype(np.int32),
        "table.drive": q15(np.tanh(nodes(TANH_RANGE))),
        "table.decay": decay_table(),
    }
    if settings.get("drive") == "additive":
        reciprocal = np.round(32768 / (alpha * state_scale))
        tables["table.reciprocal"] = np.minimum(reciprocal, 32767).astype(np.int16)
    return tables


def nodes(reach: float) -> NDArray[np.float64]:
    """Return the arguments of the nodes of a table over +- `reach`."""
    return np.arange(-256, 257, dtype=np.float64) * (reach / 256)


def q15(values: Floats) -> NDArray[np.int16]:
    """Return the values in Q15, saturated."""
    return np.clip(np.round(32768 * values), -32767, 32767).astype(np.int16)


def decay_table() -> NDArray[np.uint16]:
    """Return exp(-s) in steps of 1/16, Q16, for the gain."""
    decay = np.round(65536 * np.exp(-np.arange(193) / 16))
    return np.minimum(decay, 65535).astype(np.uint16)


def rates(sums: Floats, settings: dict[str, Any]) -> Floats:
    """Return alpha for a row's sum, computed as in the float path."""
    softplus = np.logaddexp(0.0, sums)
    bounded: Floats = np.minimum(softplus + settings["alpha_min"], settings["alpha_max"])
    return bounded


def coarse(settings: dict[str, Any], alpha_range: float, table: np.ndarray) -> list[str]:
    """Return a warning if linear interpolation between the nodes is far from the rates."""
    fine = np.linspace(-alpha_range, alpha_range, 4097)
    exact = rates(fine, settings)
    read = np.interp(fine, np.linspace(-alpha_range, alpha_range, 513), table / (1 << 20))
    error = float(np.abs(read / exact - 1).max())
    if error <= _COARSE:
        return []
    return [
        f"rates have errors of up to {error:.1%} in int8: an alpha_max of "
        f"{settings['alpha_max']:g}/s and an alpha_min of {settings['alpha_min']:g}/s are too far "
        "apart for one table"
    ]
