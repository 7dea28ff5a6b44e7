"""The inputs of the moment alone: what can be told without memory."""

from collections.abc import Sequence

from host_tools.learn.baselines.features import current
from host_tools.learn.baselines.forest import OnTable, forest, linear
from host_tools.learn.baselines.judging import Answers, score
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece


class Static:
    """A linear model or a forest, whichever is better on the validation part."""

    name = "static"

    def __init__(self, data: Dataset) -> None:
        self._data = data
        self._kinds = {
            "logistic regression" if data.classes else "ridge regression": linear,
            "a random forest": forest,
        }
        self.what = "the current inputs, without memory"

    def fit(self) -> None:
        features = current(self._data.inputs)
        # Without a validation part the training part has to do.
        judged = self._data.validation or self._data.training
        best = None
        for name, make in self._kinds.items():
            model = OnTable(self._data, features, make)
            model.fit()
            worth = score(self._data, judged, model.predict(judged)).worth
            if best is None or worth > best:
                best, self._model = worth, model
                self.what = f"the current inputs, without memory ({name})"

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        return self._model.predict(pieces)
