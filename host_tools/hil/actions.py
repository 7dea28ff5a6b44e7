"""What becomes of the board's actions on their way to the plant."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from host_tools.hil.tally import Tally
from host_tools.plants.plant import Floats


class Actions:
    """The plant's action, which a newer one replaces at the first tick after its arrival.

    numbers: for each action of the plant, the number of its actuator; tally: counts those that
    came after their tick, which is the first at or after the moment they were decided for.
    """

    def __init__(
        self,
        safe: Sequence[float],
        numbers: tuple[int, ...],
        period_us: int,
        delay_us: int,
        tally: Tally,
    ) -> None:
        self._now = np.array(safe, np.float64)
        self._numbers = list(numbers)
        self._period_us = period_us
        self._delay_us = delay_us
        self._waiting: deque[tuple[int, Floats]] = deque()
        self._tally = tally

    def decided(self, for_us: int, arrived_us: int, values: Sequence[float]) -> None:
        """Take the actuators' values, decided for one moment, that came from the board later.

        The delay of the line is still to pass.
        """
        acts_us = arrived_us + self._delay_us
        self._tally.decisions += 1
        self._tally.late += self._tick(acts_us) > self._tick(for_us)
        self._waiting.append((acts_us, np.array(values, np.float64)[self._numbers]))

    def at(self, now_us: int) -> Floats:
        """Return the action at a tick."""
        while self._waiting and self._waiting[0][0] <= now_us:
            self._now = self._waiting.popleft()[1]
        return self._now

    def _tick(self, at_us: int) -> int:
        return -(-at_us // self._period_us)
