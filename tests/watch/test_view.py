"""What a person sees: the live view, its lines, its numbers."""

from typing import Any

import pytest
from rich.console import Console

from host_tools.demo import Judge, Outcome
from host_tools.link.records import Record, SensorState
from host_tools.simulate.stimulus import Segment
from host_tools.watch import actuators
from host_tools.watch.screen import save_picture
from host_tools.watch.view import LiveView, seconds, sparkline

_MODEL = {
    "hash": "abcdef0123456789",
    "cell": "decay",
    "hidden": 4,
    "channels": ["a", "b"],
    "outputs": 2,
    "classes": ["calm", "moving"],
}


def _record(alpha: list[float], decision: int = 1, **counters: Any) -> Record:
    blocks = {
        "alpha": tuple(alpha),
        "outputs": (-0.5, 2.25),
    }
    zero = dict.fromkeys(
        ("events", "late", "dropped", "bus_errors", "bad_values", "telemetry_dropped"), 0
    )
    return Record(
        1_500_000,
        decision,
        blocks=blocks,
        frames_corrupt=0,
        event_cost_us=431,
        **(zero | counters),
    )


def _text(view: LiveView, width: int = 132, height: int = 40) -> str:
    console = Console(width=width, height=height, record=True, file=None)
    with console.capture() as capture:
        console.print(view.render(width, height))
    return capture.get()


def test_each_neuron_has_its_tau_and_range() -> None:
    view = LiveView({"model": _MODEL}, "Rivulet")
    for alpha in ([2.0, 1.0, 100.0, 0.2], [4.0, 1.0, 200.0, 0.1]):
        view.add(_record(alpha, events=7, late=3))
    view.truth = "moving"
    text = _text(view)
    for expected in ("250 ms", "500 ms", "5 ms", "10 s", "recognised: moving", "truth: moving"):
        assert expected in text
    assert "events 7" in text and "late 3" in text and "431 µs" in text
    assert "abcdef012345" in text


_SEEN = {"0.05": "0.4 0.8 0.008 4", "0.5": "0.5 1 0.01 5", "0.95": "0.6 1.2 0.012 6"}


def test_a_tau_unlike_training_is_marked_and_named() -> None:
    view = LiveView({"model": _MODEL | {"tau_s": _SEEN}}, "Rivulet")
    view.add(_record([2.0, 1.0, 100.0, 0.2]))
    assert view.strange() == []
    assert "every τ is within a factor of 2" in _text(view)
    assert "unlike" not in view.line()
    # 1.25 s is over twice 0.6 s; 2.3 s is not over twice 1.2 s; 3 ms is below half of 8 ms.
    view.add(_record([0.8, 1 / 2.3, 333.0, 0.2]))
    assert view.strange() == [0, 2]
    text = _text(view)
    assert "2 of 4 neurons is over 2 times outside the 90 % that training saw: 0, 2" in text
    assert "0 !τ" in text and "2 !τ" in text and "1  τ" in text and "3  τ" in text
    assert "tau unlike training: 0,2" in view.line()


@pytest.mark.parametrize(
    "stored",
    [None, "free text", {"0.05": "0.4 0.8"}, {"low": "1 1 1 1"}, {"0.05": "-1 1 1 1"}, {"0.5": 3}],
)
def test_what_is_no_distribution_of_tau_tells_nothing(stored: Any) -> None:
    view = LiveView({"model": _MODEL | {"tau_s": stored}}, "Rivulet")
    view.add(_record([1e-3] * 4))
    assert view.strange() is None
    assert "training" not in _text(view) and "training" not in view.line()


def test_another_model_starts_new_ranges() -> None:
    view = LiveView({"model": _MODEL}, "Rivulet")
    view.add(_record([2.0, 1.0, 100.0, 0.2]))
    view.describe({"model": _MODEL | {"hidden": 2}})
    view.add(_record([8.0, 8.0]))
    assert "5 s" not in _text(view) and "125 ms" in _text(view)


