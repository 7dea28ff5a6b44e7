"""Training data as `Series`: evenly sampled, or from sensors with their own timestamps.

NaN, unsorted and duplicate timestamps are refused: they would train a wrong model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from host_tools.errors import RivuletError
from host_tools.train.series import Series


@dataclass(frozen=True)
class Stream:
    """One sensor's samples in a recording."""

    times_us: ArrayLike  # (samples,), strictly increasing
    values: ArrayLike  # (samples, channels it has), in the channels' units
    channels: tuple[int, ...]  # which of the model's channels these are


def even(values: ArrayLike, period_s: float) -> Series:
    """Make a Series of evenly sampled recordings.

    values: (series, samples, channels), normalised. Raises RivuletError for NaN or infinity.
    """
    inputs = torch.as_tensor(np.asarray(values), dtype=torch.float32)
    if not bool(torch.isfinite(inputs).all()):
        raise RivuletError(
            "the training data hold NaN or infinite values: leave those samples out"
        )
    count, samples, _ = inputs.shape
    return Series(
        (period_s * torch.arange(samples)).expand(count, -1),
        inputs,
        torch.ones(count, samples, dtype=torch.bool),
        torch.full((count,), samples * period_s),
    )


def uneven(
    recordings: Sequence[Sequence[Stream]],
    durations_us: Sequence[int],
    offset: Sequence[float],
    scale: Sequence[float],
) -> Series:
    """Make a Series of recordings of one or more sensors, each with its own timestamps.

    The inputs become (value - offset) * scale. Simultaneous samples of two sensors become two
    events 0 s apart, as on the device. Raises RivuletError, see `checked`.
    """
    paired = _paired(recordings, durations_us)
    merged = [_merge(i, r, d, len(offset)) for i, (r, d) in enumerate(paired)]
    longest = max(len(times) for times, _, _ in merged)
    shape = (len(merged), longest, len(offset))
    times, inputs = np.zeros(shape[:2]), np.zeros(shape)
    received, carried = np.zeros(shape[:2], bool), np.zeros(shape, bool)
    for i, (when, values, present) in enumerate(merged):
        count = len(when)
        times[i, :count] = when
        inputs[i, :count] = np.where(present, (values - np.array(offset)) * np.array(scale), 0.0)
        received[i, :count], carried[i, :count] = True, present
    return Series(
        # float64 until intervals are computed: float32 loses milliseconds after hours.
        torch.tensor(times),
        torch.tensor(inputs, dtype=torch.float32),
        torch.tensor(received),
        torch.tensor([d * 1e-6 for d in durations_us], dtype=torch.float64),
        None if carried[received].all() else torch.tensor(carried),
    )


def _paired(
    recordings: Sequence[Sequence[Stream]], durations_us: Sequence[int]
) -> list[tuple[Sequence[Stream], int]]:
    if not recordings or len(recordings) != len(durations_us):
        raise RivuletError(
            f"{len(recordings)} recordings and {len(durations_us)} durations: one for each"
        )
    return list(zip(recordings, durations_us, strict=True))


_Merged = tuple[np.ndarray, np.ndarray, np.ndarray]


def _merge(number: int, streams: Sequence[Stream], duration_us: int, channels: int) -> _Merged:
    """Return (times in s, values, carried channels) in order of time."""
    parts = []
    for place, stream in enumerate(streams):
        where = f"recording {number}" + (f", sensor {place}" if len(streams) > 1 else "")
        times, values = checked(stream, where)
        if len(times) and (times[0] < 0 or times[-1] > duration_us):
            raise RivuletError(f"{where}: times leave the recording's 0 to {duration_us} us")
        full = np.zeros((len(times), channels))
        present = np.zeros((len(times), channels), bool)
        full[:, stream.channels], present[:, stream.channels] = values, True
        parts.append((times, full, present))
    if not any(len(times) for times, _, _ in parts):
        raise RivuletError(f"recording {number} has no events: leave it out")
    times, values, present = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(times, kind="stable")
    return times[order] * 1e-6, values[order], present[order]


def checked(stream: Stream, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a sensor's (times in us, values).

    Raises RivuletError unless all are finite and the times strictly increase.
    """
    times = np.asarray(stream.times_us, dtype=np.float64)
    values = np.asarray(stream.values, dtype=np.float64)
    if times.ndim != 1 or values.shape != (len(times), len(stream.channels)):
        raise RivuletError(
            f"{where}: {times.shape} times and {values.shape} values for "
            f"{len(stream.channels)} channels"
        )
    if not np.isfinite(times).all():
        bad = _first(~np.isfinite(times))
        raise RivuletError(f"{where}: the timestamp of sample {bad} is NaN or infinite")
    unclean = ~np.isfinite(values).all(axis=1)
    if unclean.any():
        raise RivuletError(
            f"{where}: sample {_first(unclean)} holds NaN or infinity: leave such samples out, "
            "a gap is what the model is trained for"
        )
    step = np.diff(times)
    if (step < 0).any():
        raise RivuletError(
            f"{where}: timestamps are not sorted: sample {_first(step < 0) + 1} is earlier than "
            "the one before; sort the samples by time"
        )
    if (step == 0).any():
        raise RivuletError(
            f"{where}: samples {_first(step == 0)} and {_first(step == 0) + 1} have the same "
            "timestamp: keep one of them"
        )
    return times, values


def _first(which: Any) -> int:
    return int(np.argmax(which))
