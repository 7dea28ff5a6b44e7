"""The project's own network, trained as `rivulet train` does."""

from collections.abc import Sequence

from host_tools.learn import cells
from host_tools.learn.baselines.judging import Answers
from host_tools.learn.baselines.sequences import Trained
from host_tools.learn.batches import window_of
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece
from host_tools.learn.time_scales import time_scales
from host_tools.project import Project
from host_tools.train.network import Network


def _network(project: Project, data: Dataset) -> Network:
    """Return the project's network, untrained."""
    outputs = len(data.classes) or len(data.targets)
    scales = time_scales(data, window_of(data), project.train.int8)
    wanted = cells.Wanted([0], len(data.channels), outputs, project.network, scales)
    return cells.make(project, wanted)


class Liquid:
    name = "liquid"

    def __init__(self, data: Dataset, project: Project) -> None:
        network = _network(project, data)
        self.parameters = network.size()
        cell, units = project.network.cell, project.network.units
        self.what = f"{cell}, {units} units, {self.parameters:,} parameters"
        self._trained = Trained(data, network, project.train.drop)

    def fit(self) -> None:
        self._trained.fit(self.name)

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        return self._trained.predict(pieces)
