"""Long recordings for training, a piece at a time: every slot of a batch plays one to its end."""

from dataclasses import dataclass, field

import numpy as np
import physics
import torch
from numpy.typing import NDArray
from torch import Tensor

from host_tools.train.series import EventBatch

# (value - offset) * scale, in the order of `Recording.held`.
SCALE = np.repeat([0.1, 0.5, 0.02, 10.0], [3, 3, 3, 2])
SETTLE_S = 2.0  # of a new recording, in which the estimate need not be right yet
MAX_DROP = 0.9


@dataclass(frozen=True)
class Played:
    """A recording as the network meets it."""

    inputs: NDArray[np.float32]  # (events, 11), normalised and held
    gaps: NDArray[np.float32]  # (events,): s since the event before
    truth: NDArray[np.float32]  # (events, 6): up and north in the body
    since_s: NDArray[np.float32]  # (events,): since the recording's start


def played(recording: physics.Recording) -> Played:
    inputs = np.nan_to_num(recording.held() * SCALE)
    gaps = np.diff(recording.times_us, prepend=recording.times_us[0]) * 1e-6
    truth = np.hstack([recording.up, recording.north])
    parts = inputs, gaps, truth, recording.times_us * 1e-6
    return Played(*(part.astype(np.float32) for part in parts))


@dataclass
class _Slots:
    playing: list[Played] = field(default_factory=list)
    place: list[int] = field(default_factory=list)


class Pieces:
    """The next `events` events of every slot's recording; each seed has slots of its own."""

    def __init__(self, motion: physics.Motion, seconds: float, slots: int, events: int) -> None:
        self._motion = motion
        self._seconds = seconds
        self._count = slots
        self._events = events
        self._of_seed: dict[int, _Slots] = {}

    def __call__(self, random: torch.Generator) -> tuple[EventBatch, Tensor]:
        """One model's batch; targets (slots, events, 7): the truth and what its error weighs."""
        drawn = np.random.default_rng(int(torch.randint(2**62, (1,), generator=random)))
        slots = self._of_seed.setdefault(random.initial_seed(), _Slots())
        if not slots.playing:
            slots.playing = [self._new(drawn) for _ in range(self._count)]
            # Not all at their start: slots change their recording at different times.
            slots.place = [
                int(drawn.integers(max(1, len(one.gaps) - self._events))) for one in slots.playing
            ]
        parts = []
        for i in range(self._count):
            if slots.place[i] + self._events > len(slots.playing[i].gaps):
                slots.playing[i], slots.place[i] = self._new(drawn), 0
            piece = slice(slots.place[i], slots.place[i] + self._events)
            one = slots.playing[i]
            weight = one.gaps[piece] * (one.since_s[piece] >= SETTLE_S)
            parts.append(
                (
                    one.inputs[piece],
                    one.gaps[piece],
                    np.column_stack([one.truth[piece], weight]),
                )
            )
            slots.place[i] += self._events
        inputs, gaps, targets = (
            torch.from_numpy(np.stack(part)) for part in zip(*parts, strict=True)
        )
        events = EventBatch(
            inputs[None], gaps[None], torch.zeros(1, self._count), torch.ones_like(gaps)[None]
        )
        return events, targets

    def _new(self, drawn: np.random.Generator) -> Played:
        body = int(drawn.integers(self._motion.rate.shape[1]))
        return played(
            physics.record(self._motion, body, self._seconds, trouble(self._seconds, drawn), drawn)
        )


def trouble(seconds: float, random: np.random.Generator) -> physics.Losses:
    """What a recording for training suffers: any loss, sometimes an outage, iron or shoves."""
    common = random.uniform(0, MAX_DROP) * (random.random() < 0.7)
    drop = np.clip(common + random.uniform(-0.1, 0.1, 3) * (common > 0), 0, 0.95)

    def window(most_s: float) -> tuple[float, float]:
        start = random.uniform(0, seconds)
        return start, start + random.uniform(0.5, most_s)

    outage = iron = shove = None
    if random.random() < 0.3:
        outage = (int(random.integers(physics.ACCEL, physics.MAG + 1)), *window(4.0))
    if random.random() < 0.4:
        iron = (*window(5.0), random.normal(0, 10, 3))
    if random.random() < 0.4:
        shove = (*window(5.0), random.uniform(1.5, 4))
    a, b, c = drop.tolist()
    return physics.Losses((a, b, c), outage, () if iron is None else (iron,), shove)
