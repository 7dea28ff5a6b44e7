"""Recordings of a project as arrays: their columns, answers and notes, and what is refused."""

import numpy as np
import pytest

from host_tools.choices import Late
from host_tools.errors import RivuletError
from host_tools.learn.dataset import load
from host_tools.learn.piece import held, kept_events
from tests.learn import made


def _labelled(folder, name, labels, start=0.0, **more):
    times = start + 0.1 * np.arange(len(labels))
    values = np.arange(len(labels)) + 0.5
    made.record(folder, name, times, {"a": values}, list(labels), **more)


def _six(folder, **more):
    for number in range(6):
        _labelled(folder, f"r{number}", "xy"[number % 2] * 12, group="fm"[number // 3], **more)


def test_channels_of_some_recordings_only_are_blank_in_the_others(tmp_path) -> None:
    _six(tmp_path, units={"a": "V"})
    extra = {"b": [1.0] * 4 + [2.0] * 8}
    made.record(tmp_path, "r9", 0.1 * np.arange(12), extra, ["x", ""] * 6, units={"b": "g"})
    data = load(made.project(tmp_path))
    assert data.channels == ["a", "b"] and data.units == ["V", "g"]
    assert data.classes == ["x", "y"]
    last = next(piece for piece in data.recordings if piece.name == "recordings/r9")
    assert np.isnan(last.values[:, 0]).all() and last.values[11, 1] == 2.0
    assert last.labels.tolist() == [0, -1] * 6
    assert held(last.values, np.array([7.0, 8.0]))[5].tolist() == [7.0, 2.0]


def test_inputs_are_normalised_by_the_training_part(tmp_path) -> None:
    _six(tmp_path)
    data = load(made.project(tmp_path))
    values = np.concatenate([piece.values for piece in data.training])
    normal = (values - data.inputs.offset) * data.inputs.scale
    assert abs(normal.mean()) < 1e-3 and normal.std() == pytest.approx(1, abs=1e-3)


def test_value_targets_are_no_inputs_and_convert_to_the_unit_asked_for(tmp_path) -> None:
    made.lagging(tmp_path)
    toml = '[train]\ntask = "value"\ntarget = ["speed"]\nunits = { speed = "km/h" }\n'
    data = load(made.project(tmp_path, toml))
    assert data.channels == ["drive"] and data.targets == ["speed"]
    assert data.target_units == ["km/h"]
    assert data.outputs.offset[0] == pytest.approx(72, abs=9)
    assert data.classes == [] and (data.recordings[0].labels == -1).all()


def test_a_forecast_is_the_value_held_a_horizon_later(tmp_path) -> None:
    times = [0.0, 0.1, 0.2, 0.35, 0.5, 0.8]
    for name in ("p", "q", "r"):
        values = [1.0, made.NAN, 3.0, 4.0, made.NAN, 6.0]
        made.record(tmp_path, name, times, {"a": values, "b": [1, 2, 1, 2, 1, 2]})
    toml = '[train]\ntask = "forecast"\ntarget = ["a"]\nhorizon_s = 0.3\n'
    data = load(made.project(tmp_path, toml))
    assert data.channels == ["a", "b"]
    expected = [3.0, 4.0, 4.0, 4.0, 6.0, made.NAN]
    np.testing.assert_array_equal(data.recordings[0].targets[:, 0], expected)


def test_late_events_end_it_or_are_dropped(tmp_path) -> None:
    _six(tmp_path)
    path = tmp_path / "recordings/r2.csv"
    lines = path.read_text().splitlines()
    lines[4], lines[5] = lines[5], lines[4]
    path.write_text("\n".join(lines) + "\n")
    project = made.project(tmp_path)
    with pytest.raises(RivuletError, match=r"r2.csv, line 6: t_us goes back.*--late drop"):
        load(project)
    data = load(project, Late.drop)
    assert "1 late events dropped; the first: " in data.notes[0]
    assert sorted(map(len, data.recordings)) == [11, 12, 12, 12, 12, 12]


def test_channels_that_no_sensor_feeds_are_said(tmp_path) -> None:
    _six(tmp_path)
    sensor = '[sensors.knob]\ndriver = "adc"\npins = { adc = 26 }\n'
    channels = 'channels = [{ name = "b", unit = "V" }]\n'
    data = load(made.project(tmp_path, sensor + channels))
    assert "no sensor of rivulet.toml feeds a" in data.notes[0]


def test_a_channel_that_never_moves_is_switched_off(tmp_path) -> None:
    for number in range(6):
        channels = {"a": np.arange(9.0), "b": np.full(9, 1e5 / 3)}
        made.record(tmp_path, f"r{number}", 0.1 * np.arange(9), channels, ["xy"[number % 2]] * 9)
    data = load(made.project(tmp_path))
    assert data.inputs.scale[1] == 0 and data.inputs.scale[0] > 0
    assert any("'b' never moves" in note for note in data.notes)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('target = ["a"]', r"rivulet.toml: train.target: goes with"),
        ('task = "value"', r"train.target: is missing"),
        ('task = "value"\ntarget = ["sped"]', "no recording has a channel 'sped': did you mean"),
        ('task = "value"\ntarget = ["a", "speed"]', "none is left as an input"),
        ('task = "forecast"\ntarget = ["a"]', "train.horizon_s: is missing"),
        ('task = "value"\ntarget = ["a"]\nhorizon_s = 1', "train.horizon_s: goes with"),
        ('task = "forecast"\ntarget = ["a"]\nhorizon_s = 99', "99 s is longer than every"),
        ('task = "value"\ntarget = ["speed"]\nunits = { a = "V" }', "train.units: 'a' is no"),
        (
            'task = "value"\ntarget = ["speed"]\nunits = { speed = "V" }',
            "is recorded in m/s, not V",
        ),
        ('task = "value"\ntarget = ["speed"]', "'speed' never moves"),
    ],
)
def test_keys_that_do_not_fit_are_one_line(toml, said, tmp_path) -> None:
    for number in range(4):
        channels = {"a": np.arange(9.0), "speed": np.full(9, 2.0)}
        times = 0.1 * np.arange(9)
        made.record(tmp_path, f"r{number}", times, channels, units={"speed": "m/s"})
    with pytest.raises(RivuletError, match=said) as raised:
        load(made.project(tmp_path, f"[train]\n{toml}\n"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["x" * 9] * 3, "a model of one class decides nothing"),
        (["x" * 9, "y" * 9], "'x' comes in one recording only"),
        (["xy"] * 0, "rivulet import LOG.csv"),
        (["x", "y", "x", "y"], "no recording lasts any time"),
    ],
)
def test_recordings_that_teach_nothing_are_one_line(labels, said, tmp_path) -> None:
    for number, each in enumerate(labels):
        _labelled(tmp_path, f"r{number}", each)
    with pytest.raises(RivuletError, match=said):
        load(made.project(tmp_path))


def test_labels_on_no_event_are_one_line(tmp_path) -> None:
    made.lagging(tmp_path, 2)
    with pytest.raises(RivuletError, match="no event of the recordings has a label"):
        load(made.project(tmp_path))


def test_units_that_differ_between_recordings_are_one_line(tmp_path) -> None:
    _six(tmp_path, units={"a": "m/s^2"})
    _labelled(tmp_path, "z", "xxx", units={"a": "g"})
    with pytest.raises(RivuletError, match=r"z.csv: channel 'a' is in g, but in m/s\^2"):
        load(made.project(tmp_path))


def test_lost_events_are_the_same_every_time(tmp_path) -> None:
    _six(tmp_path)
    data = load(made.project(tmp_path))
    first, again = (kept_events(data.recordings, 0.9) for _ in range(2))
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert all(mask.any() for mask in first)
    assert np.mean(np.concatenate(kept_events(data.recordings, 0.3))) == pytest.approx(
        0.7, abs=0.2
    )
    assert all(mask.all() for mask in kept_events(data.recordings, 0.0))
