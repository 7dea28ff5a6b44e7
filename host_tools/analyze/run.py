"""The analysis of a model file from end to end."""

from pathlib import Path

import numpy as np

from host_tools import files
from host_tools.analyze import closed_loop, loop_verdicts, samples, stability, utilisation
from host_tools.analyze.analysis import Analysis
from host_tools.analyze.dynamics import Dynamics
from host_tools.analyze.findings import find
from host_tools.analyze.report import write
from host_tools.choices import Late
from host_tools.plants import find as find_plant


def analyze(
    model: Path,
    events: Path | None = None,
    report: Path | None = None,
    late: Late = Late.refuse,
    plant: str | None = None,
) -> Analysis:
    """Analyse a model file along an EVENTS.csv, or under inputs drawn from its normalisation.

    late: what becomes of events whose time goes back; plant: the plant that the model controls,
    with which the loop is analysed as well.

    Writes a self-contained HTML page to `report` if given. Raises RivuletError.
    """
    if report is not None:
        files.check(report, (model, events))
    # Newton's method may try states where exp overflows; results are checked by their residuals.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        dynamics = Dynamics(model)
        loop = None if plant is None else closed_loop.close(dynamics, find_plant(plant))
        seen = samples.along(dynamics, events, late) if events else samples.drawn(dynamics)
        findings = find(model, dynamics, seen)
    verdicts = stability.verdicts(findings) + utilisation.verdicts(findings)
    if loop is not None:
        verdicts += loop_verdicts.verdicts(loop)
    made = Analysis(model, findings, verdicts, loop)
    if report is not None:
        write(made, report)
    return made
