"""What the MPU-6050 of a simulated board outside a project plays, by name."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from host_tools.data import recordings
from host_tools.errors import RivuletError
from host_tools.simulate import stimulus

# Longer than any recording.
_LONGEST_JITTER_MS = 1e6


def prepare(data: str, drop: float, jitter_ms: float, path: Path) -> Path | None:
    """Write the stimulus called `data` ('activity' or an EVENTS.csv) to `path`.

    Returns the path, None for 'none'. drop: share of samples lost; jitter_ms: how far sample times
    stray. Raises RivuletError.
    """
    if not 0.0 <= jitter_ms <= _LONGEST_JITTER_MS:
        raise RivuletError(f"jitter is 0 to {_LONGEST_JITTER_MS:g} ms, not {jitter_ms:g}")
    if data == "none":
        return None
    if data == "activity":
        loaded = recordings.load("activity", "test")
        made = stimulus.build(
            loaded, shuffled(len(loaded.labels)), drop=drop, jitter_us=round(jitter_ms * 1000)
        )
    elif Path(data).suffix == ".csv":
        if drop or jitter_ms:
            raise RivuletError("an EVENTS.csv is played as it is: no --drop, no --jitter")
        made = stimulus.from_events(Path(data))
    else:
        raise RivuletError(f"no data '{data}': use activity, none, or the path of an EVENTS.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    made.write(path)
    return path


def shuffled(count: int, seed: int = 0) -> Sequence[int]:
    """Recordings in an order that mixes the classes, the same each time."""
    return [int(i) for i in np.random.default_rng(seed).permutation(count)]
