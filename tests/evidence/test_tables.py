"""docs/evidence.md says what the figures beside it say, and the cards quote it."""

import re
from xml.etree import ElementTree

import pytest

from host_tools.evidence import comparison, occupancy_page, pictures, tables
from host_tools.paths import DOCS, MODELS
from tests.evidence import made_results

_SETS = ("activity", "gesture", "vowels")


def _result(accuracy: float, trial: float, seconds: int = 7) -> comparison.Result:
    setup = {"iterations": 9, "trial_iterations": 4, "seeds": 2, "batch": 8, "ruler_units": 3}
    return {
        "setup": setup | {"times": 5},
        "units": 3,
        "parameters": 40,
        "readout": "mean",
        "learning_rate": 0.01,
        "trials": {"0.01, mean": trial, "0.01, state": 0.1},
        "cpu_seconds": seconds,
        "accuracy": {"drop 0 %": [accuracy, accuracy], "drop 90 %": [0.5, 0.7]},
    }


def test_one_cell_is_preferred_by_its_trials_over_all_sets() -> None:
    def results(decay: float, cfc: float) -> dict[str, comparison.Result]:
        return {
            "decay": _result(0.75, trial=decay),
            "CfC": _result(0.99, trial=cfc),  # better where nobody may look
            "GRU": _result(1.0, trial=1.0),
            "GRU fed dt": _result(0.875, trial=0.9),
        }

    found = {"one": results(0.6, 0.7), "two": results(0.9, 0.7)}
    assert comparison.preferred(found) == "decay"
    page = tables.page(tables.Evidence(found), 0.1, "a machine")
    assert "| one | decay | **-0.125 ± 0.000** | +0.000 ± 0.141 |" in page
    assert "| CfC | 3 | 40 | mean | 0.01 | 0.990 ± 0.000 | 0.600 ± 0.141 |" in page
    assert comparison.preferred({"one": {"GRU": _result(1.0, 1.0)}}) is None


def test_a_difference_below_twice_its_standard_error_is_a_tie() -> None:
    assert (
        comparison.tied(0.019, 0.01)
        and comparison.tied(-0.019, 0.01)
        and comparison.tied(0.0, 0.0)
    )
    assert not comparison.tied(0.021, 0.01) and not comparison.tied(-0.021, 0.01)
    results = {
        "decay": _result(0.5, 0.8),
        "cascade u": _result(0.75, 0.8),
        "GRU fed dt": _result(1.0, 0.9),
    }
    page = tables.page(tables.Evidence({"made": results}), 0.1, "a machine")
    row = (
        "| made | cascade u | 40 | 0 ahead, 1 tied, 1 behind | - | 1 ahead, 1 tied, 0 behind | - |"
    )
    assert row in page


def test_the_page_says_whether_the_goals_are_met() -> None:
    def page(accuracy: float) -> str:
        results = {
            "decay": _result(0.5, 0.8),
            "cascade u, half": _result(accuracy, 0.8),
            "GRU fed dt": _result(0.75, 0.9),
        }
        for each in results.values():
            each["accuracy"] = {f"drop {n} %": each["accuracy"]["drop 0 %"] for n in (0, 30, 50)}
        return tables.page(tables.Evidence({"vowels": results}), 0.1, "a machine")

    row = "| cascade u, half | {0} / {0} / {0} | {1} | {2} |"
    assert row.format("+0.0200", "yes", "3 ahead, 0 tied, 0 behind | yes") in page(0.77)
    assert row.format("+0.0090", "no", "3 ahead, 0 tied, 0 behind | yes") in page(0.759)
    assert row.format("-0.2500", "no", "0 ahead, 3 tied, 0 behind | no") in page(0.5)


def test_the_page_says_who_is_ahead_of_the_demos_cell() -> None:
    def page(accuracy: float) -> str:
        results = {
            "decay": _result(0.75, 0.8),
            "CfC": _result(accuracy, 0.8),
            "GRU fed dt": _result(0.75, 0.9),
        }
        for each in results.values():
            each["accuracy"] = {"drop 30 %": each["accuracy"]["drop 0 %"], "jitter": [0.5, 0.5]}
        return tables.page(tables.Evidence({"activity": results}), 0.1, "a machine")

    assert "so far none is" in page(0.75)
    assert "so far CfC is" in page(0.875)
    assert "| CfC | 40 | 1 ahead, 1 tied, 0 behind | drop 30 % | - |" in page(0.875)
    assert "| CfC | 40 | 0 ahead, 1 tied, 1 behind | - | drop 30 % |" in page(0.5)


def test_occupancy_stands_beside_the_papers_figures() -> None:
    section = occupancy_page.section(made_results.occupancy())
    assert "| LTC | 40 | 0.01 | 0.625 ± 0.177 | - | 0.9463 |" in section
    assert "| cascade u | 40 | 0.01 | 0.875 ± 0.000 | **+0.250 ± 0.125** | - |" in section


def test_the_page_tells_how_many_results_are_of_an_earlier_run() -> None:
    results = {"decay": _result(0.5, 0.8) | {"reused": True}, "GRU fed dt": _result(1.0, 0.9)}
    assert "1 of the 2 results are kept" in tables.page(
        tables.Evidence({"made": results}), 0.1, "a machine"
    )
    del results["decay"]["reused"]
    assert "are kept" not in tables.page(tables.Evidence({"made": results}), 0.1, "a machine")


def test_what_is_written_is_read_again(tmp_path) -> None:
    sets = {"made": {"decay": _result(0.75, 0.8), "GRU fed dt": _result(0.5, 0.9)}}
    found = tables.Evidence(
        sets, made_results.wearable(), made_results.sizes(), made_results.occupancy()
    )
    tables.write(tmp_path, found, 0.1)
    assert tables.load(tmp_path, "made") == sets["made"]
    assert tables.load(tmp_path, tables.WEARABLE) == found.wearable
    assert tables.load(tmp_path, tables.SIZES) == found.sizes
    assert tables.load(tmp_path, tables.OCCUPANCY) == found.occupancy
    page = (tmp_path / "evidence.md").read_text()
    assert f"in {2 * 7 + (4 * 4 + 1) * 3 + 4 + 4} CPU seconds" in page and "## `made`" in page
    named = set(re.findall(r"\]\(evidence/([\w-]+\.svg)\)", page))
    assert named == {path.name for path in (tmp_path / "evidence").glob("*.svg")}
    for path in (tmp_path / "evidence").glob("*.svg"):
        ElementTree.parse(path)


def test_the_page_says_what_the_figures_say() -> None:
    page = (DOCS / "evidence.md").read_text()
    machine = re.search(r"one thread of (.+)\. The folder", page)
    period = re.search(r"at one sample in ([\d.]+) s", page)
    assert machine and period
    found = tables.Evidence(
        {name: tables.load(DOCS, name) for name in _SETS},
        tables.load(DOCS, tables.WEARABLE),
        tables.load(DOCS, tables.SIZES),
        tables.load(DOCS, tables.OCCUPANCY),
    )
    assert page == tables.page(found, float(period[1]), machine[1])
    for name, drawing in pictures.drawn(found.sets, found.wearable, found.sizes).items():
        assert (DOCS / "evidence" / name).read_text() == drawing + "\n"


@pytest.mark.parametrize("name", _SETS)
def test_a_card_quotes_the_table(name: str) -> None:
    table = tables.markdown(tables.load(DOCS, name))
    assert table in (MODELS / name / "README.md").read_text()
