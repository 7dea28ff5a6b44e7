"""The section of docs/evidence.md on size; it needs no PyTorch.

Results are {set: {kind: {units: result}}} as `sizes` makes them, units as text.
"""

from host_tools.evidence.comparison import Result
from host_tools.evidence.markdown import spread, table

Swept = dict[str, dict[str, dict[str, Result]]]

# The learning rate that each of these kinds chose on both sets.
RATE = 0.01
MEASURES = {"vowels": "accuracy", "wearable": "macro F1"}

_SECTION = """\
## Size: 8 to 64 units, float and int8

Three kinds of one size each, not of one number of parameters: a cascade's units are those of both
layers together, its rates depend on the inputs ("u"). Trained and scored as above, with a learning
rate of {rate:g} and the readout of the state; {seeds} seeds on `vowels`, the five folds of
contiguous trials on `wearable`. *int8* rounds weights, inputs and states to the grids of the
device's arithmetic, with no training for it. No board runs a GRU; it is rounded the same way.

{tables}
![Accuracy on vowels by the number of parameters](evidence/vowels-sizes.svg)

![Macro F1 on wearable by the number of parameters](evidence/wearable-sizes.svg)
"""


def section(found: Swept) -> str:
    setup = next(iter(next(iter(found["vowels"].values())).values()))["setup"]
    tables = "\n".join(
        f"`{name}`, {MEASURES[name]}:\n\n{table(rows(found[name]))}" for name in found
    )
    return _SECTION.format(rate=RATE, seeds=setup["vowels_seeds"], tables=tables)


def rows(kinds: dict[str, dict[str, Result]]) -> list[list[str]]:
    """Return the table of one set."""
    heads = [f"{form}, {how}" for how in ("as it is", "half lost") for form in ("float", "int8")]
    made = [["kind", "units", "parameters", *heads]]
    for kind, sizes in kinds.items():
        for units, result in sizes.items():
            each = [
                spread(result[form][share]) for share in ("0", "0.5") for form in ("float", "int8")
            ]
            made.append([kind, units, f"{result['parameters']:,}", *each])
    return made
