"""The nonlinearities of an int8 model as tables, which its file carries.

Made on the host and stored, not on the board: a board's float32 would give other bits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Tensors = dict[str, np.ndarray]

TANH_RANGE = 8.0  # tanh(8) is 1 within Q15
_COARSE = 0.01  # error of the rates that is worth a warning


def tables_for(settings: dict[str, Any], alpha_range: float, state_scale: float) -> Tensors:
    """The four tables; softplus spans +- `alpha_range`."""
    alpha = rates(nodes(alpha_range), settings)
    tables: Tensors = {
        "table.alpha": np.round(alpha * (1 << 20)).astype(np.int32),
        "table.drive": q15(np.tanh(nodes(TANH_RANGE))),
        "table.decay": decay_table(),
    }
    if settings["drive"] == "additive":
        reciprocal = np.round(32768 / (alpha * state_scale))
        tables["table.reciprocal"] = np.minimum(reciprocal, 32767).astype(np.int16)
    return tables


def nodes(reach: float) -> NDArray[np.float64]:
    """Where the nodes of a table over +- `reach` stand."""
    return np.arange(-256, 257, dtype=np.float64) * (reach / 256)


def q15(values: Floats) -> NDArray[np.int16]:
    return np.clip(np.round(32768 * values), -32767, 32767).astype(np.int16)


def decay_table() -> NDArray[np.uint16]:
    """exp(-s) at steps of 1/16, for the gain."""
    decay = np.round(65536 * np.exp(-np.arange(193) / 16))
    return np.minimum(decay, 65535).astype(np.uint16)


def rates(sums: Floats, settings: dict[str, Any]) -> Floats:
    """alpha of a row's sum, as the float path has it."""
    softplus = np.logaddexp(0.0, sums)
    bounded: Floats = np.minimum(softplus + settings["alpha_min"], settings["alpha_max"])
    return bounded


def coarse(settings: dict[str, Any], alpha_range: float, table: np.ndarray) -> list[str]:
    """A warning if straight lines between the nodes are far from the rates."""
    fine = np.linspace(-alpha_range, alpha_range, 4097)
    exact = rates(fine, settings)
    read = np.interp(fine, np.linspace(-alpha_range, alpha_range, 513), table / (1 << 20))
    error = float(np.abs(read / exact - 1).max())
    if error <= _COARSE:
        return []
    return [
        f"rates are up to {error:.1%} off in int8: an alpha_max of {settings['alpha_max']:g}/s "
        f"beside an alpha_min of {settings['alpha_min']:g}/s spreads their table thin"
    ]
