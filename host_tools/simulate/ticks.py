"""What a model that is fed at each tick gets while a recording plays: its ticks, in their order.

As on a board, events fill the inputs, and each tick of the policy's cadence carries all of them
with ages and fresh flags. What actuators were given comes from columns of the recording: which
actuators there are, their limits and their slew are no part of a model file. A recording that has
columns for ages and fresh flags too is one of ticks already, and is taken as it is.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from host_tools.data.events import Event, channels_of
from rivulet.model import fed


def by_ticks(path: Path, settings: dict[str, Any]) -> bool:
    """Whether a recording has to be made into ticks: not if it has a column for every channel.

    Raises RivuletError.
    """
    found = fed.names(settings)
    return bool(found) and not set(found) <= set(channels_of(path))


def columns(settings: dict[str, Any]) -> list[str]:
    """Return the channels that a recording has to have: those of sensors, and actions."""
    return [
        name
        for name in settings["channels"]
        if name not in fed.names(settings) or fed.parts(name)[0] == "action"
    ]


def ticks(events: Iterable[Event], settings: dict[str, Any]) -> Iterator[Event]:
    """Yield the ticks of a model; their values are those of all its channels.

    events: of the channels that `columns` names. The first tick comes with the first event, the
    last with the last event or after it.
    """
    names = columns(settings)
    played = _Played(names, settings["channels"])
    due = None
    last = None
    for event in events:
        time = event.t_us if event.back_from is None else event.back_from
        if due is None:
            due = played.began = time
        while due < time:
            yield Event(event.line, due, played.at(due))
            due += settings["policy"]["cadence_us"]
        played.take(event)
        last = event
    if last is not None and due is not None:
        yield Event(last.line, due, played.at(due))


class _Played:
    """What events have carried so far."""

    def __init__(self, names: list[str], channels: list[str]) -> None:
        self.began = 0
        self._names = names
        self._channels = [(name, *(fed.parts(name) or ("", ""))) for name in channels]
        self._held: dict[str, float] = {}
        self._seen: dict[str, int] = {}
        self._fresh: set[str] = set()

    def take(self, event: Event) -> None:
        for name, value in zip(self._names, event.values, strict=True):
            if not math.isnan(value):
                self._held[name] = value
                self._seen[name] = max(event.t_us, self._seen.get(name, event.t_us))
                self._fresh.add(name)

    def at(self, t_us: int) -> list[float]:
        """Return the values of a tick, after which nothing is fresh."""
        values = []
        for name, kind, of in self._channels:
            if kind == "age":
                values.append((t_us - self._seen.get(of, self.began)) * 1e-6)
            elif kind == "fresh":
                values.append(1.0 if of in self._fresh else 0.0)
            else:
                values.append(self._held.get(name, math.nan))
        self._fresh.clear()
        return values
