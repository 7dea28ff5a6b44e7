"""The recordings as events of two sensors with clocks of their own, for replays and boards.

    python models/two_sensors/events.py --drop 0.3 -o events.csv

No value is made up: the accelerometer's samples come ten times a second, the gyroscope's are
every second, third or fourth of its own, at random; both at their own jittered times.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.data.recordings import load
from host_tools.errors import RivuletError
from host_tools.printing import note

CHANNELS = [f"accel_{axis}" for axis in "xyz"] + [f"second_gyro_{axis}" for axis in "xyz"]
JITTER_US = 30_000


@dataclass(frozen=True)
class Played:
    """All recordings of a split, one after another in random order."""

    t_us: NDArray[np.int64]  # (events,)
    values: NDArray[np.float64]  # (events, 6), NaN where an event does not carry the channel
    ends_us: list[int]  # of each recording
    labels: list[int]


def play(split: str, drop_accel: float, drop_gyro: float, seed: int = 0) -> Played:
    recordings = load("activity", split)
    count, samples, _ = recordings.values.shape
    length = samples * recordings.period_us
    random = np.random.default_rng(seed)
    order = random.permutation(count)
    times, values = [], []
    for place, number in enumerate(order):
        thinned = np.cumsum(random.integers(2, 5, samples)) - random.integers(0, 3)
        for kept, drop, channels in (
            (np.arange(samples), drop_accel, slice(0, 3)),
            (thinned[thinned < samples], drop_gyro, slice(3, 6)),
        ):
            kept = kept[random.random(len(kept)) >= drop]
            moved = random.integers(-JITTER_US, JITTER_US, len(kept), endpoint=True)
            at = np.clip(kept * recordings.period_us + moved, 0, length - 1)
            full = np.full((len(kept), 6), np.nan)
            full[:, channels] = recordings.values[number][kept, channels]
            times.append(place * length + at)
            values.append(full)
    joined = np.concatenate(times)
    sorted_ = np.argsort(joined, kind="stable")
    ends = [(place + 1) * length for place in range(count)]
    labels = recordings.labels[order].tolist()
    return Played(joined[sorted_], np.concatenate(values)[sorted_], ends, labels)


def write(played: Played, path: Path) -> None:
    lines = [",".join(["t_us", *CHANNELS])]
    for t_us, row in zip(played.t_us.tolist(), played.values.tolist(), strict=True):
        lines.append(",".join([str(t_us), *("" if np.isnan(v) else f"{v:.6g}" for v in row)]))
    files.write_text(path, "\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Recordings as events of two sensors.")
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--drop", type=float, default=0.0, help="share of samples lost, 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    try:
        if not 0.0 <= given.drop <= 1.0:
            raise RivuletError(f"a share of samples must be from 0 to 1, not {given.drop:g}")
        write(play(given.split, given.drop, given.drop, given.seed), given.out)
    except (RivuletError, OSError) as error:
        note(f"error: {error}")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
