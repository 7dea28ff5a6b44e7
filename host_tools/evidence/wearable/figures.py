"""What a table of truth against answers says.

A table is (rooms, classes, classes): the events of a class (rows) that were taken for a class
(columns).
"""

import numpy as np
from numpy.typing import NDArray

from host_tools.evidence.wearable.data import CLASSES, ROOMS, room
from host_tools.learn.piece import Piece

Table = NDArray[np.int64]


def empty() -> Table:
    return np.zeros((len(ROOMS), len(CLASSES), len(CLASSES)), np.int64)


def count(table: Table, piece: Piece, answers: NDArray[np.int64]) -> None:
    """Add a recording's events to a table."""
    np.add.at(table[ROOMS.index(room(piece))], (piece.labels, answers), 1)


def f1(table: Table) -> NDArray[np.float64]:
    """Return the F1 of every class of (..., classes, classes); NaN for one that no event has."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    truly, said = table.sum(-1), table.sum(-2)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(truly > 0, 2 * right / (truly + said), np.nan)
    return found


def macro_f1(table: Table) -> float:
    """Return the mean F1 of the classes that are there, over both rooms."""
    return float(np.nanmean(f1(table.sum(0))))


def accuracy(table: Table) -> float:
    return float(np.trace(table.sum(0)) / table.sum())
