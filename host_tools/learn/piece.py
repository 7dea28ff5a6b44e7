"""A piece of a recording as arrays: what is trained on, and what is judged."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """A recording, or consecutive events of one, in order of time."""

    # The recording's file, without its suffix.
    name: str
    # Whose recording it is; "" if that is not said.
    group: str
    t_us: NDArray[np.int64]  # (events,), as in the file
    values: Floats  # (events, channels), physical; NaN: the event does not carry the channel
    labels: NDArray[np.int64]  # (events,): which of the classes; -1: none
    targets: Floats  # (events, targets), physical; NaN: none

    def __len__(self) -> int:
        return len(self.t_us)

    @property
    def t_s(self) -> Floats:
        """Seconds since the piece's first event."""
        since: Floats = (self.t_us - self.t_us[0]) * 1e-6
        return since

    @property
    def gaps_us(self) -> NDArray[np.int64]:
        """Time since the event before; 0 for the first."""
        return np.diff(self.t_us, prepend=self.t_us[:1])

    @property
    def seconds(self) -> float:
        return float(self.t_us[-1] - self.t_us[0]) * 1e-6

    @property
    def answered(self) -> Mask:
        """Whether each event has a label or a target: (events,)."""
        found: Mask = (self.labels >= 0) | np.isfinite(self.targets).any(1)
        return found

    def between(self, first: int, end: int) -> "Piece":
        """Return the events `first` to `end` - 1."""
        return self._of(slice(first, end))

    def thinned(self, kept: Mask) -> "Piece":
        """Return the events of a mask, as if the others had been lost."""
        return self._of(kept)

    def _of(self, events: slice | Mask) -> "Piece":
        return replace(
            self,
            t_us=self.t_us[events],
            values=self.values[events],
            labels=self.labels[events],
            targets=self.targets[events],
        )


def held(values: Floats, before: Floats) -> Floats:
    """Return each channel's latest carried value at every event.

    values: (events, channels); before: (channels,), what is held before the first value.
    """
    places = np.arange(len(values))[:, None]
    latest = np.maximum.accumulate(np.where(np.isnan(values), -1, places), axis=0)
    found = np.take_along_axis(values, latest.clip(0), axis=0)
    return np.where(latest >= 0, found, before)


# Shares of the test events that get lost where a model is judged under losses.
LOSSES = (0.0, 0.3, 0.5, 0.7, 0.9)


def kept_events(pieces: list[Piece], share: float) -> list[Mask]:
    """Return which events are left when `share` of them is lost: the same at every call.

    Every piece keeps an event with an answer, if it has one.
    """
    random = np.random.default_rng([7, round(1000 * share)])
    masks = []
    for piece in pieces:
        mask = random.random(len(piece)) >= share
        candidates = np.flatnonzero(piece.answered)
        lot = random.random()
        if len(candidates) and not mask[candidates].any():
            mask[candidates[int(lot * len(candidates))]] = True
        masks.append(mask)
    return masks
