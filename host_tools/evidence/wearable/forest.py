"""The forest of `rivulet train`'s comparison on the wearable set, with the gap beside."""

import numpy as np
import torch

from host_tools.evidence.wearable import figures, score
from host_tools.evidence.wearable.contenders import clock
from host_tools.learn.baselines.features import Floats, statistics
from host_tools.learn.baselines.forest import OnTable, forest
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece

# Of the events that come once more with losses: the mean of what the networks lose.
_DROP = 0.3


class Forest:
    """Trained on the events as they are, and once more with some lost."""

    def __init__(self, data: Dataset) -> None:
        self._data = data
        windows = statistics(data.inputs)

        def features(piece: Piece) -> Floats:
            gaps = clock(torch.tensor(piece.gaps_us * 1e-6)).numpy()
            return np.hstack([windows(piece), gaps[:, None]])

        self._model = OnTable(data, features, forest)
        self._model.fit(_DROP)

    @property
    def nodes(self) -> int:
        return self._model.nodes

    def table(self, share: float) -> figures.Table:
        """Return the table of the test part after `share` of its events got lost."""
        table = figures.empty()
        pieces = score.thinned(self._data, share)
        answers = self._model.predict(pieces).astype(np.int64)
        ends = np.cumsum([len(piece) for piece in pieces])
        for piece, own in zip(pieces, np.split(answers, ends[:-1]), strict=True):
            figures.count(table, piece, own)
        return table
