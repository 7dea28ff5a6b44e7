"""Projects with recordings made for a test."""

from pathlib import Path

import numpy as np

from host_tools.data.recording import Description, Recording, write_recording
from host_tools.project import Project, load

NAN = float("nan")


def project(folder: Path, toml: str = "", with_recordings: str = "") -> Project:
    """The project of a folder; toml: what follows [board]."""
    data = f"[data]\nrecordings = [{with_recordings!r}]\n" if with_recordings else ""
    text = f'[board]\nname = "rpi_pico"\n{data}{toml}'
    (folder / "rivulet.toml").write_text(text)
    return load(folder, with_model=False)


def record(
    folder: Path,
    name: str,
    t_s: "np.ndarray | list[float]",
    channels: dict[str, "np.ndarray | list[float]"],
    labels: list[str] | None = None,
    group: str = "",
    units: dict[str, str] | None = None,
) -> Path:
    """Write a recording of the project; returns its file."""
    path = folder / "recordings" / name
    path = path if path.suffix else path.with_suffix(".csv")
    path.parent.mkdir(exist_ok=True)
    times = np.rint(np.asarray(t_s) * 1e6).astype(np.int64)
    table = np.array(list(channels.values()), float).T.reshape(len(times), len(channels))
    groups = [group] * len(times) if group else None
    description = Description(units or {})
    write_recording(path, Recording(list(channels), times, table, labels, groups, description))
    return path


def irregular(random: np.random.Generator, events: int, mean_s: float = 0.05) -> np.ndarray:
    return np.cumsum(random.exponential(mean_s, events)).round(6)


def tempo(folder: Path, count: int = 10, events: int = 60) -> None:
    """Two classes that only the time between events tells apart: the values are alike."""
    random = np.random.default_rng(3)
    for number in range(count):
        slow = number % 2
        times = irregular(random, events, 0.4 if slow else 0.04)
        values = np.where(np.arange(events) % 2, 1.0, -1.0) + 0.05 * random.normal(size=events)
        labels = ["slow" if slow else "fast"] * events
        record(folder, f"r{number}", times, {"level": values}, labels, units={"level": "V"})


def lagging(folder: Path, count: int = 6, events: int = 120, apart: bool = False) -> None:
    """A speed that follows what a motor is given with a time constant of 0.3 s.

    apart: drive and speed have rows of their own.
    """
    random = np.random.default_rng(4)
    for number in range(count):
        times = irregular(random, events)
        drive = np.repeat(random.uniform(-1, 1, events // 10 + 1), 10)[:events]
        speed, speeds = 0.0, []
        for gap, given in zip(np.diff(times, prepend=times[0]), drive, strict=True):
            speed = given + (speed - given) * np.exp(-gap / 0.3)
            speeds.append(20.0 + 5.0 * speed)
        if apart:
            drive = np.where(np.arange(events) % 2, NAN, drive)
            speeds = np.where(np.arange(events) % 2, speeds, NAN)
        units = {"drive": "1", "speed": "m/s"}
        record(folder, f"m{number}", times, {"drive": drive, "speed": speeds}, units=units)
