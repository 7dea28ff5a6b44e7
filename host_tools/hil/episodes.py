"""Episodes of a plant under a board, in lock-step or in real time."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from host_tools.errors import NoReply
from host_tools.hil.actions import Actions
from host_tools.hil.readings import Faults, Readings
from host_tools.hil.tally import Tally
from host_tools.hil.wired import Wired
from host_tools.link.plant import PlantLease, Reading
from host_tools.plants import Checked
from host_tools.plants.plant import Floats

# Between two episodes the board's time goes on by about this: longer than it takes to look at
# the sensors' health again.
_GAP_US = 500_000
# In real time the same, of the host's.
_GAP_S = 0.1
# In how many steps the time of a decision is looked for, each time in a shorter span.
_STEPS = 16
# In real time the port is looked at this often.
_LOOK_S = 0.001


class Moment(NamedTuple):
    """A tick of the plant, for whoever watches."""

    episode: int
    time_s: float
    observation: Floats
    action: Floats


class Episodes(ABC):
    """Runs episodes. reset: sets the model's state to zero; seen: called at each tick."""

    def __init__(
        self,
        lease: PlantLease,
        plant: Checked,
        wired: Wired,
        faults: Faults,
        cadence_us: int,
        reset: Callable[[], None],
        seen: Callable[[Moment], None],
    ) -> None:
        self._lease = lease
        self._plant = plant
        self._wired = wired
        self._faults = faults
        self._cadence_us = cadence_us
        self._reset = reset
        self._seen = seen
        self._period_us = max(1, round(plant.period_s * 1e6))
        self.tally = Tally(1 / plant.period_s)

    def run(self, seed: int, count: int) -> Tally:
        """Run `count` episodes; return what came of all so far. Raises RivuletError."""
        for episode in range(count):
            draws = np.random.default_rng((seed, episode))
            readings = Readings(
                self._wired.sensors,
                self._faults,
                draws,
                self.tally,
            )
            actions = Actions(
                self._plant.safe,
                self._wired.actions,
                self._period_us,
                self._faults.delay_us,
                self.tally,
            )
            self.tally.returns.append(self._episode(episode, seed + episode, readings, actions))
        return self.tally

    def _episode(self, episode: int, seed: int, readings: Readings, actions: Actions) -> float:
        observation = self._plant.reset(seed)
        self._begin(readings.first(observation))
        total = 0.0
        for tick in range(self._plant.step_limit):
            begin_us = tick * self._period_us
            readings.take(begin_us + self._period_us, observation)
            action = self._tick(begin_us, readings, actions)
            self._seen(Moment(episode, begin_us * 1e-6, observation, action))
            observation, reward, ended = self._plant.step(action)
            total += reward
            self.tally.steps += 1
            if ended:
                break
        self._end()
        return total

    @abstractmethod
    def _begin(self, first: list[Reading]) -> None:
        """Begin an episode with these readings, the model's state at zero."""

    @abstractmethod
    def _tick(self, begin_us: int, readings: Readings, actions: Actions) -> Floats:
        """Bring the board through a tick of the plant. Returns the plant's action in it."""

    @abstractmethod
    def _end(self) -> None:
        """End the episode."""


