"""The project's own network, trained as quickly as the recurrent networks beside it."""

from collections.abc import Sequence

from host_tools.learn import cells
from host_tools.learn.baselines.judging import Answers
from host_tools.learn.baselines.sequences import WINDOW, Trained
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import Piece
from host_tools.learn.time_scales import time_scales
from host_tools.project import Project


class Liquid:
    name = "liquid"

    def __init__(self, data: Dataset, project: Project) -> None:
        outputs, units = len(data.classes) or len(data.targets), project.network.units
        scales = time_scales(data, WINDOW, project.train.int8)
        wanted = cells.Wanted([0], len(data.channels), outputs, units, scales)
        network = cells.make(project, wanted)
        self.parameters = network.size()
        self.what = f"{project.network.cell}, {units} units, {self.parameters:,} parameters"
        self._trained = Trained(data, network, project.train.drop)

    def fit(self) -> None:
        self._trained.fit(self.name)

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        return self._trained.predict(pieces)
