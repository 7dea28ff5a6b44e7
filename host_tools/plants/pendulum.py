"""A pendulum that a weak motor must swing up, as in Gymnasium's Pendulum-v1.

A uniform rod of 1 kg and 1 m, turned about its end; the angle is 0 upright. Semi-implicit Euler.
"""

import numpy as np

from host_tools.plants.plant import Floats, Linear, Step

GRAVITY = 10.0  # m/s^2
MASS, LENGTH = 1.0, 1.0  # kg, m
STRONGEST, FASTEST = 2.0, 8.0  # N m, rad/s
PERIOD_S = 0.05
_FALL = 3 * GRAVITY / (2 * LENGTH)  # 1/s^2: acceleration for each sin(angle)
_TURN = 3.0 / (MASS * LENGTH**2)  # 1/(kg m^2)


def moved(state: Floats, torque: Floats) -> Floats:
    """Return the states (2, ...), angle and rate, one period later under torques (...)."""
    angle, rate = state
    rate = np.clip(rate + (_FALL * np.sin(angle) + _TURN * torque) * PERIOD_S, -FASTEST, FASTEST)
    return np.stack([angle + rate * PERIOD_S, rate])


class Pendulum:
    """The pendulum. The reward is minus the squared error, with a price for rate and torque."""

    observations = ("cos", "sin", "omega")
    units = ("", "", "rad/s")
    actions = ("torque",)
    action_limits = ((-STRONGEST, STRONGEST),)
    period_s = PERIOD_S
    safe = (0.0,)
    step_limit = 200
    balance = ((1.0, 0.0, 0.0), (0.0,))

    def __init__(self) -> None:
        self.state = np.zeros(2)

    def reset(self, seed: int) -> Floats:
        reach = np.array([np.pi, 1.0])
        self.state = np.random.default_rng(seed).uniform(-reach, reach)
        return self._observation()

    def step(self, action: Floats) -> Step:
        angle, rate = self.state
        torque = action[0]
        off = (angle + np.pi) % (2 * np.pi) - np.pi
        cost = off**2 + 0.1 * rate**2 + 0.001 * torque**2
        self.state = moved(self.state, torque)
        return self._observation(), -float(cost), False

    def _observation(self) -> Floats:
        angle, rate = self.state
        return np.array([np.cos(angle), np.sin(angle), rate])

    def linear(self) -> Linear:
        """Return the model around the upright pendulum: states angle and rate."""
        rate = np.array([_FALL * PERIOD_S, 1.0])
        push = _TURN * PERIOD_S
        a = np.stack([np.array([1.0, 0.0]) + PERIOD_S * rate, rate])
        b = np.array([[PERIOD_S * push], [push]])
        return Linear(a, b, np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
