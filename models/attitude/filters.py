"""The filters of the `ahrs` library, run over a recording's events at their true times.

The library updates with all sensors at once. Here an event corrects by its own sensor alone, as
soon as it is there, and the gyroscope turns the estimate in between:

- every event first turns the estimate by the held rates over the true interval;
- an accelerometer's event corrects the tilt, a magnetometer's the heading: there the filter's own
  prediction stands in for the accelerometer, so that an old value never pulls twice;
- the correction is worth the time since the same sensor's last one, at most `LONGEST_S`.

Each yields the estimate just before an event is used: what a machine would have had until then.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import physics
from ahrs import Quaternion
from ahrs.filters import EKF, Complementary, Madgwick
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LONGEST_S = 0.3
_STILL = np.full(3, 1e-12)  # the library's updates return at once for rates of zero
_NOTHING = np.zeros(3)


class Filter(ABC):
    q: Floats  # from body to world, w x y z

    def start(self, accel: Floats, mag: Floats) -> None:
        roll, pitch, yaw = Complementary().am_estimation(accel, mag)
        self.q = Quaternion(rpy=[roll, pitch, yaw]).to_array()

    @abstractmethod
    def turn(self, rate: Floats, seconds: float) -> None: ...

    @abstractmethod
    def tilt(self, accel: Floats, seconds: float) -> None: ...

    @abstractmethod
    def heading(self, mag: Floats, seconds: float) -> None: ...

    def axes(self) -> tuple[Floats, Floats]:
        """(up, north) in the body."""
        w, x, y, z = self.q
        north = [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)]
        return self.up(), np.array(north)

    def up(self) -> Floats:
        """Where the filter believes up to be, in the body."""
        w, x, y, z = self.q
        return np.array([2 * (x * z - w * y), 2 * (w * x + y * z), 1 - 2 * (x * x + y * y)])


class MadgwickFilter(Filter):
    def __init__(self, tilt_gain: float, heading_gain: float) -> None:
        self._tilt = Madgwick(gain=tilt_gain)
        self._heading = Madgwick(gain=heading_gain)

    def turn(self, rate: Floats, seconds: float) -> None:
        self.q = self._tilt.updateIMU(self.q, rate, _NOTHING, dt=seconds)

    def tilt(self, accel: Floats, seconds: float) -> None:
        self.q = self._tilt.updateIMU(self.q, _STILL, accel, dt=seconds)

    def heading(self, mag: Floats, seconds: float) -> None:
        self.q = self._heading.updateMARG(self.q, _STILL, self.up(), mag, dt=seconds)


class KalmanFilter(Filter):
    """The library's EKF on quaternions; `update` with a sensor given no trust only predicts.

    Only the ratios of the three deviations matter: the gyroscope's is fixed.
    """

    _GYRO_SD = 0.02
    _NO_TRUST = 1e12

    def __init__(self, accel_sd: float, mag_sd: float) -> None:
        self._sd = accel_sd, mag_sd
        self._ekf = EKF(magnetic_ref=physics.MAGNETIC, frame="NED")
        self._ekf.P = 0.01 * np.eye(4)

    def turn(self, rate: Floats, seconds: float) -> None:
        # A rate is right for a moment: its variance is spread over the time that it is held for.
        gyro = self._GYRO_SD**2 / max(seconds, 1e-6)
        self._update(rate, self.up(), None, seconds, (gyro, self._NO_TRUST, 1.0))

    def tilt(self, accel: Floats, seconds: float) -> None:
        self._update(_STILL, accel, None, 0.0, (0.0, self._sd[0] ** 2 / seconds, 1.0))

    def heading(self, mag: Floats, seconds: float) -> None:
        noises = (0.0, self._NO_TRUST, self._sd[1] ** 2 / seconds)
        self._update(_STILL, self.up(), mag, 0.0, noises)

    def _update(
        self,
        rate: Floats,
        accel: Floats,
        mag: Floats | None,
        seconds: float,
        noises: tuple[float, float, float],
    ) -> None:
        self._ekf.g_noise, self._ekf.noises = noises[0], list(noises)
        self._ekf.mag = mag  # what its Jacobian is made for
        self.q = self._ekf.update(self.q, rate, accel, mag, dt=seconds)


class ComplementaryFilter(Filter):
    """The library's angles from accelerometer and magnetometer, mixed with turned angles.

    The library takes body rates for rates of the angles, which holds near level only; here they
    are converted first.
    """

    def __init__(self, tilt_tau_s: float, heading_tau_s: float) -> None:
        self._tau_s = tilt_tau_s, heading_tau_s
        self._library = Complementary()

    def start(self, accel: Floats, mag: Floats) -> None:
        self._angles = self._library.am_estimation(accel, mag)

    def turn(self, rate: Floats, seconds: float) -> None:
        roll, pitch, _ = self._angles
        cosine = np.cos(pitch) if abs(np.cos(pitch)) > 0.05 else 0.05
        across = rate[1] * np.sin(roll) + rate[2] * np.cos(roll)
        change = [
            rate[0] + across * np.sin(pitch) / cosine,
            rate[1] * np.cos(roll) - rate[2] * np.sin(roll),
            across / cosine,
        ]
        self._angles = self._angles + seconds * np.array(change)

    def tilt(self, accel: Floats, seconds: float) -> None:
        self._mix(slice(0, 2), self._library.am_estimation(accel), seconds / self._tau_s[0])

    def heading(self, mag: Floats, seconds: float) -> None:
        measured = self._library.am_estimation(self.up(), mag)
        self._mix(slice(2, 3), measured, seconds / self._tau_s[1])

    def _mix(self, which: slice, measured: Floats, share: float) -> None:
        away = np.mod(measured - self._angles + np.pi, 2 * np.pi) - np.pi
        self._angles[which] += (-np.expm1(-share) * away)[which]

    def up(self) -> Floats:
        roll, pitch, _ = self._angles
        return np.array(
            [-np.sin(pitch), np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch)]
        )

    def axes(self) -> tuple[Floats, Floats]:
        roll, pitch, yaw = self._angles
        north = [
            np.cos(pitch) * np.cos(yaw),
            np.sin(roll) * np.sin(pitch) * np.cos(yaw) - np.cos(roll) * np.sin(yaw),
            np.cos(roll) * np.sin(pitch) * np.cos(yaw) + np.sin(roll) * np.sin(yaw),
        ]
        return self.up(), np.array(north)


Make = Callable[..., Filter]
# What is tuned: the same number of settings for each, log-spaced around common values.
KINDS: dict[str, tuple[Make, tuple[Floats, Floats]]] = {
    "complementary": (ComplementaryFilter, (np.geomspace(0.2, 6, 7), np.geomspace(0.1, 3, 7))),
    "Madgwick": (MadgwickFilter, (np.geomspace(0.02, 1, 7), np.geomspace(0.05, 3, 7))),
    "Kalman": (KalmanFilter, (np.geomspace(0.02, 1, 7), np.geomspace(0.005, 0.3, 7))),
}


def run(filter: Filter, recording: physics.Recording) -> Floats:
    """(events, 6): up and north in the body, as believed just before each event is used."""
    believed = np.full((len(recording.times_us), 6), np.nan)
    rate = np.zeros(3)
    first: list[Floats | None] = [None, None, None]
    latest_us = [0, 0, 0]
    started = False
    now_us = int(recording.times_us[0])
    events = zip(recording.times_us.tolist(), recording.source, recording.values, strict=True)
    for i, (t_us, sensor, values) in enumerate(events):
        if started:
            filter.turn(rate, (t_us - now_us) * 1e-6)
            believed[i] = np.concatenate(filter.axes())
        now_us = t_us
        if sensor == physics.GYRO:
            rate = values
        elif started:
            seconds = min(max(t_us - latest_us[sensor], 1) * 1e-6, LONGEST_S)
            (filter.tilt if sensor == physics.ACCEL else filter.heading)(values, seconds)
        else:
            first[sensor] = values
            accel, mag = first[physics.ACCEL], first[physics.MAG]
            if accel is not None and mag is not None:
                filter.start(accel, mag)
                started = True
        latest_us[sensor] = t_us
    return believed
