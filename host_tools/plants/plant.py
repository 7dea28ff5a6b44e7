"""What a plant is, and the checks that every plant passes through."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.errors import RivuletError

Floats = NDArray[np.float64]
Step = tuple[Floats, float, bool]  # the observation, the reward, whether the episode ended

# Beyond this, in whatever unit, a plant has diverged.
_DIVERGED = 1e9


class Linear(NamedTuple):
    """A plant near its equilibrium, one control period a step.

    x[k+1] = A x[k] + B u[k] and y[k] = C x[k], all as differences from the equilibrium.
    """

    a: Floats
    b: Floats
    c: Floats


class Plant(Protocol):
    """A machine to be controlled. One step lasts one control period, under a constant action."""

    observations: tuple[str, ...]
    units: tuple[str, ...]  # of the observations
    actions: tuple[str, ...]
    action_limits: tuple[tuple[float, float], ...]
    period_s: float
    safe: tuple[float, ...]  # the action while nobody controls
    step_limit: int  # steps after which an episode is over

    def reset(self, seed: int) -> Floats:
        """Start an episode and return its first observation."""

    def step(self, action: Floats) -> Step:
        """Apply an action for one period. `ended`: the plant failed; it needs a reset."""


@runtime_checkable
class Linearisable(Protocol):
    """A plant that knows its linear model."""

    balance: tuple[tuple[float, ...], tuple[float, ...]]  # observation and action at equilibrium

    def linear(self) -> Linear: ...


class Checked:
    """A plant whose every action, observation and reward is checked.

    Actions outside the limits are clipped, as an actuator would. NaN, a wrong shape or a number
    beyond all bounds raises RivuletError.
    """

    def __init__(self, name: str, plant: Plant) -> None:
        self.name = name
        self.plant = plant
        self.observations = plant.observations
        self.units = plant.units
        self.actions = plant.actions
        self.action_limits = plant.action_limits
        self.period_s = plant.period_s
        self.safe = plant.safe
        self.step_limit = plant.step_limit
        self._low, self._high = np.array(plant.action_limits, np.float64).T

    @property
    def balance(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Return the equilibrium's observation and action; None without a linear model."""
        return self.plant.balance if isinstance(self.plant, Linearisable) else None

    def linear(self) -> Linear | None:
        """Return the plant near its equilibrium; None if it does not know."""
        return self.plant.linear() if isinstance(self.plant, Linearisable) else None

    def reset(self, seed: int) -> Floats:
        return self._observation(self.plant.reset(seed))

    def step(self, action: ArrayLike) -> Step:
        given = np.asarray(action, np.float64).reshape(-1)
        if given.shape != self._low.shape:
            raise RivuletError(
                f"plant {self.name}: an action has {len(self._low)} numbers, not {len(given)}"
            )
        if np.isnan(given).any():
            raise RivuletError(f"plant {self.name}: the action is NaN")
        observation, reward, ended = self.plant.step(np.clip(given, self._low, self._high))
        if not np.isfinite(reward):
            raise RivuletError(f"plant {self.name}: the reward is {reward}")
        return self._observation(observation), float(reward), bool(ended)

    def _observation(self, observation: Floats) -> Floats:
        found = np.asarray(observation, np.float64)
        if found.shape != (len(self.observations),):
            raise RivuletError(
                f"plant {self.name}: an observation has shape {found.shape}; "
                f"({len(self.observations)},) was stated"
            )
        for name, value in zip(self.observations, found, strict=True):
            if np.isnan(value):
                raise RivuletError(f"plant {self.name}: {name} is NaN")
            if not abs(value) < _DIVERGED:
                raise RivuletError(f"plant {self.name}: it diverged: {name} is {value:g}")
        return found
