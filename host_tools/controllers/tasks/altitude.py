"""A quadrotor's altitude: the reward is the nearness to a height, the expert an LQR."""

import numpy as np
from numpy.typing import NDArray

from host_tools.controllers.lqr import regulator
from host_tools.controllers.timing import Random, Shape
from host_tools.plants import altitude as plant

Floats = NDArray[np.float64]

# The LQR's weights of height, speed, thrust over weight and air; and of thrust over weight.
STATES, ACTIONS = (1.0, 0.3, 0.0), (10.0,)


class AltitudeTask:
    """States: height, speed, thrust and the air's speed."""

    name = "altitude"
    channels = (*plant.OBSERVATIONS, "action.thrust", "age.height", "fresh.height")
    units = (*plant.Altitude.units, "N", "s", "")
    offset = np.array([0.0, 0.0, plant.HOVER, 0.0, 0.0])
    scale = np.array([1.0, 0.25, 4 / plant.HOVER, 10.0, 1.0])
    observed = 2
    period_s = plant.PERIOD_S
    steps = plant.STEP_LIMIT
    settles = 100
    # The speed is known from a second of noisy heights.
    start_tau_s = (period_s, 2.0)
    safe = plant.Altitude.safe[0]
    limits = plant.Altitude.action_limits[0]
    action = (plant.HOVER, plant.HOVER / 4)
    truths = 2

    def __init__(self) -> None:
        self.linear = plant.Altitude().linear()
        # In newtons the thrust is small: its weight is that of its share of the hover.
        actions = [weight / plant.HOVER**2 for weight in ACTIONS]
        self.gain = regulator(self.linear.a, self.linear.b, STATES, actions)

    def start(self, random: Random, shape: Shape) -> Floats:
        return plant.started(random.uniform(-1.0, 1.0, (2, *shape)))

    def observe(self, state: Floats, random: Random, noise: bool) -> Floats:
        # The plant's sensors have noise of their own.
        return plant.seen(state, random.standard_normal((2, *state.shape[1:])))

    def advance(self, state: Floats, action: Floats, random: Random) -> Floats:
        return plant.moved(state, action, random.standard_normal(state.shape[1:]))

    def failed(self, state: Floats) -> NDArray[np.bool_]:
        return plant.failed(state)

    def reward(self, state: Floats) -> Floats:
        return np.asarray(np.maximum(0.0, 1.0 - np.abs(state[0])))

    def error(self, state: Floats) -> Floats:
        return np.asarray(np.square(state[0]))

    def expert(self, state: Floats) -> Floats:
        # What the air pushes is known to the expert, and taken off.
        thrust = self.feedback(state[:3]) - plant.DRAG * state[3]
        return np.asarray(np.clip(thrust, *self.limits))

    def feedback(self, state: Floats) -> Floats:
        """Return the thrust of the LQR for height, speed and thrust (3, ...), unclipped."""
        off = np.stack([state[0], state[1], state[2] - plant.HOVER])
        return np.asarray(plant.HOVER - np.tensordot(self.gain[0], off, 1))

    def truth(self, state: Floats) -> Floats:
        return state[:2]


def make() -> AltitudeTask:
    return AltitudeTask()
