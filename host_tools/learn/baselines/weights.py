"""How much each class counts in training: the same for every model that is compared."""

import numpy as np
from numpy.typing import NDArray

from host_tools.learn.dataset import Dataset


def class_weights(data: Dataset) -> NDArray[np.float64]:
    """Return a weight for each class: rare ones count more, by the root of their rarity."""
    counts = data.class_counts("train")
    weights = np.where(counts > 0, 1.0 / np.sqrt(counts.clip(1)), 0.0)
    return np.asarray(weights * counts.sum() / (weights * counts).sum())
