"""A collection of a board's events: what has come, and what was lost on the way."""

import math
from collections import Counter, deque
from collections.abc import Iterator

from host_tools.data.importing.names import is_reserved
from host_tools.errors import RivuletError
from host_tools.link.documents import Description
from host_tools.link.event_batches import EventBatch, SensorEvent

_HISTORY = 32
_SECOND_US = 1_000_000
# Numbers of events are kept modulo this.
_WRAP = 1 << 30


class Restarted(RivuletError):
    """The board started again: its times begin anew."""


class Channel:
    """A channel, its last value, and the values before it. column: its place in a row."""

    def __init__(self, name: str, unit: str, column: int) -> None:
        self.name = name
        self.unit = unit
        self.column = column
        self.values: deque[float] = deque(maxlen=_HISTORY)


class Collection:
    """Counts events as they come. description: the board's. Raises RivuletError.

    events: those that came. by_sensor: the same by sensor. labels: the same by label.
    fastest: the most in one second of the board's time.
    """

    def __init__(self, description: Description) -> None:
        self.sensors = [sensor["name"] for sensor in description["sensors"]]
        self.by_sensor = [0] * len(self.sensors)
        self.channels: list[list[Channel]] = []
        column = 0
        for sensor in description["sensors"]:
            named = zip(sensor["channels"], sensor["units"], strict=True)
            self.channels.append(
                [Channel(name, unit, column + i) for i, (name, unit) in enumerate(named)]
            )
            column += len(sensor["channels"])
        names = [channel.name for channel in self.all_channels()]
        for name in names:
            if is_reserved(name) or names.count(name) > 1:
                why = "reserved" if is_reserved(name) else "that of two channels"
                raise RivuletError(
                    f"the name '{name}' is {why}, so a recording cannot have it: rename the "
                    "channel in rivulet.toml, then run 'rivulet flash'"
                )
        self.events = 0
        self.labels: Counter[str] = Counter()
        self.fastest = 0
        # How often the host was away for so long that the board stopped collecting.
        self.interruptions = 0
        self._missed = 0
        self._next: int | None = None
        self._first_us = 0
        self._last_us = 0
        self._recent: deque[int] = deque()
        # Counters of the board: at the first batch, and at the last.
        self._begun: EventBatch | None = None
        self._newest: EventBatch | None = None

    def all_channels(self) -> Iterator[Channel]:
        for channels in self.channels:
            yield from channels

    def add(self, batch: EventBatch) -> None:
        """Count a batch; its events come to `take`, one by one. Raises Restarted."""
        if self._next is None:
            self._missed += batch.first
        else:
            step = (batch.first - self._next) % _WRAP
            if step < _WRAP // 2:
                self._missed += step
            elif batch.events and batch.events[0].t_us < self._last_us:
                raise Restarted("the board started again")
            else:
                self.interruptions += 1
        self._next = batch.first + len(batch.events)
        if self._begun is None:
            self._begun = batch
        self._newest = batch

    def take(self, event: SensorEvent, label: str) -> int:
        """Count an event; return its time, from the first event on, in us."""
        if not self.events:
            self._first_us = event.t_us
        self._last_us = event.t_us
        self.events += 1
        self.by_sensor[event.sensor] += 1
        self.labels[label] += 1
        for channel, value in zip(self.channels[event.sensor], event.values, strict=True):
            channel.values.append(value)
        self._recent.append(event.t_us)
        while self._recent[0] <= event.t_us - _SECOND_US:
            self._recent.popleft()
        self.fastest = max(self.fastest, len(self._recent))
        return event.t_us - self._first_us

    def is_complete(self, total: int) -> bool:
        """Whether all of the events came that the board has counted, or were missed before."""
        return self._next is not None and (self._next - total) % _WRAP < _WRAP // 2

    def conclude(self, total: int) -> None:
        """Count what did not come of the events that the board has counted."""
        if self._next is not None and not self.is_complete(total):
            self._missed += (total - self._next) % _WRAP

    @property
    def span_us(self) -> int:
        """Time from the first event to the last."""
        return self._last_us - self._first_us

    @property
    def rate_hz(self) -> float:
        """Events a second, in the last second of the board's time."""
        if len(self._recent) < 2 or self._recent[-1] == self._recent[0]:
            return 0.0
        return (len(self._recent) - 1) * 1e6 / (self._recent[-1] - self._recent[0])

    @property
    def unsent(self) -> int:
        """Events that the board could not send, because the wire took too little."""
        return min(self._newest.unsent, self._missed) if self._newest is not None else 0

    @property
    def damaged(self) -> int:
        """Events that were sent, or lost after the last batch, and did not arrive."""
        return self._missed - self.unsent

    @property
    def passed_over(self) -> int:
        """Interrupts whose reading the board had no time for."""
        if self._newest is None or self._begun is None:
            return 0
        return self._newest.passed_over - self._begun.passed_over

    @property
    def failed(self) -> int:
        """Readings that failed."""
        if self._newest is None or self._begun is None:
            return 0
        return self._newest.failed - self._begun.failed

    def lost(self) -> list[str]:
        """Return what was lost, in words; empty if nothing was."""
        found = [
            (self.unsent, "that the wire could not carry"),
            (self.damaged, "damaged on the wire"),
            (self.passed_over, "that the board had no time to read"),
            (self.failed, "whose reading failed"),
        ]
        lines = [f"{count} {words}" for count, words in found if count]
        if self.interruptions:
            lines.append(f"{self.interruptions} times all while this computer was too busy")
        return lines


def cells(
    event: SensorEvent, channels: list[Channel], columns: int, texts: list[str]
) -> list[str]:
    """Return the cells of an event's row, after its time: blank where it carries no channel.

    A value that is no number is blank as well. Numbers are the shortest that read as the same
    float32.
    """
    import numpy as np

    row = [""] * columns
    for channel, value in zip(channels, event.values, strict=True):
        if math.isfinite(value):
            row[channel.column] = str(np.float32(value)).removesuffix(".0")
    return row + texts
