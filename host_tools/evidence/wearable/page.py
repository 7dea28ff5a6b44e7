"""The section of docs/evidence.md on the wearable set, and wearable.json.

An entry of wearable.json is a contender: its size, the headline's figures and `splits`, the result
of every split as `run` makes it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from host_tools.evidence.comparison import Result, counted, difference, paired, tied
from host_tools.evidence.markdown import spread, table
from host_tools.evidence.wearable import CONTIGUOUS, FOREST, SPLITS, figures
from host_tools.evidence.wearable.data import CLASSES, ROOMS
from host_tools.train import CONTEXT, RULER

Entries = dict[str, Result]
# Shares of lost events in the tables.
_SHOWN = {"0": "as it is", "0.5": "half lost"}
_OTHERS = (RULER, FOREST, "decay")

_SECTION = """\
## `wearable`: recordings that are irregular by nature

A sensor without a battery sends when it has gathered enough power, to whichever antenna reads it:
gaps reach from 0.02 s to 866 s, and nobody dropped these events
([`models/wearable`](../models/wearable/README.md)). Every event has a label, and every network
answers at every event, from that event and those before it.

- **Splits.** Whole recordings are trained on or tested on. The headline is *contiguous trials*:
  five folds, each of which tests a fifth of the trials of either room that follow each other. That
  is as near to new persons as the files allow, since they do not say whose they are.
  *Accelerations alone* are the same folds without antenna and signal strength, which can give away
  the place. *Random recordings* are five folds at random, so that a person may be on both sides.
  *F against M* trains on F and tests on M: one fold, {seeds} seeds.
- **Size.** At most {parameters:,} parameters, as many units as that allows; "half": half of them.
  The forest is that of `rivulet train`: 100 trees on statistics of the last 10 and 30 events; its
  size is its number of nodes, each of several numbers.
- **Inputs.** The same for all: the accelerations and the signal strength standardised, the
  antenna as four channels of which one is 1, and the logarithm of the gap. GRU and LSTM do without
  that, to show what time is worth. Every readout sees the event's inputs beside the state, and
  every state has seen the event. A GRU-D is a GRU whose state decays in a gap. The transformer has
  two layers, each over the last {context} events, whose scores fall with the logarithm of an
  event's age. The state space is diagonal like S5's, in two layers, without S5's search of
  settings. The LTC takes 3 unfolds an event.
- **Training.** {iterations} iterations of AdamW over batches of {batch} windows of {window}
  events; 70 % of them lose up to 60 % of their events. A class weighs its frequency to the power
  -0.5. The forest sees the events as they are, and once more with 30 % lost. There is no early
  stopping.
- **Tuning.** A learning rate of 0.01 or 0.003, the same two for every network: the better macro F1
  of two seeds after {trial_iterations} iterations, trained on three blocks of trials and scored on
  a fourth. The fifth, the first fold's test, had no part in it; the fourth is the second fold's
  test. The same rate is used on every split.
- **Scoring.** Macro F1, the mean of the four classes' F1, over all events of a fold's test, each
  recording from rest. Accuracy says little where two events of three are lying. *Half lost*: half
  of the test's events are lost at random, the same ones for every contender. ± is the standard
  deviation over folds.
- **Differences** are means of the differences fold by fold, ± their standard error; a difference
  below twice that is a tie, the others are **bold**. Five folds of 87 recordings are few: what is
  tied here may differ elsewhere. On F against M the error covers the seeds alone, not the choice
  of persons, and there is one forest.
- **Left out** to save time: what is not in the table of the other splits is on contiguous trials
  alone.

### Contiguous trials

{headline}
![Macro F1 of every contender by its number of parameters](evidence/wearable-parameters.svg)

![Macro F1 of some contenders by the share of events lost](evidence/wearable-losses.svg)

### Differences on contiguous trials

{differences}
### The other splits

Macro F1, and its difference to that of the {ruler}.

{splits}
### F1 of each class and room

Contiguous trials, nothing lost, the events of all five folds together. Room S2 has {rare:,}
events of `walking`: it ranks nobody there.

{classes}
### Ahead, tied and behind on `wearable`

The number of conditions (splits, as they are and half lost) in which a contender's macro F1 is
ahead of another's, tied with it, and behind it.

{standings}
### Goals of the cascade on `wearable`

On contiguous trials it should be level with the {ruler} and with the forest, or ahead, and ahead
of decay; as it is and with half of the events lost.

