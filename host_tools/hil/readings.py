"""What becomes of a plant's observations on their way to the board: rates, losses, delays."""

import heapq
from dataclasses import dataclass

import numpy as np

from host_tools.hil.tally import Tally
from host_tools.hil.wired import WiredSensor
from host_tools.link.plant import Reading
from host_tools.plants.plant import Floats

_BETWEEN_OUTAGES_US = 2_000_000


@dataclass(frozen=True)
class Faults:
    """The faults of the line between plant and board. All 0: it is ideal.

    loss: the chance that a reading is lost; jitter_us: readings arrive later by 0 to this, evenly;
    delay_us: actions reach the plant this much later; outage_us: at random, every two seconds on
    average, readings are lost for so long.
    """

    loss: float = 0.0
    jitter_us: int = 0
    delay_us: int = 0
    outage_us: int = 0


class Readings:
    """The readings of an episode. All draws come from one generator, in the order of the readings.

    tally: counts them.
    """

    def __init__(
        self,
        sensors: tuple[WiredSensor, ...],
        faults: Faults,
        draws: np.random.Generator,
        tally: Tally,
    ) -> None:
        self._sensors = sensors
        self._faults = faults
        self._draws = draws
        self._tally = tally
        # Of their own, so that outages do not move the other draws.
        self._outages = draws.spawn(1)[0]
        self._outage_us = -faults.outage_us
        self._silent(0)
        # When it arrives, when it was taken, the sensor's number, and the reading.
        self._waiting: list[tuple[int, int, int, Reading]] = []
        # The first reading of each sensor is given with the start of the episode.
        self._next_us = [sensor.interval_us for sensor in sensors]
        self._newest_us = [0] * len(sensors)

    @property
    def next_us(self) -> int | None:
        """When the next reading arrives, None if none is on its way."""
        return self._waiting[0][0] if self._waiting else None

    def first(self, observation: Floats) -> list[Reading]:
        """Return a reading of every sensor: no episode begins in the dark."""
        return [sensor.read(observation) for sensor in self._sensors]

    def take(self, end_us: int, observation: Floats) -> None:
        """Take the readings that are due before `end_us`, while the plant shows this."""
        for number, sensor in enumerate(self._sensors):
            while self._next_us[number] < end_us:
                self._send(number, self._next_us[number], sensor.read(observation))
                self._next_us[number] += sensor.interval_us

    def arrived(self, now_us: int) -> list[Reading]:
        """Return the readings that have arrived until now, the newest of each sensor."""
        found: dict[int, Reading] = {}
        while self._waiting and self._waiting[0][0] <= now_us:
            _, taken_us, number, reading = heapq.heappop(self._waiting)
            # One that a newer one has overtaken is of no use.
            if taken_us >= self._newest_us[number]:
                self._newest_us[number] = taken_us
                found[number] = reading
        return list(found.values())

    def _silent(self, at_us: int) -> bool:
        """Tell whether a moment is in an outage. The moments of all calls rise."""
        while self._outage_us + self._faults.outage_us <= at_us:
            pause_us = round(self._outages.exponential(_BETWEEN_OUTAGES_US))
            self._outage_us += self._faults.outage_us + pause_us
        return self._outage_us <= at_us

    def _send(self, number: int, at_us: int, reading: Reading) -> None:
        # Drawn whatever the faults are, so that one of them does not move the others' draws.
        chance, later = self._draws.random(), self._draws.random()
        self._tally.readings += 1
        if self._silent(at_us) or chance < self._faults.loss:
            self._tally.lost += 1
            return
        arrives_us = at_us + int(later * self._faults.jitter_us)
        heapq.heappush(self._waiting, (arrives_us, at_us, number, reading))
