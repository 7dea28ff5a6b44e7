"""A rigid body that turns and is shaken, and what three sensors on it report, with the truth.

World frame: x to magnetic north, y west, z up. Body frame: an accelerometer at rest and level
reads +g on z. A rotation R takes body vectors to the world.

The sensors' figures are from the data sheets of the MPU-6050 (InvenSense PS-MPU-6000A, rev. 3.4)
and the HMC5883L (Honeywell, form 900405); offsets are what a calibration at start-up leaves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Floats = NDArray[np.float64]

GRAVITY = 9.80665  # m/s^2
FIELD_UT, DIP = 50.0, np.deg2rad(62.0)  # of central Europe
MAGNETIC = FIELD_UT * np.array([np.cos(DIP), 0.0, -np.sin(DIP)])
GRID_HZ = 400

# The body: random rates with this power, and a tendency to come upright again.
RATE_SD = np.deg2rad([50.0, 50.0, 35.0])  # about its x, y and z, rad/s
RATE_HZ = 1.0  # where their spectrum falls off
RIGHTING = 1.2  # 1/s
PUSH_SD, PUSH_HZ = 1.2, (0.3, 3.0)  # linear acceleration on each axis, m/s^2, and its band

# GYRO: 0.005 deg/s/sqrt(Hz) behind the 92 Hz filter; sensitivity within 3 %.
GYRO_NOISE = np.deg2rad(0.005 * np.sqrt(1.57 * 92))
GYRO_SCALE, GYRO_OFFSET = 0.03, np.deg2rad(0.3)
GYRO_WALK = np.deg2rad(0.02)  # rad/s in a second
# ACCELEROMETER: 400 ug/sqrt(Hz) behind the 94 Hz filter; motors add their vibration.
ACCEL_NOISE, ACCEL_OFFSET = GRAVITY * 400e-6 * np.sqrt(1.57 * 94), 0.05
VIBRATION = 0.3  # m/s^2
# MAGNETOMETER: 2 mG.
MAG_NOISE, MAG_OFFSET = 0.2, 0.5  # uT

GYRO, ACCEL, MAG = range(3)
RATES_HZ = (200.0, 50.0, 10.0)
CHANNELS = (slice(3, 6), slice(0, 3), slice(6, 9))  # of each sensor, in a row of inputs
AGES = {ACCEL: 9, MAG: 10}  # where, in that row, a sensor's age is
OLDEST_S = 0.5  # an age goes no further
JITTER = 0.2  # of a period, either way


@dataclass(frozen=True)
class Motion:
    """Bodies on a common grid of `GRID_HZ`.

    Between two points a body turns at the first one's rate, while its gyroscope reads what lies
    between both: half a grid step ahead, 0.05 deg at 40 deg/s.
    """

    turn: Floats  # (grid, bodies, 4): R as quaternions x y z w
    rate: Floats  # (grid, bodies, 3): body rates, rad/s
    push: Floats  # (grid, bodies, 3): linear acceleration in the world, m/s^2

    def at(self, body: int, times: Floats) -> tuple[Rotation, Floats, Floats]:
        """(R, body rates, linear acceleration in the world) at these times in s."""
        place = np.minimum((times * GRID_HZ).astype(int), len(self.rate) - 2)
        past = (times - place / GRID_HZ)[:, None]
        rate, after = self.rate[place, body], self.rate[place + 1, body]
        turn = Rotation.from_quat(self.turn[place, body]) * Rotation.from_rotvec(rate * past)
        push, next_push = self.push[place, body], self.push[place + 1, body]
        share = past * GRID_HZ
        return turn, rate + share * (after - rate), push + share * (next_push - push)


@dataclass(frozen=True)
class Losses:
    """What goes wrong in a recording."""

    drop: tuple[float, float, float] = (0.0, 0.0, 0.0)  # share of each sensor's samples
    outage: tuple[int, float, float] | None = None  # sensor, from, to (s)
    iron_ut: tuple[tuple[float, float, Floats], ...] = ()  # from, to (s), offset in the body
    shove: tuple[float, float, float] | None = None  # from, to (s), times as much push


@dataclass(frozen=True)
class Recording:
    """The events that came, in order."""

    times_us: NDArray[np.int64]  # (events,)
    source: NDArray[np.int64]  # (events,): GYRO, ACCEL or MAG
    values: Floats  # (events, 3), in the sensor's unit
    up: Floats  # (events, 3): where up is in the body: the truth
    north: Floats  # (events, 3): where magnetic north is, horizontally

    def held(self) -> Floats:
        """(events, 11): what is known at each event: accelerometer, gyroscope and magnetometer,
        held, NaN before the first; and how old, in s, the first and the last of them are.
        """
        place = np.arange(len(self.source))
        times_s = self.times_us * 1e-6
        table = np.full((len(self.source), 11), np.nan)
        for sensor, channels in enumerate(CHANNELS):
            latest = np.maximum.accumulate(np.where(self.source == sensor, place, -1))
            seen = latest >= 0
            table[seen, channels] = self.values[latest[seen]]
            if sensor in AGES:
                age = np.where(seen, times_s - times_s[latest], OLDEST_S)
                table[:, AGES[sensor]] = np.minimum(age, OLDEST_S)
        return table


def integrate(rate: Floats, start: Rotation) -> Floats:
    """(grid, bodies, 4) from body rates (grid, bodies, 3), each held for one grid step."""
    turn, quats = start, [start.as_quat()]
    for now in rate[:-1]:
        turn = turn * Rotation.from_rotvec(now / GRID_HZ)
        quats.append(turn.as_quat())
    return np.stack(quats)


def simulate(bodies: int, seconds: float, random: np.random.Generator) -> Motion:
    """Bodies from random headings and small tilts."""
    grid = int(seconds * GRID_HZ) + 2
    wanted = RATE_SD * coloured(grid, bodies, (0.0, RATE_HZ), random)
    yaw = random.uniform(0, 2 * np.pi, bodies)
    tilt = random.normal(0, np.deg2rad(15), (bodies, 2))
    turn = Rotation.from_euler("ZYX", np.column_stack([yaw, tilt]))
    quats, rates = [], []
    for now in wanted:
        up = turn.inv().apply([0.0, 0.0, 1.0])
        # up x z turns the body's z towards up.
        back = RIGHTING * np.column_stack([up[:, 1], -up[:, 0], np.zeros(bodies)])
        rate = now - back
        quats.append(turn.as_quat())
        rates.append(rate)
        turn = turn * Rotation.from_rotvec(rate / GRID_HZ)
    push = PUSH_SD * coloured(grid, bodies, PUSH_HZ, random)
    return Motion(np.stack(quats), np.stack(rates), push)


def coloured(
    grid: int, bodies: int, band_hz: tuple[float, float], random: np.random.Generator
) -> Floats:
    """(grid, bodies, 3) Gaussian noise of variance 1 in a band, from white noise by FFT."""
    white = np.fft.rfft(random.normal(size=(grid, bodies, 3)), axis=0)
    frequency = np.fft.rfftfreq(grid, 1 / GRID_HZ)
    low, high = band_hz
    gain = 1 / np.sqrt(1 + (frequency / high) ** 8) * (frequency >= low)
    shaped = np.fft.irfft(white * gain[:, None, None], n=grid, axis=0)
    return shaped / np.sqrt(np.mean(gain**2))


def record(
    motion: Motion, body: int, seconds: float, losses: Losses, random: np.random.Generator
) -> Recording:
    """What came from the sensors of one body."""
    parts = []
    for sensor, hertz in enumerate(RATES_HZ):
        times = _sample_times(hertz, seconds, random)
        kept = random.random(len(times)) >= losses.drop[sensor]
        if losses.outage is not None and losses.outage[0] == sensor:
            kept &= (times < losses.outage[1]) | (times >= losses.outage[2])
        times = times[kept]
        parts.append((times, np.full(len(times), sensor), random.normal(size=(len(times), 3))))
    times, source, noise = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(times, kind="stable")
    times, source, noise = times[order], source[order], noise[order]
    turn, rate, push = motion.at(body, times)
    if losses.shove is not None:
        during = (times >= losses.shove[0]) & (times < losses.shove[1])
        push = np.where(during[:, None], losses.shove[2] * push, push)
    back = turn.inv()
    values = np.zeros((len(times), 3))
    values[source == GYRO] = _gyro(times, rate, noise, random)[source == GYRO]
    felt = back.apply(push + [0.0, 0.0, GRAVITY]) + random.normal(0, ACCEL_OFFSET, 3)
    values[source == ACCEL] = (felt + np.hypot(ACCEL_NOISE, VIBRATION) * noise)[source == ACCEL]
    field = back.apply(MAGNETIC) + random.normal(0, MAG_OFFSET, 3) + MAG_NOISE * noise
    for start, end, offset in losses.iron_ut:
        field[(times >= start) & (times < end)] += offset
    values[source == MAG] = field[source == MAG]
    up, north = back.apply([0.0, 0.0, 1.0]), back.apply([1.0, 0.0, 0.0])
    return Recording(np.rint(times * 1e6).astype(np.int64), source, values, up, north)


def _sample_times(hertz: float, seconds: float, random: np.random.Generator) -> Floats:
    count = int(seconds * hertz)
    ideal = (np.arange(count) + random.random()) / hertz
    moved = ideal + random.uniform(-JITTER, JITTER, count) / hertz
    return moved[(moved >= 0) & (moved < seconds)]


def _gyro(times: Floats, rate: Floats, noise: Floats, random: np.random.Generator) -> Floats:
    scale = 1 + random.uniform(-GYRO_SCALE, GYRO_SCALE, 3)
    steps = np.sqrt(np.diff(times, prepend=0.0))[:, None] * random.normal(size=(len(times), 3))
    offset = random.normal(0, GYRO_OFFSET, 3) + GYRO_WALK * np.cumsum(steps, axis=0)
    return scale * rate + offset + GYRO_NOISE * noise
