"""The tasks: a plant, many episodes at once, with its expert; one file each."""

import importlib
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from host_tools.controllers.timing import Random, Shape

Floats = NDArray[np.float64]

NAMES = ("cartpole", "altitude")


class Task(Protocol):
    """A plant's episodes side by side. States are (rows, models, episodes)."""

    name: str
    channels: tuple[str, ...]  # of a model: observations, last action, age, fresh flag
    units: tuple[str, ...]
    offset: Floats  # normalised input = (value - offset) * scale
    scale: Floats
    observed: int  # how many of the channels are observations
    period_s: float
    steps: int
    settles: int  # steps before which the error does not count
    start_tau_s: tuple[float, float]  # time constants of a liquid network start log-spaced in this
    safe: float  # action
    limits: tuple[float, float]
    action: tuple[float, float]  # action = first + second * a network's output
    truths: int  # how many numbers `truth` gives

    def start(self, random: Random, shape: Shape) -> Floats:
        """Return the states at the start of episodes."""

    def observe(self, state: Floats, random: Random, noise: bool) -> Floats:
        """Return what the sensors report, (observed, models, episodes)."""

    def advance(self, state: Floats, action: Floats, random: Random) -> Floats:
        """Return the states one period later."""

    def failed(self, state: Floats) -> NDArray[np.bool_]: ...

    def reward(self, state: Floats) -> Floats:
        """Return the reward of having come to these states."""

    def error(self, state: Floats) -> Floats:
        """Return the squared error that the table shows the root of."""

    def expert(self, state: Floats) -> Floats:
        """Return the action of a controller that knows the state."""

    def truth(self, state: Floats) -> Floats:
        """Return what a network learns to estimate beside its action, of unit scale."""


def find(name: str) -> Task:
    made: Task = importlib.import_module(f"{__name__}.{name}").make()
    return made
