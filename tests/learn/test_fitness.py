"""What `rivulet fit` computes without PyTorch: gaps, time scales, comparisons, the verdict."""

import importlib.util

import numpy as np
import pytest

from host_tools.commands import main
from host_tools.learn.baselines import features, judging
from host_tools.learn.baselines.judging import Score
from host_tools.learn.baselines.majority import Majority
from host_tools.learn.dataset import load
from host_tools.learn.fitness import timing, verdict
from host_tools.learn.fitness.order import Whole, whole_recordings
from host_tools.learn.fitness.scales import scale_lines, time_scale
from host_tools.learn.piece import LOSSES
from tests.learn import made, made_fit


def _relaxing(random, tau_s, gaps_s):
    """A random signal that forgets with `tau_s`, of variance 1, at times with these gaps."""
    values = [random.normal()]
    for gap in gaps_s[1:]:
        kept = np.exp(-gap / tau_s)
        values.append(kept * values[-1] + np.sqrt(1 - kept**2) * random.normal())
    return np.cumsum(gaps_s), np.array(values)


@pytest.mark.parametrize("tau_s", [0.3, 2.0, 10.0])
def test_the_time_scale_of_a_signal_is_found_at_irregular_times(tau_s) -> None:
    random = np.random.default_rng(1)
    signals = [_relaxing(random, tau_s, random.lognormal(-2.5, 1.0, 6000)) for _ in range(4)]
    found = time_scale("x", signals)
    assert found is not None and found.time_s == pytest.approx(tau_s, rel=0.35)
    assert found.noise < 0.5


def test_noise_and_constants_have_no_time_scale() -> None:
    random = np.random.default_rng(2)
    times = np.cumsum(random.exponential(0.1, 3000))
    noise = time_scale("x", [(times, random.normal(size=3000))])
    assert noise is not None and noise.time_s == 0.0 and noise.noise > 0.9
    assert time_scale("x", [(times, np.ones(3000))]) is None
    assert time_scale("x", [(times[:2], times[:2])]) is None
    drift = time_scale("x", [(times, times + 0.01 * random.normal(size=3000))])
    assert drift is not None and drift.time_s > 20.0


def test_scales_outside_the_range_of_tau_are_named() -> None:
    random = np.random.default_rng(3)
    slow = time_scale("slow", [_relaxing(random, 10.0, random.exponential(0.1, 6000))])
    assert slow is not None
    assert "outside that range: slow" in scale_lines([slow], (0.1, 1.0))
    assert not any("outside" in line for line in scale_lines([slow], (0.1, 100.0)))


def test_gaps_of_each_channel() -> None:
    t_us = np.arange(10, dtype=np.int64) * 1000
    values = np.ones((10, 2))
    values[::2, 1] = np.nan
    every, second = timing.all_gaps(["a", "b"], [(t_us, values)])
    assert (every.name, every.median_s, second.name, second.median_s) == (
        *("all events", 0.001),
        *("b", 0.002),
    )
    assert every.variation == 0.0 and every.even
    uneven = timing.gaps_of("x", [np.array([0, 10, 10_000_000], np.int64)])
    assert uneven is not None and uneven.longest_s == pytest.approx(9.99999)
    assert uneven.variation > 0.9 and not uneven.even


@pytest.mark.parametrize("step_us", [0, 1, 1000, 1_000_000])
def test_counted_rows_are_no_times(step_us) -> None:
    gaps = timing.gaps_of("all events", [np.arange(50, dtype=np.int64) * step_us])
    assert gaps is not None and timing.counts_rows(gaps)


def test_a_sensor_at_100_hz_and_an_irregular_one_have_times() -> None:
    for t_us in (np.arange(50) * 10_000, np.array([0, 1, 2, 3, 5])):
        gaps = timing.gaps_of("all events", [t_us.astype(np.int64)])
        assert gaps is not None and not timing.counts_rows(gaps)


def test_windows_in_order_and_shuffled(tmp_path) -> None:
    made_fit.heating(tmp_path, 4, 60)
    data = load(made.project(tmp_path))
    piece = data.test[0]
    ordered = features.in_order(data.inputs, 5)(piece)
    shuffled = features.in_order(data.inputs, 5, shuffle=1)(piece)
    untimed = features.in_order(data.inputs, 5, timed=False)(piece)
    # Values, latest first, then how long ago they came.
    assert ordered.shape == shuffled.shape == (60, 10) and untimed.shape == (60, 5)
    assert (ordered[:, 0] == shuffled[:, 0]).all() and (ordered[:, 5] == 0).all()
    assert (np.sort(ordered[:, :5]) == np.sort(shuffled[:, :5])).all()
    assert (ordered != shuffled).any()
    assert ordered[10, 6] == pytest.approx(piece.t_s[10] - piece.t_s[9])
    assert (untimed == ordered[:, :5]).all()


def test_statistics_look_at_the_past_only(tmp_path) -> None:
    made_fit.heating(tmp_path, 4, 60)
    data = load(made.project(tmp_path))
    piece = data.test[0]
    whole = features.statistics(data.inputs)(piece)
    part = features.statistics(data.inputs)(piece.between(0, 40))
    assert np.allclose(whole[:40], part)


