"""What the simulated sensors will measure: a file of timed samples in their drivers' units.

The file: the magic, the length of a header (uint32), the header in JSON, then records sorted by
time. The header: {"sources": [{"name", "channels", "units"}, ...], "width", "end_us"}. A record:
t_us (uint64), the number of its source and flags (uint8 each; bit 0: the sensor does not answer
for this sample), two bytes of padding, then `width` values (float32) of which the source's
channels take the first. All little-endian. Time 0 is when the first driver enables its interrupt;
a stimulus that is repeated begins again at end_us.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.data.events import goes_back, read
from host_tools.data.recordings import Recordings
from host_tools.errors import RivuletError

_MAGIC = b"RVSTIM2\0"
BUS_FAILS = 0x01
# After a file's only event, before it is repeated.
_PAUSE_US = 1_000_000


@dataclass(frozen=True)
class Source:
    """A sensor that samples all its channels at once, in its driver's units."""

    name: str
    channels: tuple[str, ...]
    units: tuple[str, ...]


_AXES = ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")
_UNITS = ("m/s^2", "m/s^2", "m/s^2", "rad/s", "rad/s", "rad/s")
# The sensor of the default wiring.
IMU = Source("mpu6050", _AXES, _UNITS)


@dataclass(frozen=True)
class Segment:
    """The part of a stimulus that plays one recording."""

    start_us: int
    end_us: int
    label: int
    recording: int


@dataclass(frozen=True)
class Stimulus:
    sources: tuple[Source, ...]
    # Sorted by time; the fields are t_us, source, flags, padding, values.
    records: NDArray[np.void]
    timeline: tuple[Segment, ...]
    sent: int
    lost: int  # samples that were dropped on purpose
    end_us: int

    @staticmethod
    def read(path: Path) -> "Stimulus":
        """Return what `write` wrote, without its timeline and what was lost."""
        data = path.read_bytes()
        if not data.startswith(_MAGIC):
            raise RivuletError(f"{path} is not a stimulus")
        at = len(_MAGIC) + 4
        end = at + int.from_bytes(data[len(_MAGIC) : at], "little")
        header = json.loads(data[at:end])
        records = np.frombuffer(data[end:], record_type(header["width"]))
        sources = tuple(
            Source(source["name"], tuple(source["channels"]), tuple(source["units"]))
            for source in header["sources"]
        )
        return Stimulus(sources, records, (), len(records), 0, header["end_us"])

    def write(self, path: Path) -> None:
        header = {
            "sources": [asdict(source) for source in self.sources],
            "width": self.records.dtype["values"].shape[0],
            "end_us": self.end_us,
        }
        text = json.dumps(header).encode()
        head = _MAGIC + len(text).to_bytes(4, "little") + text
        path.write_bytes(head + self.records.tobytes())


def build(
    recordings: Recordings,
    order: Sequence[int],
    *,
    drop: float = 0.0,
    jitter_us: int = 0,
    gap_us: int = 0,
    bus_faults: float = 0.0,
    seed: int = 0,
    source: Source = IMU,
) -> Stimulus:
    """Let `source` play the recordings numbered in `order`, one after another.

    `drop` is the share of samples lost, `bus_faults` the share that the bus fails to deliver.
    The others come up to `jitter_us` early or late, at distinct times. `gap_us` of silence comes
    before each recording.
    """
    if tuple(recordings.channels) != source.channels:
        raise RivuletError(
            f"the simulated sensor measures {', '.join(source.channels)};"
            f" the recordings have {', '.join(recordings.channels)}"
        )
    for share in (drop, bus_faults):
        if not 0 <= share <= 1:
            raise RivuletError(f"a share of samples must be from 0 to 1, not {share}")
    if jitter_us < 0 or gap_us < 0:
        raise RivuletError("jitter and gap must not be negative")
    random = np.random.default_rng(seed)
    samples = recordings.values.shape[1]
    length_us = samples * recordings.period_us
    # The first sample must not be shifted to before time 0.
    start_us = max(0, jitter_us - gap_us)
    times, values, timeline = [], [], []
    for number in order:
        start_us += gap_us
        kept = random.random(samples) >= drop
        times.append(start_us + np.flatnonzero(kept) * recordings.period_us)
        values.append(recordings.values[number][kept])
        end_us = start_us + length_us
        timeline.append(Segment(start_us, end_us, int(recordings.labels[number]), int(number)))
        start_us = end_us
    t_us = np.concatenate([*times, np.empty(0, np.int64)])
    t_us = t_us + random.integers(-jitter_us, jitter_us, len(t_us), endpoint=True)
    # Distinct and in order, also where the jitter is wider than the sampling period.
    index = np.arange(len(t_us))
    t_us = np.maximum.accumulate(t_us - index) + index
    played = np.concatenate([*values, np.empty((0, len(source.channels)))])
    flags = np.where(random.random(len(t_us)) < bus_faults, BUS_FAILS, 0)
    records = to_records(t_us, 0, flags, played)
    lost = len(order) * samples - len(records)
    return Stimulus((source,), records, tuple(timeline), len(records), lost, start_us)


def at_times(t_us: NDArray[np.int64]) -> Stimulus:
    """Samples of nothing at these times."""
    records = to_records(t_us, 0, 0, np.zeros((len(t_us), len(IMU.channels))))
    return Stimulus((IMU,), records, (), len(t_us), 0, int(t_us[-1]))


