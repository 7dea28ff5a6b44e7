"""A pole on a cart that is pushed left or right, as in Gymnasium's CartPole-v1.

Barto, Sutton and Anderson, "Neuronlike Adaptive Elements That Can Solve Difficult Learning Control
Problems", IEEE Transactions on Systems, Man, and Cybernetics, 1983, equations (1) and (2), without
friction.

Gymnasium's cart knows two pushes: 10 N to either side. A controller commands any force between
them. The cart's output stage turns commands into pushes by first-order sigma-delta modulation:
over time the pushes have the mean of the commands. A command of +-10 N is that push, so with such
commands the plant is Gymnasium's.
"""

import numpy as np

from host_tools.plants.plant import Floats, Linear, Step

GRAVITY = 9.8  # m/s^2
CART, POLE = 1.0, 0.1  # kg
HALF_LENGTH = 0.5  # m, from the pivot to the pole's centre
PUSH = 10.0  # N
PERIOD_S = 0.02
FARTHEST, STEEPEST = 2.4, 12 * 2 * np.pi / 360  # m and rad: beyond them the episode has failed
START = 0.05  # every state starts within +- this
STEP_LIMIT = 500
OBSERVATIONS = ("x", "v", "theta", "omega")


def moved(state: Floats, force: Floats) -> Floats:
    """Return the states (4, ...) one period later under forces (...): one explicit Euler step."""
    x, v, theta, omega = state
    sine, cosine = np.sin(theta), np.cos(theta)
    mass, moment = CART + POLE, POLE * HALF_LENGTH
    pushed = (force + moment * np.square(omega) * sine) / mass
    turning = (GRAVITY * sine - cosine * pushed) / (
        HALF_LENGTH * (4.0 / 3.0 - POLE * np.square(cosine) / mass)
    )
    speeding = pushed - moment * turning * cosine / mass
    slopes = np.stack([v, speeding, omega, turning])
    return np.asarray(state + PERIOD_S * slopes)


def failed(state: Floats) -> np.ndarray:
    """Tell which of the states (4, ...) are failures."""
    return np.asarray((np.abs(state[0]) > FARTHEST) | (np.abs(state[2]) > STEEPEST))


def modulated(command: Floats, rest: Floats) -> tuple[Floats, Floats]:
    """Return the pushes for commands in N, and what is left over for the next ones."""
    wanted = command + rest
    push = np.where(wanted > 0, PUSH, -PUSH)
    return push, wanted - push


class CartPole:
    """The cart and its pole. The reward is 1 a step."""

    observations = OBSERVATIONS
    units = ("m", "m/s", "rad", "rad/s")
    actions = ("force",)
    action_limits = ((-PUSH, PUSH),)
    period_s = PERIOD_S
    safe = (0.0,)
    step_limit = STEP_LIMIT
    balance = ((0.0, 0.0, 0.0, 0.0), (0.0,))

    def __init__(self) -> None:
        self.state = np.zeros(4)
        self._rest = np.zeros(())

    def reset(self, seed: int) -> Floats:
        self.state = np.random.default_rng(seed).uniform(-START, START, 4)
        self._rest = np.zeros(())
        return self.state

    def step(self, action: Floats) -> Step:
        push, self._rest = modulated(action[0], self._rest)
        self.state = moved(self.state, push)
        return self.state, 1.0, bool(failed(self.state))

    def linear(self) -> Linear:
        """Return the model around the upright pole; the modulation counts as its mean."""
        mass = CART + POLE
        lever = HALF_LENGTH * (4.0 / 3.0 - POLE / mass)
        moment = POLE * HALF_LENGTH / mass
        slopes = np.zeros((4, 4))
        slopes[0, 1] = slopes[2, 3] = 1.0
        slopes[3, 2] = GRAVITY / lever
        slopes[1, 2] = -moment * slopes[3, 2]
        turning = -1 / (mass * lever)
        push = np.array([0.0, 1 / mass - moment * turning, 0.0, turning])
        return Linear(np.eye(4) + PERIOD_S * slopes, PERIOD_S * push[:, None], np.eye(4))
