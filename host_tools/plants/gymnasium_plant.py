"""Any environment of Gymnasium whose observations are vectors."""

from typing import Any

import numpy as np

from host_tools.errors import RivuletError
from host_tools.plants.plant import Floats, Step

_PERIOD_S = 0.02  # of environments that state neither a time step nor frames per second
_STEP_LIMIT = 1000  # of environments that state none
_UNBOUNDED = 1.0  # limit of an action that has none


class GymnasiumPlant:
    """An environment; a discrete action is rounded to the nearest of its numbers."""

    def __init__(self, name: str) -> None:
        """Raise RivuletError without Gymnasium, for unknown names and for other observations."""
        self._environment, gymnasium = _made(name)
        seen, done = self._environment.observation_space, self._environment.action_space
        box = gymnasium.spaces.Box
        if not isinstance(seen, box) or len(seen.shape) != 1:
            raise RivuletError(
                f"plant {name}: its observations are {_kind(seen)}: a model takes a vector of "
                "numbers"
            )
        self._discrete = isinstance(done, gymnasium.spaces.Discrete)
        if self._discrete:
            first = int(done.start)
            limits = [(float(first), float(first + int(done.n) - 1))]
        elif isinstance(done, box) and len(done.shape) == 1:
            limits = [_bounded(*pair) for pair in zip(done.low, done.high, strict=True)]
        else:
            raise RivuletError(
                f"plant {name}: its actions are {_kind(done)}: actuators take numbers"
            )
        self.observations = tuple(f"o{k}" for k in range(seen.shape[0]))
        self.units = ("",) * len(self.observations)
        self.actions = tuple(f"a{k}" for k in range(len(limits)))
        self.action_limits = tuple(limits)
        self.period_s = _period(self._environment)
        self.safe = tuple(min(max(0.0, low), high) for low, high in limits)
        spec = self._environment.spec
        self.step_limit = int(spec.max_episode_steps or _STEP_LIMIT) if spec else _STEP_LIMIT

    def reset(self, seed: int) -> Floats:
        observation, _ = self._environment.reset(seed=seed)
        return np.asarray(observation, np.float64)

    def step(self, action: Floats) -> Step:
        given: Any = round(action[0]) if self._discrete else action.astype(np.float32)
        observation, reward, failed, over, _ = self._environment.step(given)
        return np.asarray(observation, np.float64), float(reward), bool(failed or over)


def _made(name: str) -> tuple[Any, Any]:
    try:
        import gymnasium
    except ImportError:
        raise RivuletError(
            f"plant {name}: it needs Gymnasium: pip install 'rivulet[control]'"
        ) from None
    try:
        return gymnasium.make(name), gymnasium
    except Exception as error:  # an environment may raise whatever its own packages raise
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RivuletError(f"plant {name}: Gymnasium cannot make it: {first}") from None


def _kind(space: Any) -> str:
    shape = f" of shape {space.shape}" if space.shape else ""
    return f"a {type(space).__name__}{shape}"


def _bounded(low: float, high: float) -> tuple[float, float]:
    return (
        float(low) if np.isfinite(low) else -_UNBOUNDED,
        float(high) if np.isfinite(high) else _UNBOUNDED,
    )


def _period(environment: Any) -> float:
    inner = environment.unwrapped
    for name in ("tau", "dt"):
        value = getattr(inner, name, None)
        if isinstance(value, (int, float)) and value > 0:
            return float(value)
    frames = environment.metadata.get("render_fps")
    return 1.0 / frames if frames else _PERIOD_S
