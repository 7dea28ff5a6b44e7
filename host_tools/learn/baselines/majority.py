"""The most frequent class of the training part, or the mean of its targets."""

from collections.abc import Sequence

import numpy as np

from host_tools.learn.baselines.features import answers_of
from host_tools.learn.baselines.judging import Answers
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece


class Majority:
    name = "majority"

    def __init__(self, data: Dataset) -> None:
        self.what = "the most frequent class" if data.classes else "the mean of the target"
        self._data = data

    def fit(self) -> None:
        known = answers_of(self._data, self._data.training)
        if self._data.classes:
            self._answer = np.array(np.bincount(known).argmax())
        else:
            self._answer = np.nanmean(known, axis=0)

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        count = sum(int(piece.answered.sum()) for piece in pieces)
        return np.broadcast_to(self._answer, (count, *self._answer.shape))
