"""The distribution of time constants: measured in validation, stored with the model.

tau_range.py reads what is stored and compares it with a running board's.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_STORED = (0.05, 0.5, 0.95)


def measure(watch: Any, model: int) -> Floats:
    """tau in s: (quantiles, units) of one model over all series, weighted by time."""
    rates = watch.rates()[model].flatten(0, 1).detach().double().numpy()
    return quantiles(1.0 / rates, watch.gaps()[model].flatten().double().numpy(), QUANTILES)


def overall(watch: Any) -> list[list[float]]:
    """For every model the `QUANTILES` of tau in s over time and neurons."""
    result = []
    for rates, gaps in zip(watch.rates(), watch.gaps(), strict=True):
        flat = rates.flatten(0, 1).double().numpy()
        weights = np.repeat(gaps.flatten().double().numpy(), flat.shape[1])
        result.append(quantiles(1.0 / flat.reshape(-1, 1), weights, QUANTILES)[:, 0].tolist())
    return result


def quantiles(values: ArrayLike, weights: ArrayLike, wanted: tuple[float, ...]) -> Floats:
    """(wanted, columns) of values (samples, columns) that count by weights (samples,)."""
    table, weight = np.asarray(values, np.float64), np.asarray(weights, np.float64)
    order = np.argsort(table, axis=0)
    reached = np.cumsum(weight[order], axis=0)
    reached /= reached[-1]
    columns = np.arange(table.shape[1])
    rows = [(reached < share).sum(0).clip(0, len(table) - 1) for share in wanted]
    return np.stack([table[order[row, columns], columns] for row in rows])


def provenance(measured: Floats) -> dict[str, str]:
    """What the model file keeps: for each stored quantile one number a neuron, in s.

    As text, since a board holds its metadata in memory: a float in a list is 20 bytes there.
    """
    picked = {share: measured[QUANTILES.index(share)] for share in _STORED}
    return {f"{share:g}": " ".join(f"{tau:.3g}" for tau in row) for share, row in picked.items()}