{goals}"""


def entries(found: dict[str, dict[str, Result]]) -> Entries:
    """Return the entries of wearable.json; found: {contender: {split: result}}."""
    made = {}
    for kind, splits in found.items():
        result = splits[CONTIGUOUS]
        made[kind] = {
            "units": result["units"],
            "parameters": result["parameters"],
            **{n: _rounded(np.mean(result[n]["0"])) for n in ("macro_f1", "accuracy")},
            "macro_f1_sd": _rounded(np.std(result["macro_f1"]["0"], ddof=1)),
            "splits": splits,
        }
    return made


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def section(found: Entries) -> str:
    setup = next(iter(found.values()))["splits"][CONTIGUOUS]["setup"]
    told = {
        "headline": table(headline(found)),
        "differences": table(_differences(found)),
        "splits": table(_splits(found)),
        "classes": table(_classes(found)),
        "rare": int(_pooled(found[FOREST])[1, -1].sum()),
        "standings": table(_standings(found)),
        "goals": table(_goals(found)),
    }
    return _SECTION.format(ruler=RULER, context=CONTEXT, **told, **setup)


def _values(entry: Result, share: str, split: str = CONTIGUOUS, name: str = "macro_f1") -> Any:
    return entry["splits"][split][name][share]


def headline(found: Entries) -> list[list[str]]:
    """Return the table of the split that counts."""
    shares = next(iter(found.values()))["splits"][CONTIGUOUS]["macro_f1"]
    lost = [f"{100 * float(share):.0f} % lost" for share in shares if share != "0"]
    head = ["kind", "units", "parameters", "learning rate", "accuracy", "macro F1"]
    rows = [[*head, *lost]]
    for kind, entry in found.items():
        result = entry["splits"][CONTIGUOUS]
        size = f"{entry['parameters']:,}" + (" nodes" if kind == FOREST else "")
        own = [str(result[name] or "-") for name in ("units", "learning_rate")]
        each = [spread(_values(entry, share)) for share in shares]
        told = f"{np.mean(_values(entry, '0', name='accuracy')):.3f}"
        rows.append([kind, own[0], size, own[1], told, *each])
    return rows


def _differences(found: Entries) -> list[list[str]]:
    heads = [f"{how}, minus {other}" for other in _OTHERS for how in _SHOWN.values()]
    rows = [["kind", *heads]]
    for kind, entry in found.items():
        each = [
            difference(*paired(_values(entry, s), _values(found[other], s)))
            if other != kind
            else "-"
            for other in _OTHERS
            for s in _SHOWN
        ]
        rows.append([kind, *each])
    return rows


def _splits(found: Entries) -> list[list[str]]:
    others = SPLITS[1:]
    rows = [["kind", *(f"{split}, {how}" for split in others for how in _SHOWN.values())]]
    for kind, entry in found.items():
        if not set(others) <= set(entry["splits"]):
            continue
        row = []
        for split in others:
            for share in _SHOWN:
                own, theirs = (_values(e, share, split) for e in (entry, found[RULER]))
                apart = "" if kind == RULER else f" ({difference(*_paired(own, theirs))})"
                row.append(spread(own) + apart)
        rows.append([kind, *row])
    return rows


def _paired(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Return the difference and its error; one forest stands for every seed of a network."""
    if len(ours) < len(theirs):
        apart, error = paired(theirs, ours)
        return -apart, error
    return paired(ours, theirs)


def _pooled(entry: Result) -> figures.Table:
    """Return the table of all folds together, nothing lost."""
    pooled: figures.Table = np.array(entry["splits"][CONTIGUOUS]["tables"]["0"]).sum(0)
    return pooled


def _classes(found: Entries) -> list[list[str]]:
    rows = [["kind", *(f"{room} {name}" for room in ROOMS for name in CLASSES)]]
    for kind, entry in found.items():
        rows.append([kind, *(f"{value:.3f}" for value in figures.f1(_pooled(entry)).flatten())])
    return rows


def _pairs(found: Entries, kind: str, other: str, splits: Iterable[str]) -> Any:
    return [
        _paired(_values(found[kind], share, split), _values(found[other], share, split))
        for split in splits
        if all(split in found[one]["splits"] for one in (kind, other))
        for share in _SHOWN
    ]


def _standings(found: Entries) -> list[list[str]]:
    rows = [["kind", "parameters", *(f"against {other}" for other in _OTHERS)]]
    for kind, entry in found.items():
        each = [
            counted(_pairs(found, kind, other, SPLITS)) if other != kind else "-"
            for other in _OTHERS
        ]
        rows.append([kind, f"{entry['parameters']:,}", *each])
    return rows


def _goals(found: Entries) -> list[list[str]]:
    level, ahead = (f"level with {RULER}", f"level with {FOREST}"), "ahead of decay"
    rows = [["kind", "parameters", *level, ahead]]
    for kind in (kind for kind in found if kind.startswith("cascade")):
        row = []
        for other in _OTHERS:
            pairs = _pairs(found, kind, other, SPLITS[:1])
            behind = any(apart < 0 and not tied(apart, error) for apart, error in pairs)
            leads = all(apart > 0 and not tied(apart, error) for apart, error in pairs)
            met = leads if other == "decay" else not behind
            row.append("yes" if met else "no")
        rows.append([kind, f"{found[kind]['parameters']:,}", *row])
    return rows
