"""Projects of four kinds: one that a liquid network fits, and three that it does not."""

from pathlib import Path

import numpy as np

from tests.learn.made import record


def gaps(random: np.random.Generator, events: int) -> np.ndarray:
    """Times from 0 on, s: gaps of 0.2 s on average, over two decades."""
    return np.cumsum(random.lognormal(-2.1, 1.0, events)).round(6)


def heating(folder: Path, count: int = 12, events: int = 400) -> None:
    """A body warms while it is heated, with a time constant of 5 s; classes by its temperature.

    What was given, and for how long, is all that tells: memory and true times matter.
    """
    random = np.random.default_rng(11)
    for number in range(count):
        times = gaps(random, events)
        heat = np.repeat(random.uniform(-1, 1, events // 4 + 1), 4)[:events]
        warmth, labels, given = 0.0, [], 0.0
        for gap, now in zip(np.diff(times, prepend=times[0]), heat, strict=True):
            warmth = given + (warmth - given) * np.exp(-gap / 5.0)
            given = now
            labels.append("cold" if warmth < -0.08 else "hot" if warmth > 0.08 else "mild")
        record(folder, f"h{number}", times, {"heat": heat}, labels)


def table(folder: Path, count: int = 8, events: int = 150) -> None:
    """Rows that stand for themselves: the label is a function of the row."""
    random = np.random.default_rng(12)
    for number in range(count):
        a, b, c = random.normal(size=(3, events))
        labels = ["same" if x * y > 0 else "other" for x, y in zip(a, b, strict=True)]
        record(folder, f"t{number}", gaps(random, events), {"a": a, "b": b, "c": c}, labels)


def counted(folder: Path, count: int = 6, events: int = 150, step_s: float = 1e-6) -> None:
    """The heated body without times: t_us numbers the rows."""
    random = np.random.default_rng(13)
    for number in range(count):
        heat = random.uniform(-1, 1, events)
        level = np.convolve(heat, np.exp(-np.arange(20) / 6.0))[:events]
        labels = ["up" if value > 0 else "down" for value in level]
        record(folder, f"c{number}", step_s * np.arange(events), {"heat": heat}, labels)


def short(folder: Path, count: int = 45, events: int = 40) -> None:
    """Short recordings with one label each: the spread of the whole of it tells."""
    random = np.random.default_rng(14)
    for number in range(count):
        kind = number % 3
        values = random.normal(0, (0.5, 1.0, 2.0)[kind], events)
        labels = [("calm", "lively", "wild")[kind]] * events
        record(folder, f"s{number}", gaps(random, events), {"x": values}, labels)
