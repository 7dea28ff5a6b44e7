"""CartPole: the reward is a step, the expert an LQR that knows the state."""

import numpy as np
from numpy.typing import NDArray

from host_tools.controllers.lqr import regulator
from host_tools.controllers.timing import Random, Shape
from host_tools.plants import cartpole as plant

Floats = NDArray[np.float64]

# The weights of the LQR. Small forces: with the 100 times cheaper ones that a first choice gives,
# every controller that holds its observation falls sooner.
STATES, ACTIONS = (0.5, 0.1, 5.0, 0.5), (1.0,)
# Standard deviation of the sensors' noise: m, m/s, rad, rad/s. Gymnasium's plant has none.
NOISE = np.array([0.005, 0.02, 0.003, 0.02])
_TRUTH = np.array([1.0, 1.0, 10.0, 1.0])


class CartPoleTask:
    """States: x, v, theta, omega, and what the sigma-delta modulator has left over."""

    name = "cartpole"
    channels = (*plant.OBSERVATIONS, "action.force", "age.x", "fresh.x")
    units = (*plant.CartPole.units, "N", "s", "")
    offset = np.zeros(7)
    scale = np.array([1.0, 1.0, 10.0, 1.0, 0.2, 10.0, 1.0])
    observed = 4
    period_s = plant.PERIOD_S
    steps = plant.STEP_LIMIT
    settles = 0
    start_tau_s = (0.2 * period_s, 5 * period_s)
    safe = 0.0
    limits = (-plant.PUSH, plant.PUSH)
    action = (0.0, 5.0)
    truths = 4

    def __init__(self) -> None:
        self.linear = plant.CartPole().linear()
        self.gain = regulator(self.linear.a, self.linear.b, STATES, ACTIONS)

    def start(self, random: Random, shape: Shape) -> Floats:
        state = random.uniform(-plant.START, plant.START, (4, *shape))
        return np.concatenate([state, np.zeros((1, *shape))])

    def observe(self, state: Floats, random: Random, noise: bool) -> Floats:
        drawn = random.standard_normal(state[:4].shape)
        return np.asarray(state[:4] + (NOISE[:, None, None] * drawn if noise else 0.0))

    def advance(self, state: Floats, action: Floats, random: Random) -> Floats:
        push, rest = plant.modulated(action, state[4])
        return np.concatenate([plant.moved(state[:4], push), rest[None]])

    def failed(self, state: Floats) -> NDArray[np.bool_]:
        return plant.failed(state)

    def reward(self, state: Floats) -> Floats:
        return np.ones_like(state[0])

    def error(self, state: Floats) -> Floats:
        return np.asarray(np.square(state[2]))

    def expert(self, state: Floats) -> Floats:
        return self.feedback(state[:4])

    def feedback(self, state: Floats) -> Floats:
        """Return the force of the LQR for states (4, ...)."""
        force = -np.tensordot(self.gain[0], state, 1)
        return np.asarray(np.clip(force, *self.limits))

    def truth(self, state: Floats) -> Floats:
        return np.asarray(_TRUTH[:, None, None] * state[:4])


def make() -> CartPoleTask:
    return CartPoleTask()
