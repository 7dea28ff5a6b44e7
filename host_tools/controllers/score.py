"""The conditions of the table, and the score of a controller under them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from host_tools.controllers.rollout import Controller, Record, rollout
from host_tools.controllers.tasks import Task
from host_tools.controllers.timing import Faults, training_draw

# {"returns": {condition: each seed's mean}, "errors": {condition: each seed's mean}}
Scores = dict[str, dict[str, list[float]]]

_DELAY_S, _OUTAGE_S = 0.06, (0.1, 0.3)
LOSSES = (0.0, 0.3, 0.5, 0.7)
_TEST, _CHOICE = 7, 11  # seeds of the draws


def conditions(task: Task) -> dict[str, Faults]:
    """Return every condition by name: losses with everything else wrong too, then each alone."""
    together = {
        loss_name(loss): Faults(
            loss, _OUTAGE_S if loss >= 0.3 else None, _DELAY_S, task.period_s / 2
        )
        for loss in LOSSES
    }
    return together | {
        "nothing": Faults(),
        "jitter": Faults(jitter_s=task.period_s),
        "outages": Faults(outage_s=_OUTAGE_S),
        "delay": Faults(delay_s=_DELAY_S),
    }


def loss_name(loss: float) -> str:
    return f"{100 * loss:.0f} % lost"


def score(task: Task, make: Callable[[], Controller], seeds: int, episodes: int) -> Scores:
    """Play the test's episodes, the same for every controller; `make` returns one at rest."""
    returns: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {}
    for name, faults in conditions(task).items():
        random = np.random.default_rng(_TEST)
        schedule = faults.draw(random, (seeds, episodes), task.steps, task.period_s)
        found = rollout(task, make(), schedule, random, faults.noise)
        returns[name] = [round(float(value), 2) for value in found.returns.mean(1)]
        errors[name] = [round(float(value), 5) for value in found.errors.mean(1)]
    return {"returns": returns, "errors": errors}


def trial(task: Task, controller: Controller, seeds: int, episodes: int) -> Record:
    """Play episodes with the faults of training, which no test uses, and keep all of them."""
    random = np.random.default_rng(_CHOICE)
    schedule = training_draw(random, (seeds, episodes), task.steps, task.period_s)
    return rollout(task, controller, schedule, random, keep=True)


def mean(scores: Any, kind: str, name: str) -> float:
    """Return the mean over the seeds of "returns" or "errors" under one condition."""
    return float(np.mean(scores[kind][name]))
