"""The classical controllers of the table.

All know the plant's equations. Those that predict also know when each observation was taken: a
timestamp that the sensor sends along, which no network is given.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.controllers.rollout import Controller, Floats, Tick
from host_tools.controllers.tasks.altitude import AltitudeTask
from host_tools.controllers.tasks.cartpole import CartPoleTask
from host_tools.plants import altitude, cartpole

# A prediction goes no further: no more observations are missing in a row than this.
_FARTHEST = 100


class Hold:
    """CartPole's LQR on the observation that came last; the force's sign is the push."""

    def __init__(self, task: CartPoleTask) -> None:
        self._task = task

    def act(self, tick: Tick) -> Floats:
        return np.where(self._task.feedback(tick.held) > 0, cartpole.PUSH, -cartpole.PUSH)


class SigmaDelta:
    """CartPole's LQR on the observation that came last; the plant modulates its force."""

    def __init__(self, task: CartPoleTask) -> None:
        self._task = task

    def act(self, tick: Tick) -> Floats:
        return self._task.feedback(tick.held)


class RollForward:
    """CartPole's LQR on the last observation, moved to now by the pushes made since."""

    def __init__(self, task: CartPoleTask) -> None:
        self._task = task
        self._pushes: list[Floats] = []
        self._rest = np.zeros(())

    def act(self, tick: Tick) -> Floats:
        state = tick.held
        first = max(int(tick.taken.min()), tick.step - _FARTHEST, 0)
        for step in range(first, tick.step):
            moved = cartpole.moved(state, self._pushes[step])
            state = np.where(tick.taken <= step, moved, state)
        push, self._rest = cartpole.modulated(self._task.feedback(state), self._rest)
        self._pushes.append(push)
        return push


class Pid:
    """The altitude by PID on the filtered height that came last.

    The derivative is taken between two observations. The gains are near the LQR's.
    """

    FILTER_S = 0.15
    GAINS = (0.07, 0.01, 0.06)  # N/m, N/(m s), N s/m

    def __init__(self, task: AltitudeTask) -> None:
        self._task = task
        self._filtered = self._rate = self._sum = self._since = np.zeros(())
        self._started = np.zeros((), bool)

    def act(self, tick: Tick) -> Floats:
        period = self._task.period_s
        self._since = self._since + period
        share = self._since / (self.FILTER_S + self._since)
        moved = self._filtered + share * (tick.held[0] - self._filtered)
        rate = (moved - self._filtered) / self._since
        rate = self._rate + share * (rate - self._rate)
        known = self._started & tick.fresh
        self._rate = np.where(known, rate, self._rate)
        self._filtered = np.where(
            tick.fresh, np.where(self._started, moved, tick.held[0]), self._filtered
        )
        self._started = self._started | tick.fresh
        self._since = np.where(tick.fresh, 0.0, self._since)
        self._sum = np.clip(self._sum + period * self._filtered, -1.0, 1.0)
        kp, ki, kd = self.GAINS
        return altitude.HOVER - kp * self._filtered - ki * self._sum - kd * self._rate


class Kalman:
    """The altitude by a Kalman filter, moved to now by the thrusts commanded since, and the LQR.

    States: height, speed, thrust and the air's speed, as differences from hovering in still air.
    """

    # Variances at the start: height and speed lie within +-1 m and +-0.5 m/s.
    START = np.diag([1 / 3, 0.25 / 3, 1e-9, altitude.GUST**2])

    def __init__(self, task: AltitudeTask) -> None:
        self._task = task
        calm = float(np.exp(-task.period_s / altitude.GUST_S))
        drag = altitude.DRAG / altitude.MASS
        self._a = np.zeros((4, 4))
        self._a[:3, :3] = task.linear.a
        self._a[1, 3], self._a[3, 3] = task.period_s * drag, calm
        self._b = np.append(task.linear.b[:, 0], 0.0)
        self._c = np.hstack([task.linear.c, [[0.0], [drag]]])
        self._process = np.diag([1e-8, 1e-8, 1e-10, altitude.GUST**2 * (1 - calm**2)])
        self._noise = np.diag([altitude.HEIGHT_NOISE**2, altitude.ACCEL_NOISE**2])
        self._state = self._variance = self._taken = np.zeros(())
        self._thrusts: list[Floats] = []

    def act(self, tick: Tick) -> Floats:
        shape = tick.age_s.shape
        if not tick.step:
            self._state = np.zeros((*shape, 4))
            self._variance = np.broadcast_to(self.START, (*shape, 4, 4))
            self._taken = np.zeros(shape)
        # The estimate is that of the step at which the last observation was taken.
        taken = np.maximum(tick.taken, 0)
        first = max(int(self._taken.min()), tick.step - _FARTHEST)
        for step in range(first, int(taken.max())):
            passes = (self._taken <= step) & (step < taken)
            self._state = np.where(passes[..., None], self._moved(step), self._state)
            spread = self._a @ self._variance @ self._a.T + self._process
            self._variance = np.where(passes[..., None, None], spread, self._variance)
        self._taken = taken
        self._correct(np.moveaxis(tick.held, 0, -1), tick.fresh)
        return self._decide(tick)

    def _moved(self, step: int) -> Floats:
        thrust = self._thrusts[step][..., None]
        return np.asarray(self._state @ self._a.T + thrust * self._b)

    def _correct(self, held: Floats, fresh: NDArray[np.bool_]) -> None:
        gain = self._variance @ self._c.T
        gain = gain @ np.linalg.inv(self._c @ gain + self._noise)
        off = held - self._state @ self._c.T
        better = self._state + (gain @ off[..., None])[..., 0]
        surer = self._variance - gain @ self._c @ self._variance
        self._state = np.where(fresh[..., None], better, self._state)
        self._variance = np.where(fresh[..., None, None], surer, self._variance)

    def _decide(self, tick: Tick) -> Floats:
        kept = self._state
        for step in range(max(int(self._taken.min()), tick.step - _FARTHEST), tick.step):
            passes = (self._taken <= step)[..., None]
            self._state = np.where(passes, self._moved(step), self._state)
        now, self._state = np.moveaxis(self._state, -1, 0), kept
        hover = np.array([0.0, 0.0, altitude.HOVER])[:, None, None]
        thrust = self._task.feedback(now[:3] + hover) - altitude.DRAG * now[3]
        thrust = np.asarray(np.clip(thrust, *self._task.limits))
        self._thrusts.append(thrust - altitude.HOVER)
        return thrust


# Task -> name in the table -> controller, made with the task.
KINDS: dict[str, dict[str, Callable[[Any], Controller]]] = {
    "cartpole": {
        "LQR, hold": Hold,
        "LQR, sigma-delta": SigmaDelta,
        "LQR, roll-forward": RollForward,
    },
    "altitude": {"PID, hold": Pid, "Kalman filter and LQR": Kalman},
}
