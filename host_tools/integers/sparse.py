"""Stores int8 gates with pruned connections as blocks of eight rows by one column.

The kernels compute eight rows at a time, so a dropped block saves its time too. Dropping single
weights would save nothing and add indices. The tensors, for G = ceil(2n / 8) groups of rows and s
kept blocks:

    gates.counts   int16 (G)     blocks of each group
    gates.columns  uint8 (s)     their columns, ascending, group after group
    gates.values   int8  (s, 8)  their weights, rows past the last one zero
"""

import numpy as np
from numpy.typing import NDArray

GROUP = 8
WIDEST = 256  # columns are uint8

Tensors = dict[str, np.ndarray]


def grouped(matrix: np.ndarray) -> np.ndarray:
    """Return a matrix (rows, columns) as (groups, 8, columns), padded with zeros."""
    rows, columns = matrix.shape
    padded = np.zeros((-(-rows // GROUP) * GROUP, columns), matrix.dtype)
    padded[:rows] = matrix
    return padded.reshape(-1, GROUP, columns)


def store(weight: NDArray[np.int8]) -> Tensors:
    """Return the gates' tensors: sparse if that is smaller, else one matrix."""
    groups = grouped(weight)
    kept = groups.any(axis=1)
    count = int(kept.sum())
    size = count * (GROUP + 1) + 2 * len(groups)
    # A tensor cannot be empty, so a model without any connection stays dense.
    if weight.shape[1] > WIDEST or size >= weight.size or not count:
        return {"gates.weight": weight}
    return {
        "gates.counts": kept.sum(axis=1).astype(np.int16),
        "gates.columns": np.nonzero(kept)[1].astype(np.uint8),
        "gates.values": groups.transpose(0, 2, 1)[kept],
    }


def dense(tensors: Tensors, inputs: int) -> NDArray[np.int8]:
    """Return the gates' matrix of an int8 model, stored dense or sparse."""
    if "gates.weight" in tensors:
        return np.asarray(tensors["gates.weight"], dtype=np.int8)
    rows = len(tensors["gates.bias"])
    counts = np.asarray(tensors["gates.counts"], dtype=np.int64)
    groups = np.zeros((len(counts), rows // 2 + inputs, GROUP), np.int8)
    groups[np.repeat(np.arange(len(counts)), counts), tensors["gates.columns"]] = tensors[
        "gates.values"
    ]
    return groups.transpose(0, 2, 1).reshape(-1, groups.shape[1])[:rows]
