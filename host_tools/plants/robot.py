"""A robot on two driven wheels that follows a line.

The size is a TurtleBot3 Burger's (Robotis e-Manual): wheels of 33 mm radius, 160 mm apart, at most
0.22 m/s. The motors' lag is assumed. scipy integrates the motion.
"""

import importlib.util

import numpy as np

from host_tools.errors import RivuletError
from host_tools.plants.plant import Floats, Linear, Step

RADIUS, APART = 0.033, 0.160  # m
FASTEST = 0.22 / RADIUS  # rad/s of a wheel
CRUISE = 0.6 * FASTEST  # rad/s: the speed at which the line is followed
LAG_S = 0.1
PERIOD_S = 0.05
FARTHEST = 0.5  # m from the line: beyond it the episode has failed
START = (0.1, 0.5)  # m and rad: offset and heading start within +- these
STEP_LIMIT = 400


def slopes(_: float, state: Floats, command: Floats) -> Floats:
    """Return d/dt of (way, offset, heading, left, right): m, m, rad, rad/s, rad/s."""
    _, _, heading, left, right = state
    speed, turning = RADIUS * (left + right) / 2, RADIUS * (right - left) / APART
    lags = (command - state[3:]) / LAG_S
    return np.array([speed * np.cos(heading), speed * np.sin(heading), turning, *lags])


class Robot:
    """The robot. The reward is the way along the line in m, less a tenth of the offset in m."""

    observations = ("offset", "heading", "left", "right")
    units = ("m", "rad", "rad/s", "rad/s")
    actions = ("left", "right")
    action_limits = ((-FASTEST, FASTEST), (-FASTEST, FASTEST))
    period_s = PERIOD_S
    safe = (0.0, 0.0)
    step_limit = STEP_LIMIT
    balance = ((0.0, 0.0, CRUISE, CRUISE), (CRUISE, CRUISE))

    def __init__(self) -> None:
        """Raise RivuletError without scipy."""
        if importlib.util.find_spec("scipy") is None:
            raise RivuletError("plant robot: it needs scipy: pip install 'rivulet[control]'")
        self.state = np.zeros(5)

    def reset(self, seed: int) -> Floats:
        offset, heading = START * np.random.default_rng(seed).uniform(-1.0, 1.0, 2)
        self.state = np.array([0.0, offset, heading, 0.0, 0.0])
        return self.state[1:]

    def step(self, action: Floats) -> Step:
        # scipy takes half a second to load, which the other plants need not wait for.
        from scipy.integrate import solve_ivp

        before = self.state[0]
        span = (0.0, PERIOD_S)
        self.state = solve_ivp(slopes, span, self.state, args=(action,), rtol=1e-6).y[:, -1]
        heading = self.state[2]
        self.state[2] = (heading + np.pi) % (2 * np.pi) - np.pi
        offset = abs(float(self.state[1]))
        return self.state[1:], float(self.state[0] - before) - 0.1 * offset, offset > FARTHEST

    def linear(self) -> Linear:
        """Return the model around cruising on the line: states as observed."""
        from scipy.linalg import expm

        # One exponential of [[rates, input], [0, 0]] holds both matrices over a period.
        rates = np.zeros((6, 6))
        rates[0, 1] = RADIUS * CRUISE
        rates[1, 2:4] = np.array([-1.0, 1.0]) * RADIUS / APART
        rates[2, 2] = rates[3, 3] = -1 / LAG_S
        rates[2, 4] = rates[3, 5] = 1 / LAG_S
        held = expm(rates * PERIOD_S)
        return Linear(held[:4, :4], held[:4, 4:], np.eye(4))
