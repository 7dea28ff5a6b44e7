"""README claims no more than the evidence page: its figures are those of the stored results."""

import math
import re

import numpy as np
import pytest

from host_tools.evidence import comparison, tables
from host_tools.evidence.wearable import ACCELERATIONS, CONTIGUOUS, FOREST, RANDOM, SEXES
from host_tools.paths import DOCS, ROOT
from host_tools.train import RULER

_README = re.sub(r"\s+", " ", (ROOT / "README.md").read_text())
_CASCADES = ("cascade u", "cascade u, half", "cascade v", "cascade v, half")


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def test_the_lead_on_vowels_is_that_of_the_page() -> None:
    vowels = tables.load(DOCS, "vowels")
    ours, theirs = (vowels[kind]["accuracy"] for kind in ("cascade u, half", RULER))
    leads = [_mean(ours[f"drop {n} %"]) - _mean(theirs[f"drop {n} %"]) for n in (0, 30, 50)]
    told = f"{min(leads):.3f} to {max(leads):.3f} ahead of the GRU at up to 50 % dropped"
    assert told in _README


def test_a_small_cascade_and_a_large_gru_are_tied() -> None:
    vowels = tables.load(DOCS, tables.SIZES)["vowels"]
    small, large = vowels["cascade u"]["16"], vowels[RULER]["64"]
    assert comparison.tied(*comparison.unpaired(small["float"]["0"], large["float"]["0"]))
    one, other = (
        f"{result['parameters']:,} {{}}({_mean(result['float']['0']):.3f})"
        for result in (small, large)
    )
    told = f"a cascade of {one.format('parameters ')} is tied with a GRU of {other.format('')}"
    assert told in _README


def test_rounding_costs_no_more_than_is_said() -> None:
    worst = max(
        abs(_mean(result["float"][share]) - _mean(result["int8"][share]))
        for kinds in tables.load(DOCS, tables.SIZES).values()
        for sizes in kinds.values()
        for result in sizes.values()
        for share in ("0", "0.5")
    )
    assert f"move by at most {math.ceil(1000 * worst) / 1000:.3f}" in _README


@pytest.fixture(scope="module")
def entries() -> dict[str, comparison.Result]:
    return tables.load(DOCS, tables.WEARABLE)


def test_the_figures_on_wearable_are_those_of_the_page(entries) -> None:
    levels = [entries[kind]["macro_f1"] for kind in _CASCADES]
    for told in (
        f"macro F1 of the cascades is {min(levels):.3f} to {max(levels):.3f}",
        f"that of the GRU fed the gap is {entries[RULER]['macro_f1']:.3f}",
        f"a forest of {entries[FOREST]['parameters']:,} nodes {entries[FOREST]['macro_f1']:.3f}",
        f"The decay cell ({entries['decay']['macro_f1']:.3f})",
    ):
        assert told in _README


def test_what_is_called_tied_on_wearable_is_tied(entries) -> None:
    def compared(kind: str, other: str, share: str) -> tuple[float, float]:
        own, theirs = (
            entries[one]["splits"][CONTIGUOUS]["macro_f1"][share] for one in (kind, other)
        )
        return comparison.paired(own, theirs)

    for share in ("0", "0.5"):
        for kind in _CASCADES:
            for other in (RULER, FOREST, "decay"):
                assert comparison.tied(*compared(kind, other, share)), (kind, other, share)
        assert comparison.tied(*compared(RULER, FOREST, share))
        assert comparison.tied(*compared("decay", RULER, share))
        apart, error = compared("decay", FOREST, share)
        assert apart < 0 and not comparison.tied(apart, error)


def _apart(entries, other: str, split: str, share: str = "0", kind: str = "cascade u, half"):
    own, theirs = (entries[one]["splits"][split]["macro_f1"][share] for one in (kind, other))
    return comparison.paired(own, theirs)


def test_the_other_splits_are_those_of_the_page(entries) -> None:
    small = entries["cascade u, half"]
    kinds = ("cascade u, half", FOREST, "decay", RULER)
    levels = [f"{_mean(entries[k]['splits'][SEXES]['macro_f1']['0']):.3f}" for k in kinds]
    told = (
        "of {} parameters ({}) is ahead of the forest ({}), the decay cell ({}) and the GRU ({})"
    )
    assert told.format(f"{small['parameters']:,}", *levels) in _README
    for other in kinds[1:]:
        for split, sign in ((SEXES, 1), (RANDOM, -1)):
            if (split, other) == (RANDOM, RULER):
                continue
            apart, error = _apart(entries, other, split)
            assert sign * apart > 0 and not comparison.tied(apart, error)
    behind = [f"{-_apart(entries, other, RANDOM)[0]:.3f}" for other in (FOREST, "decay")]
    assert "forest is ahead of it by {} and the decay cell by {}".format(*behind) in _README
    for kind in ("cascade u", "cascade u, half", "cascade v"):
        for other in (RULER, FOREST, "decay"):
            for share in ("0", "0.5"):
                apart, error = _apart(entries, other, ACCELERATIONS, share, kind)
                assert apart < 0 or comparison.tied(apart, error)


def test_the_ltc_is_ahead_on_occupancy() -> None:
    found = tables.load(DOCS, tables.OCCUPANCY)
    kinds = ("LTC", "decay", "cascade u")
    level = [f"{_mean(found[kind]['accuracy']):.3f}" for kind in kinds]
    told = "the LTC ({}) is ahead of the decay cell ({}) and of the cascade ({})"
    assert told.format(*level) in _README
    for kind in kinds[1:]:
        apart, error = comparison.unpaired(found["LTC"]["accuracy"], found[kind]["accuracy"])
        assert apart > 0 and not comparison.tied(apart, error)
