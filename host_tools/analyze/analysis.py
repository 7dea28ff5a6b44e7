"""What an analysis found, as lines for a person and as JSON for a program."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.analyze import equilibria
from host_tools.analyze.closed_loop import ClosedLoop
from host_tools.analyze.findings import Findings
from host_tools.analyze.verdict import SECTIONS, Verdict
from host_tools.project import policy_words
from rivulet.model import FORMAT


@dataclass(frozen=True)
class Analysis:
    """Verdicts in plain words, and the findings that they rest on."""

    model: Path
    findings: Findings
    verdicts: list[Verdict]
    loop: ClosedLoop | None = None

    @property
    def lines(self) -> list[str]:
        """The report as lines of text for a terminal."""
        dynamics = self.findings.dynamics
        settings = dynamics.settings
        found = [
            f"{self.model}: {settings['cell']}, {dynamics.hidden} units, "
            f"{len(dynamics.channels)} channels",
            f"analysed over: {self.findings.samples}",
        ]
        said = policy_words.lines(settings["policy"], settings["classes"])
        if len(said) > 1 or settings["format"] != FORMAT:
            # Not of the dynamics: what becomes of the outputs is not in these poles.
            found.append(f"policy, not analysed: {'; '.join(said)}")
        for section in SECTIONS:
            mine = [verdict for verdict in self.verdicts if verdict.section == section]
            if mine:
                found += ["", section]
                found += [f"  {verdict.mark} {verdict.text}" for verdict in mine]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as JSON values; infinite and unknown numbers are None."""
        found = self.findings
        path_poles = [point.poles for point in found.path]
        plain: dict[str, Any] = _plain(
            {
                "model": str(self.model),
                "cell": found.dynamics.settings["cell"],
                "hidden": found.dynamics.hidden,
                "continuous": found.dynamics.continuous,
                "recorded": found.samples.recorded,
                "source": found.samples.source,
                "events": len(found.samples.gaps_s),
                "late": found.samples.late,
                "verdicts": self.verdicts,
                "rest": _equilibria(found.rest),
                "held": [_equilibria(one) for one in found.held],
                "path": {
                    "t_s": found.path_t_s,
                    "abscissa": [poles.abscissa for poles in path_poles],
                    "fastest_s": [poles.fastest_s for poles in path_poles],
                    "slowest_s": [poles.slowest_s for poles in path_poles],
                    "oscillation": [poles.oscillation for poles in path_poles],
                },
                "contraction": {
                    "bound": found.bound,
                    "sampled": found.sampled,
                    "forgetting": found.forgetting,
                },
                "steps": [
                    {"integrator": one.integrator, "limit_s": one.limit_s, "trials": one.trials}
                    for one in found.limits
                ],
                "interval_multipliers": [
                    {"seconds": seconds, "multiplier": multiplier}
                    for seconds, multiplier in found.interval_multipliers.items()
                ],
                "neurons": found.neurons,
                "channels": found.channels,
                "outputs": found.outputs,
                "stored_tau": found.stored,
                "static_gain": found.gain,
            }
            | ({"closed_loop": _loop(self.loop)} if self.loop is not None else {})
        )
        return plain


def _loop(loop: ClosedLoop) -> dict[str, Any]:
    poles = [[pole.real, pole.imag] for pole in loop.poles.values]
    return dataclasses.asdict(loop) | {"poles": poles, "stable": loop.poles.stable}


def _equilibria(found: equilibria.Equilibria) -> dict[str, Any]:
    return {
        "inputs": found.inputs,
        "starts": found.starts,
        "failed": found.failed,
        "points": [
            {
                "state": point.state,
                "residual": point.residual,
                "stable": point.stable,
                "jacobian_error": point.near.error,
                "poles": [[pole.real, pole.imag] for pole in point.near.poles.values],
            }
            for point in found.points
        ],
    }


def _plain(value: Any) -> Any:
    """Convert dataclasses, arrays and numpy scalars to JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value
