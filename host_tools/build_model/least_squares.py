"""Refits the weights that pruning leaves, by linear least squares over a calibration."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# Ridge: keeps the fit near the given weights where the calibration has no information.
_RIDGE = 1e-3


def fit(moments: Floats, columns: NDArray[np.int64], row: Floats) -> Floats:
    """Return weights of `columns` alone whose sum is nearest to that of the whole `row`."""
    some = moments[np.ix_(columns, columns)]
    # For a factor that never varied only the ridge decides, so it must not vanish.
    ridge = _RIDGE * np.maximum(np.diag(some), 1e-6)
    wanted = moments[columns] @ row + ridge * row[columns]
    fitted: Floats = np.linalg.solve(some + np.diag(ridge), wanted)
    return fitted