def test_no_model_and_no_telemetry_yet() -> None:
    assert "rivulet push" in _text(LiveView({"model": None}, "Rivulet"))
    waiting = LiveView({"model": _MODEL}, "Rivulet")
    assert "waiting for telemetry" in _text(waiting)
    assert waiting.line() == ""


def test_the_view_fits_small_terminals() -> None:
    view = LiveView({"model": _MODEL | {"hidden": 64}}, "Rivulet")
    view.add(_record([1.0] * 64))
    assert len(_text(view, 80, 24).splitlines()) <= 24


def test_a_plain_line_holds_what_matters() -> None:
    view = LiveView({"model": _MODEL}, "Rivulet")
    view.add(_record([2.0, 1.0, 100.0, 0.2], events=12))
    line = view.line()
    assert "t 1.5 s" in line and "events 12" in line and "recognised moving" in line
    assert "tau 10 ms / 1 s / 5 s" in line


def test_sensors_in_trouble_are_said_in_words() -> None:
    view = LiveView({"model": _MODEL}, "Rivulet")
    record = _record([2.0, 1.0, 100.0, 0.2])
    record.sensors = [SensorState("imu", 0.012, ()), SensorState("sonar", 3.25, ("missing",))]
    view.add(record)
    assert "imu 12 ms ago" in _text(view) and "sonar missing for 3.2 s" in _text(view)
    assert "stale" not in _text(view) and "imu" not in view.line()
    record.stale = record.guarded = True
    for text in (_text(view), view.line()):
        assert "outputs are stale" in text and "guard active" in text
        assert "sonar missing for 3.2 s" in text


def test_actuators_are_shown_with_their_values_and_errors() -> None:
    fan = {"name": "fan", "value": 0.25, "error": ""}
    arm = {"name": "arm", "value": None, "error": "drivers/servo.py line 3: OSError: 5"}
    view = LiveView({"model": _MODEL}, "Rivulet")
    view.add(_record([2.0, 1.0, 100.0, 0.2]))
    assert "actuators" not in _text(view) and "actuators" not in view.line()
    view.actuators = actuators.in_words({"actuators": [fan, arm], "resting": "fault"})
    expected = (
        "actuators fan 0.25, arm has no value yet (drivers/servo.py line 3: OSError: 5); "
        "at rest: fault"
    )
    assert expected in _text(view) and expected in view.line()
    assert actuators.in_words({}) == actuators.in_words({"actuators": [], "resting": ""}) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.68, "680 ms"), (4.767, "4.77 s"), (93.1e-6, "93.1 µs"), (3600.0, "3600 s"), (1.0, "1 s")],
)
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


def test_sparkline_is_logarithmic_and_flat_for_rounding() -> None:
    assert sparkline([1.0, 10.0, 100.0]) == "▁▅█"
    assert len(set(sparkline([1.0, 1.001, 0.999]))) == 1


def test_the_picture_needs_no_network(tmp_path: Any) -> None:
    view = LiveView({"model": _MODEL}, "Rivulet")
    view.add(_record([2.0, 1.0, 100.0, 0.2]))
    path = tmp_path / "view.svg"
    save_picture(view, path)
    assert "url(http" not in path.read_text() and "recognised" in path.read_text()


def test_the_judge_takes_the_last_decision_of_each_recording() -> None:
    timeline = (Segment(0, 10, 0, 0), Segment(10, 20, 1, 1), Segment(20, 30, 1, 2))
    outcome = Outcome()
    judge = Judge(timeline, ("calm", "moving"), outcome)
    for t_us, decision in ((2, 1), (9, 0), (12, 0), (19, 0), (25, 1)):
        judge.take(_record([1.0], decision), t_us)
    assert judge.truth == "moving"
    judge.finish()
    assert (outcome.played, outcome.right) == (3, 2)
    assert judge.truth is None
