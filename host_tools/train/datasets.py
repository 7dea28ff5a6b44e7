"""Labelled recordings of unequal length, from the wheel that data/recordings.py downloads.

The files state neither rates nor units beyond what is said at each set; sources as in the files.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.data.recordings import read_member
from host_tools.errors import RivuletError
from host_tools.train.collect import Stream, uneven
from host_tools.train.series import Series


@dataclass(frozen=True)
class Source:
    file: str  # in aeon's data folder, without its split
    period_us: int
    sensors: tuple[tuple[int, ...], ...]  # channels that fall silent together
    count: tuple[int, int]  # recordings to train on and to test on
    every: int = 1  # take every n-th sample; `period_us` is the time between those


SOURCES = {
    # Four activities of a smart watch's wearers; 10 Hz, accelerometer and gyroscope.
    "activity": Source("BasicMotions/BasicMotions", 100_000, ((0, 1, 2), (3, 4, 5)), (40, 40)),
    # Ten people's gesture with a Wii remote, vertical acceleration (Guna et al., TSP 2012). The
    # files name no rate; the remote sends at 100 Hz. Every fourth sample is enough for the
    # movements of a hand.
    "gesture": Source("PickupGestureWiimoteZ/PickupGestureWiimoteZ", 40_000, ((0,),), (50, 50), 4),
    # Nine speakers' /ae/, 12 cepstral coefficients every 6.4 ms (Kudo et al., Pattern Recognition
    # Letters 1999; UCI archive).
    "vowels": Source("JapaneseVowels/JapaneseVowels", 6_400, (tuple(range(12)),), (270, 370)),
}


@dataclass(frozen=True)
class Labelled:
    values: tuple[NDArray[np.float64], ...]  # each (samples, channels)
    labels: NDArray[np.int64]  # (recordings,): indices into classes
    classes: tuple[str, ...]
    source: Source

    @property
    def channels(self) -> int:
        return int(self.values[0].shape[1])

    def normalisation(self) -> tuple[list[float], list[float]]:
        """Return the offset and scale of every channel, over all samples."""
        joined = np.concatenate(self.values)
        return joined.mean(0).tolist(), (1 / joined.std(0)).tolist()

    def series(self, normalisation: tuple[list[float], list[float]], period_us: int) -> Series:
        """Return the recordings as events every `period_us`, whatever the true period is."""
        channels = tuple(range(self.channels))
        streams = [[Stream(np.arange(len(v)) * period_us, v, channels)] for v in self.values]
        return uneven(streams, [len(v) * period_us for v in self.values], *normalisation)


def load(name: str, split: str) -> Labelled:
    """Load a set by its name in `SOURCES`; split: train or test. Raises RivuletError."""
    if name not in SOURCES:
        raise RivuletError(f"no recordings are called '{name}': {', '.join(SOURCES)}")
    source = SOURCES[name]
    text = read_member(f"aeon/datasets/data/{source.file}_{split.upper()}.ts")
    data = parse(text, source)
    expected = source.count[split == "test"]
    if len(data.labels) != expected:
        raise RivuletError(f"'{name}' has {len(data.labels)} recordings, not {expected}")
    return data


def parse(text: str, source: Source) -> Labelled:
    """Read a .ts file: one recording a line, its channels and its label separated by colons."""
    values, labels, classes = [], [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lower().startswith("@classlabel true"):
            classes = line.split()[2:]
        if not line.strip() or line.startswith(("#", "@")):
            continue
        *channels, label = line.strip().split(":")
        try:
            parts = [[float(value) for value in part.split(",")] for part in channels]
            values.append(np.array(parts, dtype=np.float64).T[:: source.every])
            labels.append(classes.index(label))
        except ValueError as error:
            raise RivuletError(f"{source.file} is corrupt at line {number}: {error}") from None
    return Labelled(tuple(values), np.array(labels, np.int64), tuple(classes), source)
