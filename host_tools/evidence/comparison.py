"""Compares results of the evidence: differences, ties, and the goals of the cascade.

Results are {set: {kind: result}} as `evidence` makes them; nothing here needs PyTorch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from host_tools.train import RULER

Result = dict[str, Any]
Found = dict[str, dict[str, Result]]

LIQUID = (
    *("decay", "decay, half", "cascade u", "cascade u, half", "cascade v", "cascade v, half"),
    *("LTC", "CfC", "CTRNN", "neural ODE"),
)
_OTHERS = (
    RULER,
    f"{RULER}, half",
    "decay",
    "decay, half",
)  # those that the liquid cells are counted against
_LEAST = 1e-9  # a difference of two equal means, with the rounding of their sums
_GOAL = 0.01  # the cascade's lead over the ruler on vowels
_GOAL_CONDITIONS = ("drop 0 %", "drop 30 %", "drop 50 %")


def preferred(found: Found) -> str | None:
    """Return the liquid cell with the best trials over all sets; None without a ruler."""
    kinds = set.intersection(*(set(results) for results in found.values()))
    liquid = [kind for kind in LIQUID if kind in kinds]
    if not liquid or RULER not in kinds:
        return None
    return max(liquid, key=lambda k: sum(max(r[k]["trials"].values()) for r in found.values()))


def differences(found: Found) -> list[list[str]]:
    """Return the table of differences in accuracy between the liquid cells and the ruler."""
    rows = [["set", "kind", *next(iter(found.values()))[RULER]["accuracy"]]]
    for dataset, results in found.items():
        for kind in (kind for kind in LIQUID if kind in results):
            pairs = _compared(results[kind], results[RULER])
            rows.append([dataset, kind, *(difference(*pair) for pair in pairs)])
    return rows


def standings(found: Found) -> list[list[str]]:
    """Return the table of conditions that each liquid cell wins, ties and loses."""
    rows = [["set", "kind", "parameters", *(f"against {other}" for other in _OTHERS)]]
    for dataset, results in found.items():
        for kind in (kind for kind in LIQUID if kind in results):
            counts = [_standing(results, kind, other) for other in _OTHERS]
            rows.append([dataset, kind, str(results[kind]["parameters"]), *counts])
    return rows


def _standing(results: dict[str, Result], kind: str, other: str) -> str:
    if other not in results or other == kind:
        return "-"
    return counted(_compared(results[kind], results[other]))


def counted(pairs: list[tuple[float, float]]) -> str:
    ahead = sum(apart > 0 and not tied(apart, error) for apart, error in pairs)
    ties = sum(tied(apart, error) for apart, error in pairs)
    return f"{ahead} ahead, {ties} tied, {len(pairs) - ahead - ties} behind"


def _compared(ours: Result, theirs: Result) -> list[tuple[float, float]]:
    """Return the difference of the means and its standard error in every condition."""
    return [unpaired(mine, theirs["accuracy"][name]) for name, mine in ours["accuracy"].items()]


def unpaired(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Return the difference of two means over seeds, and its standard error."""
    error = np.sqrt(sum(np.var(each, ddof=1) / len(each) for each in (ours, theirs)))
    return float(np.mean(ours) - np.mean(theirs)), float(error)


def tied(apart: float, error: float) -> bool:
    """Tell whether a difference is below twice its standard error; no difference is a tie."""
    return abs(apart) < 2 * error or abs(apart) < _LEAST


def paired(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Return the mean of the differences fold by fold, and its standard error.

    theirs: one value stands for every fold.
    """
    apart = np.array(ours) - np.array(theirs)
    error = np.std(apart, ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else np.inf
    return float(np.mean(apart)), float(error)


def difference(apart: float, error: float) -> str:
    """Return a difference and its error as a page shows them: bold unless it is a tie."""
    told = f"{round(apart, 3) + 0.0:+.3f} ± {error:.3f}"  # no -0.000
    return told if tied(apart, error) else f"**{told}**"


def goals(found: Found) -> list[list[str]]:
    """Return the table of the cascade's goals: the small cascades that are in every set."""
    kinds = [
        k
        for k in LIQUID
        if k.startswith("cascade")
        and k.endswith("half")
        and all(k in each for each in found.values())
    ]
    if not kinds or not all({RULER, "decay"} <= set(each) for each in found.values()):
        return []
    names = [name.removeprefix("drop ") for name in _GOAL_CONDITIONS]
    lead = f"ahead of {RULER} on vowels, {' / '.join(names)}"
    rows = [["kind", lead, "met", "against decay, all sets", "met"]]
    for kind in kinds:
        vowels = found["vowels"]
        leads = [
            float(np.mean(vowels[kind]["accuracy"][n]) - np.mean(vowels[RULER]["accuracy"][n]))
            for n in _GOAL_CONDITIONS
        ]
        pairs = [p for each in found.values() for p in _compared(each[kind], each["decay"])]
        ahead = sum(apart > 0 and not tied(apart, error) for apart, error in pairs)
        met = ["yes" if so else "no" for so in (min(leads) >= _GOAL, ahead == len(pairs))]
        told = " / ".join(f"{lead:+.4f}" for lead in leads)
        rows.append([kind, told, met[0], counted(pairs), met[1]])
    return rows


DEMO = "activity"  # the set of the demo's model, whose cell is the decay cell
_PLAYED = ("drop 30 %", "jitter")  # how the demo plays it


def demo(found: Found) -> tuple[list[list[str]], str]:
    """Return the table of all kinds against the demo's cell, and who is ahead as it is played."""
    results = found[DEMO]
    rows = [["kind", "parameters", "against decay", "ahead of decay at", "behind it at"]]
    better = []
    for kind, result in results.items():
        if kind == "decay":
            continue
        pairs = dict(zip(result["accuracy"], _compared(result, results["decay"]), strict=True))
        apart = {name: gap for name, (gap, error) in pairs.items() if not tied(gap, error)}
        ahead = [name for name, gap in apart.items() if gap > 0]
        behind = [name for name in apart if name not in ahead]
        if set(ahead) & set(_PLAYED):
            better.append(kind)
        told = [", ".join(names) or "-" for names in (ahead, behind)]
        rows.append([kind, str(result["parameters"]), counted(list(pairs.values())), *told])
    return rows, ", ".join(better) or "none"