class LockStep(Episodes):
    """The board's time is the plant's: nothing depends on how fast either computes.

    An episode begins with a decision. Before it the board has rested, its state is zero, and it
    has had the first reading of every sensor: nothing of what was before is left.
    """

    _now_us = -1  # the plant's time; -1: it has not begun
    _base_us = 0  # the episode's beginning
    _number = 0  # of the board's newest action

    def _begin(self, first: list[Reading]) -> None:
        self._first = first
        if self._now_us < 0:
            self._find_decision()
        else:
            # To a decision that is due: the plant's last tick need not be one.
            self._now_us -= (self._now_us - self._base_us) % self._cadence_us
        gap_us = -(-_GAP_US // self._cadence_us) * self._cadence_us
        self._lease.step(self._now_us + gap_us, pause=True)
        self._reset()
        self._number = self._lease.step(self._now_us + 2 * gap_us, first).number
        self._reset()
        self._base_us = self._now_us + 2 * gap_us + self._cadence_us

    def _find_decision(self) -> None:
        """Bring the board's time to a decision, whose moment the board alone knows."""
        number = self._lease.step(0).number
        found_us, span_us = 0, self._cadence_us
        while True:
            step_us = -(-span_us // _STEPS)
            now_us = found_us
            while True:
                now_us += step_us
                newest = self._lease.step(now_us).number
                if newest != number:
                    break
                if now_us > found_us + 2 * self._cadence_us:
                    raise NoReply("the board decides nothing: does another program use it?")
            number = newest
            if step_us == 1:
                self._now_us = now_us
                return
            # The decision was due in this step, and the next one is a cadence later.
            found_us, span_us = now_us - step_us + self._cadence_us, step_us

    def _tick(self, begin_us: int, readings: Readings, actions: Actions) -> Floats:
        self._moment(begin_us, readings, actions)
        action = actions.at(begin_us)
        end_us = begin_us + self._period_us
        now_us = begin_us
        while True:
            decided_us = (now_us // self._cadence_us + 1) * self._cadence_us
            arrives_us = readings.next_us
            now_us = decided_us if arrives_us is None else min(decided_us, arrives_us)
            if now_us >= end_us:
                break
            self._moment(now_us, readings, actions)
        self.tally.seconds += self._period_us * 1e-6
        return action

    def _end(self) -> None:
        """There is nothing to end: time stands still."""

    def _moment(self, at_us: int, readings: Readings, actions: Actions) -> None:
        """Bring the board to a moment of the episode, and take what it decides then."""
        self._now_us = self._base_us + at_us
        arrived = readings.arrived(at_us) if at_us else self._first
        action = self._lease.step(self._now_us, arrived)
        if action.number != self._number:
            self._number = action.number
            actions.decided(at_us, at_us, action.values)


class RealTime(Episodes):
    """The board keeps its own time; the plant's goes on with the host's clock.

    The plant moves through a tick at its end, under the newest action that has come by then.
    """

    def _begin(self, first: list[Reading]) -> None:
        self._first = first
        for readings in ([], first):
            self._lease.send(0, readings, pause=not readings)
            ends_s = time.perf_counter() + _GAP_S
            while time.perf_counter() < ends_s:
                self._lease.listen(_LOOK_S)
        self._reset()
        self._tick_of: dict[int, int] = {}
        self._began_s = time.perf_counter()

    def _tick(self, begin_us: int, readings: Readings, actions: Actions) -> Floats:
        arrived = readings.arrived(begin_us) if begin_us else self._first
        self._send(begin_us, begin_us, arrived)
        self._lease.renew()
        end_us = begin_us + self._period_us
        while (now_us := self._elapsed_us()) < end_us:
            arrives_us = readings.next_us
            if arrives_us is not None and arrives_us <= now_us:
                self._send(now_us, begin_us, readings.arrived(now_us))
            left_s = min(end_us, arrives_us or end_us) - now_us
            self._listen(min(_LOOK_S, max(left_s, 1) * 1e-6), actions)
        return actions.at(begin_us)

    def _end(self) -> None:
        self.tally.seconds += self._elapsed_us() * 1e-6

    def _elapsed_us(self) -> int:
        return round((time.perf_counter() - self._began_s) * 1e6)

    def _send(self, now_us: int, begin_us: int, arrived: list[Reading]) -> None:
        self._tick_of[self._lease.send(now_us, arrived)] = begin_us

    def _listen(self, wait_s: float, actions: Actions) -> None:
        for action in self._lease.listen(wait_s):
            for_us = self._tick_of.get(action.sequence)
            if for_us is None:
                continue  # of the episode before
            # The plant's time is one period behind the host's.
            actions.decided(for_us, self._elapsed_us() - self._period_us, action.values)
