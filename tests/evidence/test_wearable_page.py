"""The section on the wearable set says what its figures say."""

import json

import numpy as np
import pytest

from host_tools.evidence import comparison, pictures, size_page
from host_tools.evidence.wearable import CONTIGUOUS, data, figures, page
from host_tools.paths import DOCS
from tests.evidence import made_results


def test_an_entry_has_the_figures_of_the_headline() -> None:
    entry = made_results.wearable()["GRU fed dt"]
    assert (entry["macro_f1"], entry["macro_f1_sd"], entry["parameters"]) == (0.75, 0.125, 44)
    assert entry["splits"][CONTIGUOUS]["macro_f1"]["0"] == [0.875, 0.75, 0.625]


def test_differences_are_taken_fold_by_fold() -> None:
    apart, error = comparison.paired([0.9, 0.7, 0.8], [0.8, 0.6, 0.7])
    assert apart == pytest.approx(0.1) and error == pytest.approx(0.0)  # though folds differ
    apart, error = comparison.paired([0.9, 0.7], [0.5])
    assert apart == pytest.approx(0.3) and error == pytest.approx(0.1)


def test_ties_and_leads_are_called_so() -> None:
    section = page.section(made_results.wearable())
    assert "| cascade u | +0.000 ± 0.072 | +0.000 ± 0.072 | **-0.125 ± 0.000** |" in section
    assert "**+0.250 ± 0.000**" in section  # ahead of decay
    row = "| cascade u | 44 | 0 ahead, 8 tied, 0 behind | 0 ahead, 0 tied, 8 behind | 8 ahead, 0 "
    assert row in section
    # A kind on the headline's split alone is counted there alone, and is in no table of others.
    assert "| LTC | 44 | 0 ahead, 0 tied, 2 behind |" in section
    splits = section.split("### The other splits")[1].split("###")[0]
    assert "| cascade u |" in splits and "LTC" not in splits


def test_the_goals_are_judged_by_the_headline() -> None:
    assert "| cascade u | 44 | yes | no | yes |" in page.section(made_results.wearable())
    entries = made_results.wearable()
    entries["decay"]["splits"][CONTIGUOUS]["macro_f1"]["0.5"] = [0.7, 0.8, 0.75]
    assert "| cascade u | 44 | yes | no | no |" in page.section(entries)


def test_f1_is_that_of_a_class_and_a_room() -> None:
    table = np.array(made_results.TABLE)
    scores = figures.f1(table)
    assert scores[0] == pytest.approx([0.9, 0.9, 1.0, 1.0])
    assert scores[1, 0] == 1.0 and np.isnan(scores[1, 1]) and scores[1, 3] == 0.0
    both = table.sum(0)
    walking = 2 * 10 / (12 + 10)
    assert figures.macro_f1(table) == pytest.approx(
        np.mean([2 * 14 / 30, 2 * 9 / (10 + 12), 1.0, walking])
    )
    assert figures.accuracy(table) == pytest.approx(np.trace(both) / both.sum())
    assert "0.900 | 0.900 | 1.000 | 1.000 |" in page.section(made_results.wearable())


def test_the_archive_is_read_whole() -> None:
    pieces = data.load()
    assert sum(map(len, pieces)) == 75_128
    labels = np.concatenate([piece.labels for piece in pieces])
    assert np.bincount(labels).tolist() == [16_406, 4_911, 51_520, 2_291]
    first = pieces[0]
    assert (first.name, first.group) == ("d1p01", "S1M")
    assert all((np.diff(piece.t_us) >= 0).all() for piece in pieces)
    assert all((piece.values[:, 4:].sum(1) == 1).all() for piece in pieces)


def test_no_recording_is_on_both_sides() -> None:
    pieces = data.load(20)
    names = sorted(piece.name for piece in pieces)
    for folds in (data.contiguous(pieces), data.at_random(pieces)):
        assert sorted(piece.name for _, test in folds for piece in test) == names
        for training, test in folds:
            both = {p.name for p in training} & {p.name for p in test}
            assert not both and len(training) + len(test) == len(pieces)
    for _, test in data.contiguous(pieces):
        for room in data.ROOMS:
            trials = [int(p.name[-2:]) for p in test if data.room(p) == room]
            assert trials == list(range(trials[0], trials[0] + len(trials)))
    ((women, men),) = data.women_against_men(pieces)
    assert {p.group[-1] for p in women} == {"F"} and {p.group[-1] for p in men} == {"M"}


def test_settings_are_tried_without_the_first_folds_test() -> None:
    pieces = data.load(20)
    ((training, tried),) = data.trial_fold(pieces)
    _, test = data.contiguous(pieces)[0]
    names = [{piece.name for piece in part} for part in (training, tried, test)]
    assert not names[0] & names[1] and not names[2] & (names[0] | names[1])


def test_a_fold_is_standardised_by_its_training_part_alone() -> None:
    fold = data.contiguous(data.load(50))[0]
    made = data.dataset(fold)
    values = np.concatenate([piece.values for piece in fold[0]])
    scaled = (values - made.inputs.offset) * made.inputs.scale
    assert np.allclose(scaled[:, :4].mean(0), 0.0) and np.allclose(scaled[:, :4].std(0), 1.0)
    assert np.array_equal(scaled[:, 4:], values[:, 4:])
    alone = data.dataset(fold, data.ACCELERATIONS)
    assert alone.channels == ["front", "vertical", "lateral"]
    assert alone.test[0].values.shape[1] == 3


def test_sizes_stand_in_a_table_and_a_picture() -> None:
    swept = made_results.sizes()
    row = "| cascade u | 16 | 160 | 0.750 ± 0.000 | 0.750 ± 0.000 | 0.250 ± 0.000 |"
    assert row in size_page.section(swept)
    drawn = pictures.drawn({}, made_results.wearable(), swept)
    assert {"vowels-sizes.svg", "wearable-sizes.svg", "wearable-losses.svg"} < set(drawn)
    assert "dashed: int8" in drawn["vowels-sizes.svg"]
    assert "forest" in drawn["wearable-parameters.svg"]


@pytest.mark.parametrize("split", ["0", "0.5"])
def test_the_stored_figures_are_those_of_their_tables(split: str) -> None:
    entries = json.loads((DOCS / "evidence" / "wearable.json").read_text())
    for kind, entry in entries.items():
        for result in entry["splits"].values():
            for name, of in (("macro_f1", figures.macro_f1), ("accuracy", figures.accuracy)):
                found = [of(np.array(table)) for table in result["tables"][split]]
                assert result[name][split] == pytest.approx(found, abs=6e-5), kind
