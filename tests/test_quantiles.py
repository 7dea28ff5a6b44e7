"""Quantiles that count by a weight."""

import numpy as np

from host_tools.quantiles import weighted_quantiles


def test_quantiles_count_by_weight() -> None:
    values = np.array([[1.0], [2.0], [3.0], [4.0]])
    got = weighted_quantiles(values, [1, 1, 1, 97], (0.005, 0.02, 0.5))
    assert got[:, 0].tolist() == [1.0, 2.0, 4.0]
