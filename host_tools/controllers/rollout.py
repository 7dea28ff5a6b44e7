"""Episodes of a task under a controller, many at once."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from host_tools.controllers.tasks import Task
from host_tools.controllers.timing import Random, Schedule, Shape

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tick:
    """What there is at one tick, of (models, episodes)."""

    step: int
    held: Floats  # (observed, models, episodes): the observation that came last
    action: Floats  # the last one
    age_s: Floats
    fresh: NDArray[np.bool_]
    taken: NDArray[np.int64]  # the step at which the held observation was taken, -1 without one
    state: Floats  # the truth, for an expert

    def values(self) -> Floats:
        """Return a model's channels, (models, episodes, channels)."""
        rest = [self.action, self.age_s, self.fresh]
        return np.stack([*self.held, *rest], axis=-1, dtype=np.float64)


class Controller(Protocol):
    """Acts at every tick; made anew for each rollout."""

    def act(self, tick: Tick) -> Floats:
        """Return the actions (models, episodes), before they are clipped."""


@dataclass(frozen=True)
class Record:
    """What came of episodes; arrays (steps, models, episodes) where not said otherwise."""

    returns: Floats  # (models, episodes)
    errors: Floats  # (models, episodes): root mean square, before a failure
    alive: NDArray[np.bool_]  # before the step
    values: Floats  # (steps, models, episodes, channels)
    experts: Floats  # the expert's action at each tick
    truths: Floats  # (steps, truths, models, episodes)


def rollout(
    task: Task,
    controller: Controller,
    schedule: Schedule,
    random: Random,
    noise: bool = True,
    keep: bool = False,
) -> Record:
    """Play episodes to their end. keep: record values, experts and truths as well.

    What `random` gives does not depend on the controller: the same seed is the same test.
    """
    steps, *rest = schedule.latest.shape
    shape: Shape = (rest[0], rest[1])
    state = task.start(random, shape)
    seen = np.zeros((steps, task.observed, *shape))
    before = task.offset[: task.observed, None, None]
    action = np.full(shape, task.safe)
    alive = np.ones(shape, bool)
    returns, squares, lived = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    each_alive, each_values, experts, truths = [], [], [], []
    for step in range(steps):
        seen[step] = task.observe(state, random, noise)
        taken = schedule.latest[step]
        place = np.broadcast_to(np.maximum(taken, 0), (1, task.observed, *shape))
        held = np.where(taken >= 0, np.take_along_axis(seen, place, 0)[0], before)
        tick = Tick(step, held, action, schedule.age_s[step], schedule.fresh[step], taken, state)
        if keep:
            each_alive.append(alive)
            each_values.append(tick.values().astype(np.float32))
            experts.append(task.expert(state))
            truths.append(task.truth(state))
        action = np.clip(controller.act(tick), *task.limits)
        state = np.where(alive, task.advance(state, action, random), state)
        returns += alive * task.reward(state)
        if step >= task.settles:
            squares += alive * task.error(state)
            lived += alive
        alive = alive & ~task.failed(state)
    return Record(
        returns,
        np.sqrt(squares / np.maximum(lived, 1)),
        np.array(each_alive),
        np.array(each_values),
        np.array(experts),
        np.array(truths),
    )


class Expert:
    """Knows the state."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def act(self, tick: Tick) -> Floats:
        return self._task.expert(tick.state)
