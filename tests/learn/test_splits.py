"""The split: every class in every part, nothing of a recording or a group in two."""

import numpy as np
import pytest

from host_tools.errors import RivuletError
from host_tools.learn import splits
from host_tools.learn.dataset import load
from tests.learn import made


def _named(split):
    return {part: {piece.name for piece in pieces} for part, pieces in split.items()}


def _record(folder, name, label, events=10, group=""):
    values = np.arange(events) + 0.5
    made.record(folder, name, 0.1 * np.arange(events), {"a": values}, [label] * events, group)


def test_rare_classes_come_in_every_part(tmp_path) -> None:
    for number in range(40):
        _record(tmp_path, f"r{number:02}", "rare" if number < 3 else "usual")
    data = load(made.project(tmp_path))
    named = _named(data.split)
    assert all(data.class_counts(part).min() > 0 for part in splits.NAMES)
    assert len(named["train"] | named["validation"] | named["test"]) == 40
    assert sum(map(len, named.values())) == 40
    assert len(named["train"]) == pytest.approx(24, abs=2)
    assert _named(load(made.project(tmp_path)).split) == named


def test_groups_stay_together(tmp_path) -> None:
    for number in range(24):
        _record(tmp_path, f"r{number}", "xy"[number % 2], group=f"g{number // 3}")
    data = load(made.project(tmp_path, '[data]\nsplit = "group"\n'))
    groups = [{piece.group for piece in pieces} for pieces in data.split.values()]
    assert all(groups) and sum(map(len, groups)) == 8
    assert data.split_by == "group"


def test_of_two_groups_the_one_trained_on_also_chooses_the_model(tmp_path) -> None:
    for number in range(16):
        _record(tmp_path, f"r{number}", "xy"[number // 4 % 2], group="FFFM"[number % 4])
    data = load(made.project(tmp_path, '[data]\nsplit = "group"\n'))
    train, validation, test = (data.split[part] for part in splits.NAMES)
    assert [len(train), len(validation), len(test)] == [9, 3, 4]
    assert {piece.group for piece in train + validation} == {"F"}
    assert {piece.group for piece in test} == {"M"}
    assert len(set().union(*_named(data.split).values())) == 16
    assert all(data.class_counts(part).min() > 0 for part in splits.NAMES)
    assert data.notes == [
        "no group is left to choose the model by: 3 recordings of the training part do that; the "
        "test shares no group with them"
    ]


def test_two_groups_of_one_recording_leave_none_to_validate_on(tmp_path) -> None:
    for name in "gh":
        values = np.arange(20.0)
        made.record(tmp_path, name, 0.1 * values, {"a": values}, ["x", "y"] * 10, group=name)
    data = load(made.project(tmp_path, '[data]\nsplit = "group"\n'))
    assert [len(data.split[part]) for part in splits.NAMES] == [1, 0, 1]
    assert "two recordings" in data.notes[0]


@pytest.mark.parametrize(
    ("groups", "said"),
    [(["g"] * 6, "every recording belongs to group 'g'"), (["g", "h", ""], "has no group")],
)
def test_groups_that_cannot_be_split(groups, said, tmp_path) -> None:
    for number, group in enumerate(groups):
        _record(tmp_path, f"r{number}", "xy"[number % 2], group=group)
    with pytest.raises(RivuletError, match=said):
        load(made.project(tmp_path, '[data]\nsplit = "group"\n'))


def test_a_single_recording_is_cut_into_blocks_with_gaps(tmp_path) -> None:
    # Each class once, in one stretch.
    labels = ["x"] * 200 + ["y"] * 200 + ["z"] * 200
    values = np.sin(np.arange(600.0))
    made.record(tmp_path, "all", 0.1 * np.arange(600), {"a": values}, labels)
    data = load(made.project(tmp_path))
    assert all(data.class_counts(part).min() > 0 for part in splits.NAMES)
    pieces = sorted((p for each in data.split.values() for p in each), key=lambda p: p.t_us[0])
    for before, after in zip(pieces, pieces[1:], strict=False):
        assert after.t_us[0] - before.t_us[-1] >= 2_000_000
    assert "consecutive blocks" in data.notes[0] and "gaps of 2 s" in data.notes[0]


def test_a_forecast_looks_no_further_than_the_gap(tmp_path) -> None:
    values = np.sin(0.1 * np.arange(400))
    made.record(tmp_path, "all", 0.1 * np.arange(400), {"a": values})
    toml = '[train]\ntask = "forecast"\ntarget = ["a"]\nhorizon_s = 3\n'
    data = load(made.project(tmp_path, toml))
    (train,), (validation,), (test,) = (data.split[part] for part in splits.NAMES)
    for before, after in ((train, validation), (validation, test)):
        assert after.t_us[0] >= before.t_us[-1] + 3_000_000


def test_too_short_to_cut(tmp_path) -> None:
    _ = made.record(tmp_path, "r", [0, 1, 2, 3], {"a": [1, 2, 3, 4]}, ["x", "y", "x", "y"])
    with pytest.raises(RivuletError, match="its 4 events in 3 s are too few"):
        load(made.project(tmp_path))


def test_two_recordings_leave_none_to_validate_on(tmp_path) -> None:
    for name in ("a", "b"):
        values = np.arange(20.0)
        made.record(tmp_path, name, 0.1 * np.arange(20), {"a": values}, ["x", "y"] * 10)
    data = load(made.project(tmp_path))
    assert [len(data.split[part]) for part in splits.NAMES] == [1, 0, 1]
    assert "two recordings" in data.notes[0]


def test_a_class_of_one_recording_is_trained_on_and_said(tmp_path) -> None:
    for number in range(6):
        _record(tmp_path, f"r{number}", "xy"[number % 2])
    _record(tmp_path, "once", "z")
    data = load(made.project(tmp_path))
    assert data.class_counts("train")[2] == 10 and data.class_counts("test")[2] == 0
    assert any("not tested" in note and "z" in note for note in data.notes)
