"""Trains a network quickly on a project's windows, and lets it answer at the events of pieces.

Every network of a comparison is trained the same way: on the windows, with the losses and the loss
of `rivulet train`, for the same number of iterations. Needs PyTorch.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from host_tools.learn import batches
from host_tools.learn.baselines.judging import Answers
from host_tools.learn.dataset import Dataset
from host_tools.learn.objectives import choice_of, loss_of
from host_tools.learn.piece import Piece
from host_tools.learn.windows import Windows
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Network, one_thread
from host_tools.train.series import EventBatch, stack

# Pieces that answer together: more take memory.
_TOGETHER = 64
# Seconds between events -> what the network gets of them.
Clock = Callable[[Tensor], Tensor]


class Trained:
    """A network on a data set, the best of its seeds.

    clock: changes the time between events; None: seconds.
    """

    def __init__(
        self,
        data: Dataset,
        network: Network,
        drop: float,
        iterations: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._data = data
        self._network = network
        self._drop = drop
        self._iterations = iterations or batches.ITERATIONS
        self._clock = clock
        self._best = 0

    def fit(self, name: str) -> None:
        """Train, with early stopping on the validation part. Raises RivuletError."""
        data, windows = self._data, Windows(self._data, self._data.training)
        window, count = batches.window_of(data), batches.windows_in_batch(data)
        validation = None
        if data.validation:
            events, targets = Windows(data, data.validation).spread(batches.CHECKED, 2 * window)
            validation = self._timed(events), targets
        plan = TrainingPlan(
            self._iterations,
            warm_up=batches.WARM_UP,
            validate_every=batches.VALIDATE_EVERY,
            patience=None if validation is None else batches.PATIENCE,
        )

        def draw(random: torch.Generator) -> tuple[EventBatch, Tensor]:
            events, targets = windows.draw(count, window, self._drop, random)
            return self._timed(events), targets

        with one_thread():
            history = fit(
                name,
                self._network,
                list(range(self._network.models)),
                draw,
                loss_of(data),
                plan,
                validation,
                choice=choice_of(data),
            )
        self._best = history.best()

    def predict(self, pieces: Sequence[Piece]) -> Answers:
        """Return the answers at the answered events, each piece from rest."""
        found: dict[int, np.ndarray] = {}
        order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
        with one_thread(), torch.no_grad():
            for first in range(0, len(order), _TOGETHER):
                some = order[first : first + _TOGETHER]
                windows = Windows(self._data, [pieces[i] for i in some])
                ends = np.cumsum(windows.lengths)
                starts = torch.tensor(ends - windows.lengths)
                series, _ = windows.take(starts, torch.tensor(windows.lengths))
                events = self._timed(series.events())
                features, _ = self._network.run(
                    stack([events] * self._network.models), self._network.zero_state(len(some))
                )
                outputs = self._network.logits(features)[self._best].double().numpy()
                for row, i in enumerate(some):
                    found[i] = outputs[row, : len(pieces[i])][pieces[i].answered]
        answers = np.concatenate([found[i] for i in range(len(pieces))])
        if self._data.classes:
            chosen: Answers = answers.argmax(1)
            return chosen
        scaling = self._data.outputs
        values: Answers = answers / scaling.scale + scaling.offset
        return values

    def _timed(self, events: EventBatch) -> EventBatch:
        if self._clock is None:
            return events
        return replace(events, gaps=self._clock(events.gaps))
