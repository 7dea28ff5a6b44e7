"""Decodes telemetry records, whose head protocol.TELEMETRY_FIELDS describes.

It is plain Python, so that `rivulet status`, which takes one record, does not load numpy.
"""

import math
import struct
from dataclasses import dataclass, field

from host_tools.link.documents import Description, Model
from rivulet import protocol
from rivulet.sensing.clock import PERIOD


@dataclass(frozen=True)
class SensorState:
    """Health of a sensor: seconds since its last good reading, and its troubles."""

    name: str
    age_s: float
    troubles: tuple[str, ...]

    def __str__(self) -> str:
        if not self.troubles:
            return f"{self.name} {self.age_s * 1000:.0f} ms ago"
        text = f"{self.name} {', '.join(self.troubles)}"
        return f"{text} for {self.age_s:.1f} s" if "missing" in self.troubles else text


@dataclass
class Record:
    """One telemetry record.

    blocks: the values of each block that the host asked for, by name. stale: a sensor's last
    reading is older than its limit. guarded: a guard holds or replaces the outputs.
    """

    t_us: int
    decision: int
    events: int
    late: int
    dropped: int
    bus_errors: int
    bad_values: int
    telemetry_dropped: int
    frames_corrupt: int
    event_cost_us: int
    blocks: dict[str, tuple[float, ...]]
    coalesced: int = 0
    guard_trips: int = 0
    stale: bool = False
    guarded: bool = False
    sensors: list[SensorState] = field(default_factory=list)

    @property
    def tau(self) -> tuple[float, ...]:
        """Time constant of each unit, s; infinite for a unit whose alpha is 0.

        A board that reports a negative alpha has no time constant to show: NaN.
        """
        return tuple(map(_time_constant, self.blocks["alpha"]))


def decode_record(body: bytes, description: Description) -> Record | None:
    """Decode a telemetry record from a frame's body.

    description: the board's own. Returns None if the record does not have the described shape, as
    after a swap of the model until it is described again.
    """
    head = struct.calcsize(protocol.TELEMETRY_HEAD)
    if len(body) < 2 + head:
        return None
    fields = struct.unpack_from(protocol.TELEMETRY_HEAD, body, 2)
    counters = dict(zip(protocol.TELEMETRY_FIELDS.split(), fields, strict=True))
    mask, flags = counters.pop("blocks"), counters.pop("flags")
    time_us = counters.pop("epoch") * PERIOD + counters.pop("ticks")
    names_of_sensors = [sensor["name"] for sensor in description.get("sensors", [])]
    each = struct.calcsize(protocol.SENSOR_HEAD)
    model = description.get("model")
    sizes = {"alpha": 0, "state": 0, "outputs": 0, "inputs": 0}
    if model is not None:
        sizes = {
            "alpha": model["hidden"],
            "state": model["hidden"],
            "outputs": model["outputs"],
            "inputs": len(model["channels"]),
        }
    names = [name for bit, name in enumerate(protocol.BLOCKS) if mask >> bit & 1]
    at = 2 + head + each * len(names_of_sensors)
    if len(body) != at + 4 * sum(sizes[name] for name in names):
        return None
    if model is not None and bool(mask & protocol.INTEGERS) != ("fraction_bits" in model):
        return None
    sensors = [
        _sensor(name, *struct.unpack_from(protocol.SENSOR_HEAD, body, 2 + head + each * i))
        for i, name in enumerate(names_of_sensors)
    ]
    blocks = {}
    for name in names:
        if model is not None and mask & protocol.INTEGERS:
            integers = struct.unpack_from(f"<{sizes[name]}i", body, at)
            blocks[name] = _scaled(name, integers, model)
        else:
            blocks[name] = struct.unpack_from(f"<{sizes[name]}f", body, at)
        at += 4 * sizes[name]
    return Record(
        time_us,
        blocks=blocks,
        stale=bool(flags & protocol.OUTPUTS_STALE),
        guarded=bool(flags & protocol.OUTPUTS_GUARDED),
        sensors=sensors,
        **counters,
    )


def _time_constant(alpha: float) -> float:
    if alpha > 0.0:
        return 1.0 / alpha
    return math.inf if alpha == 0.0 else math.nan


def _sensor(name: str, age_ms: int, troubles: int) -> SensorState:
    words = tuple(word for bit, word in enumerate(protocol.TROUBLES) if troubles >> bit & 1)
    return SensorState(name, age_ms / 1000, words)


def _scaled(name: str, integers: tuple[int, ...], model: Model) -> tuple[float, ...]:
    """Return an integer block in its own unit."""
    unit = 0.5 ** int(model["fraction_bits"][protocol.BLOCKS.index(name)])
    values = tuple(integer * unit for integer in integers)
    if name != "inputs":
        return values
    normalisation = model["normalisation"]
    channels = zip(values, normalisation["scale"], normalisation["offset"], strict=True)
    # A channel of scale 0 stands at its offset.
    return tuple((value / scale if scale else 0.0) + offset for value, scale, offset in channels)
