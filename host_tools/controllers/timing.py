"""When observations arrive: losses, outages, delay and jitter, drawn for many episodes at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Random = np.random.Generator
Shape = tuple[int, int]  # models, episodes

# Outages begin about every two seconds.
_OUTAGES_HZ = 0.5
_EDGE_S = 1e-9  # an observation that arrives at a tick is there


@dataclass(frozen=True)
class Faults:
    """What happens to an episode's observations."""

    loss: float = 0.0  # chance that one is lost
    outage_s: tuple[float, float] | None = None  # the shortest and the longest silence
    delay_s: float = 0.0  # each episode's own delay lies between 0 and this
    jitter_s: float = 0.0  # each observation comes later by up to this
    noise: bool = True  # the sensors' noise, where the plant itself has none

    def draw(self, random: Random, shape: Shape, steps: int, period_s: float) -> "Schedule":
        """Draw the arrivals of episodes of `shape`, one observation a period."""
        whole = (steps, *shape)
        delay = self.delay_s * random.random(shape)
        return schedule(
            random.random(whole) < self.loss,
            delay + self.jitter_s * random.random(whole),
            silent(random, whole, self.outage_s, np.ones(shape, bool), period_s),
            period_s,
        )


def training_draw(random: Random, shape: Shape, steps: int, period_s: float) -> "Schedule":
    """Draw arrivals for training: losses up to 85 %, outages in three of four episodes."""
    whole = (steps, *shape)
    late = 0.06 * random.random(shape) + period_s * random.random(shape) * random.random(whole)
    lost = random.random(whole) < 0.85 * random.random(shape)
    outages = silent(random, whole, (0.1, 0.3), random.random(shape) < 0.75, period_s)
    return schedule(lost, late, outages, period_s)


def silent(
    random: Random,
    whole: tuple[int, int, int],
    between_s: tuple[float, float] | None,
    where: NDArray[np.bool_],
    period_s: float,
) -> NDArray[np.bool_]:
    """Tell which observations (steps, models, episodes) fall into an outage."""
    begins = random.random(whole) < _OUTAGES_HZ * period_s
    shortest, longest = between_s or (0.0, 0.0)
    lasts = np.ceil((shortest + (longest - shortest) * random.random(whole)) / period_s)
    found = np.zeros(whole, bool)
    if between_s is None:
        return found
    left = np.zeros(whole[1:])
    for step in range(whole[0]):
        left = np.where((left <= 0) & begins[step], lasts[step], left - 1)
        found[step] = (left > 0) & where
    return found


@dataclass(frozen=True)
class Schedule:
    """What has arrived at each tick; all (steps, models, episodes)."""

    latest: Ints  # the number of the newest observation that is there, -1 before the first
    age_s: Floats  # since it arrived; before the first, since the start
    fresh: NDArray[np.bool_]  # whether one came since the tick before


def schedule(
    lost: NDArray[np.bool_], late_s: Floats, out: NDArray[np.bool_], period_s: float
) -> Schedule:
    """Return what is there at each tick, when observation k, taken at k periods, comes late."""
    steps = len(lost)
    taken = np.arange(steps)[:, None, None]
    arrives = taken * period_s + late_s
    tick = np.ceil((arrives - _EDGE_S) / period_s).astype(np.int64)
    latest = np.full(lost.shape, -1, np.int64)
    came = ~lost & ~out & (tick < steps)
    k, models, episodes = np.nonzero(came)
    np.maximum.at(latest, (tick[came], models, episodes), k)
    fresh = latest >= 0
    latest = np.maximum.accumulate(latest, axis=0)
    at = np.take_along_axis(arrives, np.maximum(latest, 0), axis=0)
    since = np.where(latest >= 0, at, 0.0)
    return Schedule(latest, np.maximum(taken * period_s - since, 0.0), fresh)
