"""docs/evidence-control.md says what the figures beside it say."""

import json
import re
from pathlib import Path

import pytest

from host_tools.controllers import tables
from host_tools.paths import DOCS


def stored() -> dict:
    return json.loads((DOCS / "evidence" / "control.json").read_text())


def test_the_page_is_that_of_its_figures(tmp_path: Path) -> None:
    content = stored()
    (tmp_path / "evidence").mkdir()
    tables.write(tmp_path, content["results"], content["setup"], 2000)
    written = (tmp_path / "evidence-control.md").read_text()
    machine = re.compile(r"on one thread of \S+")
    page = (DOCS / "evidence-control.md").read_text()
    assert machine.sub("", page) == machine.sub("", written)
    assert json.loads((tmp_path / "evidence" / "control.json").read_text()) == content


def test_every_controller_has_every_seed_and_condition() -> None:
    content = stored()
    for task, results in content["results"].items():
        seeds = content["setup"][task]["seeds"]
        first = next(iter(results.values()))
        for kind, result in results.items():
            assert result["returns"].keys() == first["returns"].keys(), kind
            assert all(len(values) == seeds for values in result["returns"].values())
            assert result.get("parameters", 0) <= 2000


@pytest.mark.parametrize(("kept", "said"), [(0.99, "met"), (0.9, "missed")])
def test_a_goal_is_met_or_missed(kept: float, said: str) -> None:
    clean = 500.0
    returns = {
        "0 % lost": [clean, clean],
        "50 % lost": [kept * clean, kept * clean],
        "70 % lost": [0.95 * clean] * 2,
    }
    text = tables._goals({"cascade": {"returns": returns}, "LQR": {"returns": returns}})
    assert f"- cascade: {100 * kept:.1f} % at 50 % ({said}), 95.0 % at 70 % (met)" in text
    assert "LQR" not in text


@pytest.mark.parametrize(
    ("steps", "error", "said"),
    [
        (1.04, 0.96, "hardly helps:"),
        (1.06, 1.04, "helps:"),
        (0.96, 0.94, "helps:"),
        (0.94, 0.96, "hardly helps and can harm:"),
        (1.06, 1.06, "helps and can harm:"),
    ],
)
def test_a_horizon_helps_or_hardly_does(steps: float, error: float, said: str) -> None:
    found = stored()["results"]
    for task, name, change in (("cartpole", "returns", steps), ("altitude", "errors", error)):
        columns = found[task]["decay"][name]
        ahead = {each: [change * value for value in values] for each, values in columns.items()}
        found[task] = {
            "decay": {name: columns},
            "decay, 20 ms ahead": {name: ahead, "horizon_ms": 20},
        }
    text = tables._horizons(found)
    assert f"Peeking ahead {said}" in text
    assert f"{100 * (steps - 1):+.1f} % (decay, 20 ms ahead, " in " ".join(text.split())
