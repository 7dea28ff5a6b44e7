"""Quantiles of samples that count by a weight, such as the time they stand for."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def weighted_quantiles(
    values: ArrayLike, weights: ArrayLike, shares: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return each column's quantiles, shape (len(shares), columns).

    values: (samples, columns); weights: (samples,), above 0 in total; shares: from 0 to 1. A
    quantile is the first value at which the sorted weights add up to its share.
    """
    table, weight = np.asarray(values, np.float64), np.asarray(weights, np.float64)
    order = np.argsort(table, axis=0)
    reached = np.cumsum(weight[order], axis=0)
    reached /= reached[-1]
    columns = np.arange(table.shape[1])
    rows = [(reached < share).sum(0).clip(0, len(table) - 1) for share in shares]
    return np.stack([table[order[row, columns], columns] for row in rows])
