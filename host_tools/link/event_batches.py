"""Decodes batches of events, as protocol.EVENTS carries them."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from host_tools.link.documents import Description
from rivulet import protocol
from rivulet.sensing.clock import PERIOD

_HEAD_BYTES = struct.calcsize(protocol.EVENTS_HEAD)
_EVENT_BYTES = struct.calcsize(protocol.EVENT_HEAD)


class SensorEvent(NamedTuple):
    """One event: the interrupt's time on the board's clock, and what the sensor read.

    sensor: its number in the description. values: in the units there.
    """

    t_us: int
    sensor: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class EventBatch:
    """Events of one frame, and what the board counts.

    first: number of events before these since the collection began. unsent: those that found no
    room on the wire since then. passed_over: events that the board's ring passed over or lost
    since the board started. failed: readings that failed since then.
    """

    first: int
    unsent: int
    passed_over: int
    failed: int
    events: list[SensorEvent]


def decode_events(body: bytes, description: Description) -> EventBatch | None:
    """Decode a frame's body; None if it does not have the described shape."""
    sensors = description.get("sensors", [])
    if len(body) < 2 + _HEAD_BYTES:
        return None
    count, first, unsent, passed_over, failed = struct.unpack_from(protocol.EVENTS_HEAD, body, 2)
    at = 2 + _HEAD_BYTES
    events = []
    for _ in range(count):
        if len(body) < at + _EVENT_BYTES:
            return None
        ticks, word = struct.unpack_from(protocol.EVENT_HEAD, body, at)
        at += _EVENT_BYTES
        number, is_counted = word & 0x7F, bool(word & protocol.INTEGERS)
        if number >= len(sensors):
            return None
        width = len(sensors[number]["channels"])
        if len(body) < at + 4 * width:
            return None
        values = struct.unpack_from(f"<{width}{'i' if is_counted else 'f'}", body, at)
        at += 4 * width
        if is_counted:
            scales = sensors[number].get("scales")
            if scales is None or len(scales) != width:
                return None
            values = tuple(each * scale for each, scale in zip(values, scales, strict=True))
        events.append(SensorEvent((word >> 8) * PERIOD + ticks, number, values))
    if at != len(body):
        return None
    return EventBatch(first, unsent, passed_over, failed, events)