def merge(stimuli: Iterable[Stimulus]) -> Stimulus:
    """Play several stimuli, of different sources, at once; the timeline is that of the first."""
    parts = list(stimuli)
    width = max(part.records.dtype["values"].shape[0] for part in parts)
    records = np.zeros(sum(len(part.records) for part in parts), record_type(width))
    sources: tuple[Source, ...] = ()
    at = 0
    for part in parts:
        into = records[at : at + len(part.records)]
        for field in ("t_us", "flags"):
            into[field] = part.records[field]
        into["source"] = part.records["source"] + len(sources)
        into["values"][:, : part.records["values"].shape[1]] = part.records["values"]
        sources += part.sources
        at += len(part.records)
    records = records[np.argsort(records["t_us"], kind="stable")]
    return Stimulus(
        sources,
        records,
        parts[0].timeline,
        sum(part.sent for part in parts),
        sum(part.lost for part in parts),
        max(part.end_us for part in parts),
    )


@dataclass(frozen=True)
class Column:
    """Where an event file's column goes; value of the channel = cell * factor + offset."""

    source: int
    channel: int
    factor: float = 1.0
    offset: float = 0.0


def from_events(
    path: Path,
    sources: Sequence[Source] = (IMU,),
    columns: Mapping[str, Column | None] | None = None,
    resting: Sequence[NDArray[np.float64]] | None = None,
    lead_us: int = 0,
) -> Stimulus:
    """Play an event file: `t_us,<channel names>`, a cell empty where an event carries no value.

    A sensor measures all its channels at once: those that a row leaves out keep their value, and
    have their first one before. Only the sources that have a column are part of the stimulus.
    columns: by name, None for one that is not played; None: the sources' own channels. resting:
    values of each source's channels that the file lacks; None: zeros. lead_us: when the first
    event is played, whatever its t_us: recordings carry absolute times. Raises RivuletError.
    """
    if columns is None:
        columns = {
            name: Column(number, index)
            for number, source in enumerate(sources)
            for index, name in enumerate(source.channels)
        }
    places = list(columns.values())
    width = max((len(source.channels) for source in sources), default=0)
    # Plain lists, all of one width: an array a row would take most of the time.
    held = [[0.0] * width for _ in sources]
    for values, rest in zip(held, resting or (), strict=False):
        values[: len(rest)] = rest.tolist()
    times: list[int] = []
    numbers: list[int] = []
    rows: list[list[float]] = []
    # By source and channel: how many samples the source has without a value, and then the value.
    first: dict[tuple[int, int], tuple[int, float]] = {}
    for event in read(path, list(columns), whose="the simulated sensors'"):
        if event.back_from is not None:
            raise RivuletError(goes_back(path, event))
        touched = set()
        for place, cell in zip(places, event.values, strict=True):
            if place is None or math.isnan(cell):
                continue
            value = cell * place.factor + place.offset
            held[place.source][place.channel] = value
            first.setdefault((place.source, place.channel), (len(times), value))
            touched.add(place.source)
        for number in sorted(touched):
            times.append(event.t_us)
            numbers.append(number)
            rows.append(held[number].copy())
    if not times:
        raise RivuletError(f"{path}: no event carries a value of the simulated sensors' channels")
    samples = np.array(rows)
    of_source = np.array(numbers)
    for (number, channel), (count, value) in first.items():
        samples[:count, channel][of_source[:count] == number] = value
    used = sorted(set(numbers))
    t_all = np.array([t_us - times[0] for t_us in times]) + lead_us
    records = to_records(t_all, np.searchsorted(used, numbers), 0, samples)
    # A repeated file goes on after a pause of usual length.
    pause_us = max(1, (times[-1] - times[0]) // len(times)) if len(times) > 1 else _PAUSE_US
    played = tuple(sources[number] for number in used)
    end_us = int(t_all[-1]) + pause_us - lead_us
    return Stimulus(played, records, (), len(records), 0, end_us)


def without_gaps(whole: Stimulus, longest_us: int) -> tuple[Stimulus, list[int]]:
    """Return a stimulus with no silence longer than this, and the gaps that were, in us."""
    t_us = whole.records["t_us"].astype(np.int64)
    # The silence before a repetition counts as well.
    steps = np.diff(t_us, append=t_us[0] + whole.end_us)
    excess = np.maximum(steps - longest_us, 0)
    records = whole.records.copy()
    records["t_us"] = t_us - (np.cumsum(excess) - excess)
    gaps = steps[:-1][excess[:-1] > 0].tolist()
    return replace(whole, records=records, end_us=whole.end_us - int(excess.sum())), gaps


def join(parts: Sequence[Stimulus]) -> Stimulus:
    """Play several stimuli one after another."""
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    width = max(part.records.dtype["values"].shape[0] for part in parts)
    records = np.zeros(sum(len(part.records) for part in parts), record_type(width))
    at = start_us = 0
    for part in parts:
        into = records[at : at + len(part.records)]
        numbers = np.array([sources.index(source) for source in part.sources])
        into["t_us"] = part.records["t_us"] + np.uint64(start_us)
        into["source"] = numbers[part.records["source"]]
        into["flags"] = part.records["flags"]
        into["values"][:, : part.records["values"].shape[1]] = part.records["values"]
        at += len(part.records)
        start_us += part.end_us
    return Stimulus(sources, records, (), len(records), 0, start_us)


def record_type(width: int) -> np.dtype[np.void]:
    """Return the type of a record of `width` values."""
    return np.dtype(
        [
            ("t_us", "<u8"),
            ("source", "u1"),
            ("flags", "u1"),
            ("padding", "<u2"),
            ("values", "<f4", (width,)),
        ]
    )


def to_records(
    t_us: NDArray[np.int64], source: ArrayLike, flags: ArrayLike, values: NDArray[np.float64]
) -> NDArray[np.void]:
    """Return records of these times and values, of shapes (K,) and (K, width)."""
    records = np.zeros(len(t_us), record_type(values.shape[1]))
    records["t_us"] = t_us
    records["source"] = source
    records["flags"] = flags
    records["values"] = values
    return records