def test_scores_of_the_majority(tmp_path) -> None:
    made_fit.table(tmp_path, 6, 80)
    data = load(made.project(tmp_path))
    model = Majority(data)
    model.fit()
    scores = judging.under_losses(data, model, LOSSES)
    assert list(scores) == list(LOSSES)
    truth = features.answers_of(data, data.test)
    answer = np.bincount(features.answers_of(data, data.training)).argmax()
    assert scores[0.0].figures["accuracy"] == pytest.approx((truth == answer).mean())
    assert scores[0.0].worth == pytest.approx(0.5)
    # Fewer events, of the same blocks.
    assert len(scores[0.9].credit) < len(scores[0.0].credit)
    assert set(scores[0.9].block) <= set(scores[0.0].block)


def _scores(alike=True, **worths):
    """Scores of models that are right at these shares of 600 events; the same at every loss.

    alike: events that are hard for one are hard for all.
    """
    random = np.random.default_rng(4)
    draw, block = random.random(600), np.arange(600) // 25
    found = {}
    for name, worth in worths.items():
        draw = draw if alike else random.random(600)
        score = Score({}, (draw < worth).astype(float), block)
        found[name.replace("_", " ")] = dict.fromkeys(LOSSES, score)
    return found


def _decided(whole=None, at_end=0.0, variation=1.0, **worths):
    usual = {
        "majority": 0.4,
        "static": 0.5,
        "trees": 0.7,
        "GRU": 0.8,
        "GRU_fed_dt": 0.88,
        "liquid": 0.9,
    }
    sizes = verdict.Sizes(nodes=61234, parameters=4344)
    return verdict.decide(_scores(**(usual | worths)), whole, at_end, variation, sizes)


def test_yes_names_what_matters() -> None:
    found = _decided()
    assert found.fits and not found.reason
    assert "memory matters" in found.text and "Time matters: without it GRU" in found.text


@pytest.mark.parametrize(
    ("reason", "worths"),
    [
        ("nothing", dict.fromkeys(("static", "trees", "GRU", "GRU_fed_dt", "liquid"), 0.4)),
        ("static", {"static": 0.9}),
        ("static", {"static": 0.95}),
        ("trees", {"trees": 0.9}),
        ("trees", {"trees": 0.97}),
        ("recurrent", {"GRU_fed_dt": 0.97}),
        ("recurrent", {"GRU": 0.9, "GRU_fed_dt": 0.9, "variation": 0.0}),
    ],
)
def test_no_for_the_right_reason(reason, worths) -> None:
    found = _decided(**worths)
    assert (found.fits, found.reason) == (False, reason), found.text


def test_where_trees_are_as_good_it_says_what_has_to_fit_the_board() -> None:
    tie, better = _decided(trees=0.9).text, _decided(trees=0.97).text
    for text in (tie, better):
        assert "61,234 nodes" in text and "the liquid network 4,344 parameters" in text
    assert "do as well" in tie and tie.endswith("does not fit your board, take the network.")
    assert "are better" in better and better.endswith("4,344 parameters.")


def test_no_for_a_batch_task_unless_the_network_is_better() -> None:
    whole = Whole(events=40, accuracy=0.9, recordings=50)
    found = _decided(whole, 0.92)
    assert (found.fits, found.reason) == (False, "batch") and "40 events" in found.text
    assert _decided(whole, 1.0).fits


def test_a_difference_within_chance_is_none() -> None:
    scores = _scores(alike=False, a=0.80, b=0.80, c=0.95)
    assert not judging.beats(scores["a"], scores["b"])
    assert judging.beats(scores["c"], scores["b"])


def test_only_short_recordings_of_one_label_are_a_batch_task(tmp_path) -> None:
    pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'rivulet[train]'")
    for name, expected in (("short", True), ("heating", False)):
        folder = tmp_path / name
        folder.mkdir()
        getattr(made_fit, name)(folder)
        found = whole_recordings(load(made.project(folder)))
        assert (found is not None) is expected
    assert found is None


def _run(monkeypatch, folder):
    monkeypatch.setattr("sys.argv", ["rivulet", "fit", "--project", str(folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize("step_s", [1e-6, 1.0, 0.0])
def test_no_for_data_without_timestamps_needs_no_pytorch(
    tmp_path, monkeypatch, capsys, step_s
) -> None:
    made_fit.counted(tmp_path, 6, 40, step_s)
    made.project(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    assert _run(monkeypatch, tmp_path) == 0
    assert "\nno: the data have no timestamps: " in capsys.readouterr().out


def test_without_the_packages_it_says_how_to_install_them(tmp_path, monkeypatch, capsys) -> None:
    made_fit.heating(tmp_path, 4, 40)
    made.project(tmp_path)
    real = importlib.util.find_spec
    for gone in ("torch", "sklearn"):
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *more, gone=gone: None if name == gone else real(name, *more),
        )
        monkeypatch.setattr("host_tools.learn.fitness.run.find_spec", importlib.util.find_spec)
        monkeypatch.setattr(
            "host_tools.learn.baselines.forest.find_spec", importlib.util.find_spec
        )
        assert _run(monkeypatch, tmp_path) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and "pip install 'rivulet[train]'" in said
