"""The windows that a network is trained on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools.learn import judge  # noqa: E402
from host_tools.learn.dataset import Dataset, load  # noqa: E402
from host_tools.learn.train import Options, train_project  # noqa: E402
from host_tools.learn.windows import Windows  # noqa: E402
from host_tools.train.series import stack  # noqa: E402
from tests.learn import made  # noqa: E402

_STEP_S = 0.05


def _gate(folder: Path, labels: str = "sw", events: int = 120) -> Dataset:
    """Recordings of a gate that stands still (s) or swings (w) all the time, each in blocks."""
    t_s = _STEP_S * np.arange(events)
    random = np.random.default_rng(6)
    for number in range(8):
        kinds = labels[number % len(labels) :] + labels[: number % len(labels)]
        kinds = kinds if len(labels) > 2 else kinds[0]
        each = np.repeat(list(kinds), events // len(kinds))
        wave = 3.0 + np.sin(2 * np.pi * (t_s / 4 + random.random()))
        made.record(
            folder, f"g{number}", t_s, {"angle": np.where(each == "w", wave, 3.0)}, each.tolist()
        )
    return load(made.project(folder))


def _drawn(data: Dataset, drop: float = 0.0, length: int = 60):
    random = torch.Generator().manual_seed(1)
    return Windows(data, data.training).draw(200, length, drop, random)


def _changes(labels) -> np.ndarray:
    """How often each window's class changes."""
    return np.array([np.count_nonzero(np.diff(row[row >= 0])) for row in labels.numpy()])


@pytest.mark.parametrize("drop", [0.0, 0.9])
def test_windows_of_one_class_go_on_in_another_recording(tmp_path, drop) -> None:
    events, labels = _drawn(_gate(tmp_path), drop)
    # Half of the windows go on, half of these in a recording of the other class.
    assert _changes(labels).max() == 1
    assert drop or 0.15 < np.mean(_changes(labels)) < 0.35
    count = events.received[0].sum(1).int()
    assert count.max() == labels.shape[1] == 60
    for row, end in enumerate(count.tolist()):
        assert (labels[row, :end] >= 0).all()
        gaps = events.gaps[0, row, 1:end].numpy() / _STEP_S
        assert np.allclose(gaps, gaps.round(), atol=1e-3) and (gaps > 0.5).all()
        if not drop:
            assert np.allclose(gaps, 1, atol=1e-3)


def test_the_value_at_a_change_is_that_of_the_other_recording(tmp_path) -> None:
    data = _gate(tmp_path)
    events, labels = _drawn(data, 0.5)
    still = data.classes.index("s")
    rest = float((3.0 - data.inputs.offset[0]) * data.inputs.scale[0])
    stands = (labels == still)[:, : events.inputs.shape[2]]
    assert torch.allclose(events.inputs[0][stands][:, 0], torch.tensor(rest), atol=1e-5)


def test_every_channel_changes_with_the_recording(tmp_path) -> None:
    """Also one whose sensor has no event there, or whose event there is lost."""
    nan = float("nan")
    for number in range(8):
        level = float(number % 2)
        a = [level if i % 6 == 0 else nan for i in range(60)]
        b = [level if i % 6 != 1 else nan for i in range(60)]
        made.record(tmp_path, f"r{number}", np.arange(60), {"a": a, "b": b}, [str(level)] * 60)
    data = load(made.project(tmp_path))
    events, labels = _drawn(data, 0.8, 40)
    levels = torch.tensor([float(name) for name in data.classes])[labels][..., None]
    there = events.received[0].bool()
    scaling = (torch.tensor(part) for part in (data.inputs.offset, data.inputs.scale))
    offset, scale = scaling
    found = events.inputs[0] / scale + offset
    wanted = levels[:, : found.shape[1]].expand_as(found)
    assert _changes(labels).max() == 1
    assert torch.allclose(found[there].double(), wanted[there].double(), atol=1e-5)


def test_recordings_with_changes_are_not_joined(tmp_path) -> None:
    data = _gate(tmp_path, "swws")
    events, labels = _drawn(data)
    angles = np.round(events.inputs[0, :, :, 0].numpy(), 5)
    known = [
        np.round((piece.values[:, 0] - data.inputs.offset) * data.inputs.scale, 5)
        for piece in data.training
    ]
    stretches = np.concatenate([np.lib.stride_tricks.sliding_window_view(k, 60) for k in known])
    for row in angles:
        assert np.isclose(stretches, row, atol=2e-5).all(1).any()
    assert _changes(labels).max() > 0


def test_draws_of_short_recordings_can_be_stacked(tmp_path) -> None:
    """Another draw may have none of the longest recording."""
    for number in range(30):
        events = 9 if number == 7 else 4
        labels = ["a" if (number + i) % 3 else "b" for i in range(events)]
        made.record(tmp_path, f"r{number}", np.arange(events), {"x": np.arange(events)}, labels)
    data = load(made.project(tmp_path))
    windows = Windows(data, sum(data.split.values(), []))
    random = torch.Generator().manual_seed(0)
    drawn = [windows.draw(4, 9, 0.0, random) for _ in range(20)]
    assert len({events.gaps.shape[2] for events, _ in drawn}) > 1
    assert torch.stack([targets for _, targets in drawn]).shape == (20, 4, 9)
    assert stack([events for events, _ in drawn]).gaps.shape == (20, 4, 9)


def test_a_model_of_recordings_of_one_class_each_follows_a_change(tmp_path) -> None:
    data = _gate(tmp_path)
    project = made.project(tmp_path, "[model]\nunits = 8\n")
    model = train_project(project, data, Options(project.build, iterations=200)).models.float32
    pieces = sorted(sum(data.split.values(), []), key=lambda piece: piece.name)
    span_us = int(pieces[0].t_us[-1] + 1e6 * _STEP_S)
    line = replace(
        pieces[0],
        t_us=np.concatenate([p.t_us + i * span_us for i, p in enumerate(pieces)]),
        values=np.concatenate([p.values for p in pieces]),
        labels=np.concatenate([p.labels for p in pieces]),
        targets=np.concatenate([p.targets for p in pieces]),
    )
    found = judge.figures(data, [line], judge.outputs_of(model, [line]))
    # Half of the events is what a first answer that stays gets.
    assert found["accuracy"] > 0.85
