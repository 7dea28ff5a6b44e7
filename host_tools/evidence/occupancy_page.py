"""The section of docs/evidence.md on the occupancy task; it needs no PyTorch."""

from host_tools.evidence.comparison import Result, difference, unpaired
from host_tools.evidence.markdown import spread, table

# Accuracies in the LTC paper: Hasani et al., AAAI 2021, table 3.
_PAPER = {"LTC": 0.9463, "CTRNN": 0.9454, "LSTM": 0.9318}
_BASE = "LTC"

_SECTION = """\
## Occupancy, a task of the LTC paper

Is anybody in the room? Temperature, humidity, light and CO2 once a minute, from the set "Occupancy
Detection" (UCI Machine Learning Repository, [DOI 10.24432/C5X01N](https://doi.org/10.24432/C5X01N),
CC BY 4.0). The data are not shipped: put its three files into a folder and run
`python -m host_tools.evidence.evidence --occupancy FOLDER`; without it the stored results stay.

After the paper's code: {units} units, windows of 16 samples, a label at every sample, the training
file to train on, and windows of both test files, one every eight samples, to test on. Different
from it: {iterations} iterations over batches of {batch} windows instead of 200 passes in batches
of 16, without a choice of the best pass; a learning rate of 0.01 or 0.003, by {trial_iterations}
iterations on nine tenths of the training file, scored on the rest, and then training on those nine
tenths; 3 unfolds instead of 6; a sample counts as one second. Samples are even, so time tells
nothing here. Accuracy over {seeds} seeds, ± their standard deviation.

{rows}"""


def section(found: dict[str, Result]) -> str:
    setup = next(iter(found.values()))["setup"]
    return _SECTION.format(rows=table(rows(found)), **setup)


def rows(found: dict[str, Result]) -> list[list[str]]:
    """Return the table."""
    made = [["kind", "parameters", "learning rate", "accuracy", f"minus {_BASE}", "in the paper"]]
    for kind, result in found.items():
        told = _PAPER.get(kind)
        apart = difference(*unpaired(result["accuracy"], found[_BASE]["accuracy"]))
        made.append(
            [
                *(kind, f"{result['parameters']:,}", str(result["learning_rate"])),
                *(spread(result["accuracy"]), "-" if kind == _BASE else apart),
                "-" if told is None else f"{told:.4f}",
            ]
        )
    return made
