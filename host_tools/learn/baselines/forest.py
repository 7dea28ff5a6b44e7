"""Models of scikit-learn on tables of features, behind one interface for classes and values."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from host_tools.errors import RivuletError
from host_tools.learn.baselines.features import Features, table, training_rows
from host_tools.learn.baselines.judging import Answers
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece

_TREES = 100
_JOBS = 2


def has_scikit_learn() -> bool:
    return find_spec("sklearn") is not None


def need_scikit_learn() -> None:
    """Raise RivuletError without scikit-learn."""
    if not has_scikit_learn():
        raise RivuletError("the comparison needs scikit-learn: pip install 'rivulet[train]'")


def forest(data: Dataset) -> Any:
    """Return an untrained random forest."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    shared = {"min_samples_leaf": 2, "n_jobs": _JOBS, "random_state": 0}
    if data.classes:
        return RandomForestClassifier(_TREES, class_weight=_weights(data), **shared)
    # scikit-learn's own default for values is all features in each split, which is slow.
    return RandomForestRegressor(_TREES, max_features=0.33, **shared)


def linear(data: Dataset) -> Any:
    """Return an untrained logistic or ridge regression."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if data.classes:
        return LogisticRegression(max_iter=1000, class_weight=_weights(data))
    return Ridge()


def _weights(data: Dataset) -> dict[int, float]:
    """Return a weight for each class, as the loss of `rivulet train` has them."""
    counts = data.class_counts("train")
    return dict(enumerate((np.maximum(counts, 1) ** -0.5).tolist()))


class OnTable:
    """A model of scikit-learn on one set of features."""

    def __init__(self, data: Dataset, features: Features, make: Callable[[Dataset], Any]) -> None:
        self._data = data
        self._features = features
        self._model = make(data)

    def fit(self, drop: float = 0.0) -> None:
        """Train. drop: see `training_rows`."""
        rows, answers = training_rows(self._features, self._data, drop)
        if not self._data.classes:
            known = np.isfinite(answers).all(1)
            rows, answers = rows[known], answers[known]
            # scikit-learn warns of a single column.
            answers = answers[:, 0] if answers.shape[1] == 1 else answers
        self._model.fit(rows, answers)

    @property
    def nodes(self) -> int:
        """The nodes of a trained forest, leaves among them."""
        return sum(tree.tree_.node_count for tree in self._model.estimators_)

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        found: Answers = self._model.predict(table(self._features, pieces))
        return found if self._data.classes else found.reshape(len(found), -1)
