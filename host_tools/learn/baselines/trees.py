"""A random forest on statistics of the last events."""

from collections.abc import Sequence

from host_tools.learn.baselines.features import WINDOWS, statistics
from host_tools.learn.baselines.forest import OnTable, forest
from host_tools.learn.baselines.judging import Answers
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece


class Trees:
    """Trained on the events as they are, and once more with the project's share of them lost."""

    name = "trees"

    def __init__(self, data: Dataset, drop: float) -> None:
        lengths = " and ".join(map(str, WINDOWS))
        self.what = f"a random forest on statistics of the last {lengths} events"
        self._drop = drop
        self._model = OnTable(data, statistics(data.inputs), forest)

    def fit(self) -> None:
        self._model.fit(self._drop)
        self.what += f", {self.nodes:,} nodes"

    @property
    def nodes(self) -> int:
        """How large the trained forest is."""
        return self._model.nodes

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        return self._model.predict(pieces)
