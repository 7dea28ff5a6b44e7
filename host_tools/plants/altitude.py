"""The altitude of a small quadrotor that holds its height by barometer and accelerometer.

The vertical motion alone: mass, thrust that lags behind its command, drag against air that moves.
The machine is a Crazyflie 2: 30 g with markers, rotors of 2.3e-8 N/(rad/s)^2 up to 2500 rad/s
(Bitcraze's measurements of rotor speed and thrust, 2015). Its drag is 1.03e-6 kg/rad times the
speed of its rotors (Foerster, "System Identification of the Crazyflie 2.0 Nano Quadrocopter", ETH
Zurich, 2015). Lag and wind are assumptions: a first-order lag of 50 ms, gusts of 1 m/s rms that
last about a second.

The barometer's noise is 1.3 Pa, that of a BMP280 at its highest resolution without filter (data
sheet, Bosch BST-BMP280-DS001); 12.0 Pa is a metre near sea level. The accelerometer has the
400 ug/sqrt(Hz) of an MPU-6050 behind its 94 Hz filter, and the vibration of the motors, which is
assumed.
"""

import numpy as np

from host_tools.plants.plant import Floats, Linear, Step

GRAVITY = 9.80665  # m/s^2
MASS = 0.030  # kg
STRONGEST = 4 * 2.3e-8 * 2500.0**2  # N, all rotors
HOVER = MASS * GRAVITY  # N
DRAG = 1.03e-6 * 4 * float(np.sqrt(HOVER / 4 / 2.3e-8))  # N s/m, at the rotors' speed in hover
LAG_S = 0.05
GUST, GUST_S = 1.0, 1.0  # m/s, s
HEIGHT_NOISE = 1.3 / 12.0  # m
ACCEL_NOISE = float(np.hypot(GRAVITY * 400e-6 * np.sqrt(1.57 * 94), 0.3))  # m/s^2
PERIOD_S = 0.02
FARTHEST = 3.0  # m from the height to hold: beyond it the episode has failed
START = (1.0, 0.5)  # m and m/s: height and speed start within +- these
STEP_LIMIT = 500
OBSERVATIONS = ("height", "accel")

# One period: explicit in drag and wind, exact in the lag.
_LAG = float(np.exp(-PERIOD_S / LAG_S))
_CALM = float(np.exp(-PERIOD_S / GUST_S))


def moved(state: Floats, thrust: Floats, gust: Floats) -> Floats:
    """Return the states (4, ...) one period later; gust: normal noise of variance 1, (...).

    A state is the height above the one to hold in m, the speed in m/s, the thrust in N and the
    air's speed in m/s. thrust: the command in N.
    """
    height, speed, now, air = state
    later = thrust + _LAG * (now - thrust)
    faster = speed + PERIOD_S * acceleration(np.stack([height, speed, (now + later) / 2, air]))
    higher = height + PERIOD_S * (speed + faster) / 2
    calmer = _CALM * air + GUST * np.sqrt(1 - _CALM**2) * gust
    return np.stack([higher, faster, later, calmer])


def acceleration(state: Floats) -> Floats:
    """Return the vertical acceleration in m/s^2 of states (4, ...)."""
    _, speed, thrust, air = state
    return np.asarray((thrust - DRAG * (speed - air)) / MASS - GRAVITY)


def seen(state: Floats, noise: Floats) -> Floats:
    """Return what the sensors report (2, ...): height and acceleration, gravity taken off.

    noise: normal, of variance 1, (2, ...).
    """
    height = state[0] + HEIGHT_NOISE * noise[0]
    return np.stack([height, acceleration(state) + ACCEL_NOISE * noise[1]])


def failed(state: Floats) -> np.ndarray:
    """Tell which of the states (4, ...) are failures."""
    return np.asarray(np.abs(state[0]) > FARTHEST)


def started(uniform: Floats) -> Floats:
    """Return states (4, ...) at the start of an episode; uniform: noise within +-1, (2, ...)."""
    height, speed = START[0] * uniform[0], START[1] * uniform[1]
    return np.stack([height, speed, np.full_like(height, HOVER), np.zeros_like(height)])


class Altitude:
    """The quadrotor. The reward is 1 a step less the distance in m, at least 0."""

    observations = OBSERVATIONS
    units = ("m", "m/s^2")
    actions = ("thrust",)
    action_limits = ((0.0, STRONGEST),)
    period_s = PERIOD_S
    # A little less than the weight: it sinks at about 1 m/s.
    safe = (round(HOVER - DRAG, 3),)
    step_limit = STEP_LIMIT
    balance = ((0.0, 0.0), (HOVER,))

    def __init__(self) -> None:
        self.state = np.zeros(4)
        self._random = np.random.default_rng(0)

    def reset(self, seed: int) -> Floats:
        self._random = np.random.default_rng(seed)
        self.state = started(self._random.uniform(-1.0, 1.0, 2))
        return seen(self.state, self._random.standard_normal(2))

    def step(self, action: Floats) -> Step:
        gust = np.asarray(self._random.standard_normal())
        self.state = moved(self.state, action[0], gust)
        reward = max(0.0, 1.0 - abs(float(self.state[0])))
        observation = seen(self.state, self._random.standard_normal(2))
        return observation, reward, bool(failed(self.state))

    def linear(self) -> Linear:
        """Return the model around hovering: states height, speed and thrust, no wind."""
        late, share = PERIOD_S * DRAG / MASS, PERIOD_S / MASS
        # Mean thrust of a period, by the thrust before it and by the command.
        before, given = (1 + _LAG) / 2, (1 - _LAG) / 2
        speed = np.array([0.0, 1 - late, share * before])
        height = np.array([1.0, PERIOD_S, 0.0]) + PERIOD_S / 2 * (speed - [0.0, 1.0, 0.0])
        a = np.stack([height, speed, [0.0, 0.0, _LAG]])
        b = np.array([PERIOD_S / 2 * share * given, share * given, 1 - _LAG])[:, None]
        return Linear(a, b, np.array([[1.0, 0.0, 0.0], [0.0, -DRAG / MASS, 1 / MASS]]))
