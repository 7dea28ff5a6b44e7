"""What the simulated sensors will measure: recordings made into a file of timed register values.

The file: the magic, a record count and a zero (uint32 each), then records of 24 bytes sorted by
time: t_us (uint64), source and flags (uint8 each; bit 0: the bus fails for this sample), six raw
registers (int16: accelerometer x y z, gyroscope x y z at full scale) and two bytes of padding.
All little-endian. Time 0 is when the driver enables the data-ready interrupt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.data.events import goes_back, read
from host_tools.data.recordings import Recordings
from host_tools.errors import RivuletError

_MAGIC = b"RVSTIM1\0"
_RECORD = np.dtype(
    [
        ("t_us", "<u8"),
        ("source", "u1"),
        ("flags", "u1"),
        ("raw", "<i2", 6),
        ("padding", "<u2"),
    ]
)
BUS_FAILS = 0x01

CHANNELS = ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")
# Channel name prefix of each sensor on the virtual board, by source number.
PREFIXES = ("", "second_")
# Counts per unit at full scale (16 g and 2000 deg/s): m/s^2 for the first three, then rad/s.
_COUNTS = np.repeat([2048 / 9.80665, 16.4 * 180 / np.pi], 3)
_LIMITS = np.iinfo(np.int16)


@dataclass(frozen=True)
class Segment:
    """The part of a stimulus that plays one recording."""

    start_us: int
    end_us: int
    label: int
    recording: int


@dataclass(frozen=True)
class Stimulus:
    records: NDArray[np.void]  # of _RECORD, sorted by time
    timeline: tuple[Segment, ...]
    sent: int
    lost: int  # samples that were dropped on purpose
    saturated: int  # values beyond what the registers can hold
    end_us: int

    def write(self, path: Path) -> None:
        header = _MAGIC + np.array([len(self.records), 0], "<u4").tobytes()
        path.write_bytes(header + self.records.tobytes())


def build(
    recordings: Recordings,
    order: Sequence[int],
    *,
    drop: float = 0.0,
    jitter_us: int = 0,
    gap_us: int = 0,
    bus_faults: float = 0.0,
    seed: int = 0,
    source: int = 0,
) -> Stimulus:
    """Play the recordings numbered in `order`, one after another.

    `drop` is the share of samples lost, `bus_faults` the share that the bus fails to deliver.
    The others come up to `jitter_us` early or late, at distinct times. `gap_us` of silence comes
    before each recording.
    """
    if tuple(recordings.channels) != CHANNELS:
        raise RivuletError(
            f"the simulated sensor measures {', '.join(CHANNELS)};"
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
    raw, saturated = to_registers(np.concatenate([*values, np.empty((0, len(CHANNELS)))]))
    flags = np.where(random.random(len(t_us)) < bus_faults, BUS_FAILS, 0)
    records = _records(t_us, source, flags, raw)
    lost = len(order) * samples - len(records)
    return Stimulus(records, tuple(timeline), len(records), lost, saturated, start_us)


def at_times(t_us: NDArray[np.int64]) -> Stimulus:
    """Samples of nothing at these times."""
    records = _records(t_us, 0, 0, np.zeros((len(t_us), 6), np.int16))
    return Stimulus(records, (), len(t_us), 0, 0, int(t_us[-1]))


def merge(stimuli: Iterable[Stimulus]) -> Stimulus:
    """Several sensors at once; the timeline is that of the first."""
    parts = list(stimuli)
    records = np.concatenate([part.records for part in parts])
    records = records[np.argsort(records["t_us"], kind="stable")]
    return Stimulus(
        records,
        parts[0].timeline,
        sum(part.sent for part in parts),
        sum(part.lost for part in parts),
        sum(part.saturated for part in parts),
        max(part.end_us for part in parts),
    )


def from_events(path: Path) -> Stimulus:
    """Play an event file: `t_us,<channel names>`, a cell empty where an event carries no value.

    The first event is at 0, whatever its t_us: recordings carry absolute times.
    A sensor measures all its channels at once: those that a row leaves out keep their value.
    """
    names = [prefix + channel for prefix in PREFIXES for channel in CHANNELS]
    held = np.zeros((len(PREFIXES), len(CHANNELS)))
    begin_us = None
    times: list[int] = []
    sources: list[int] = []
    values: list[NDArray[np.float64]] = []
    for event in read(path, names, whose="the simulated sensors'"):
        if event.back_from is not None:
            raise RivuletError(goes_back(path, event))
        if begin_us is None:
            begin_us = event.t_us
        t_us = event.t_us - begin_us
        for source, row in enumerate(np.reshape(event.values, held.shape)):
            carried = ~np.isnan(row)
            if carried.any():
                held[source, carried] = row[carried]
                times.append(t_us)
                sources.append(source)
                values.append(held[source].copy())
    if not times:
        raise RivuletError(f"{path}: no event carries a value")
    raw, saturated = to_registers(np.array(values))
    records = _records(np.array(times), np.array(sources), 0, raw)
    return Stimulus(records, (), len(records), 0, saturated, times[-1])


def to_registers(values: NDArray[np.float64]) -> tuple[NDArray[np.int16], int]:
    """m/s^2 and rad/s as the chip's counts, and how many of them had to be cut off."""
    counts = np.rint(values * _COUNTS)
    cut = np.clip(counts, _LIMITS.min, _LIMITS.max)
    return cut.astype(np.int16), int(np.count_nonzero(cut != counts))


def _records(
    t_us: NDArray[np.int64], source: ArrayLike, flags: ArrayLike, raw: NDArray[np.int16]
) -> NDArray[np.void]:
    records = np.zeros(len(t_us), _RECORD)
    records["t_us"] = t_us
    records["source"] = source
    records["flags"] = flags
    records["raw"] = raw
    return records
