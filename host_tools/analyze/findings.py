"""All computations of an analysis, in one pass."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from host_tools.analyze import contraction, equilibria, samples, signals, steps
from host_tools.analyze.dynamics import Dynamics, Floats
from host_tools.analyze.gates import read_gates
from host_tools.analyze.linearise import Linearisation, input_gain, linearise

# Constant inputs, beside the offsets, for which equilibria are searched, and the random starts of
# Newton's method for each.
_HELD_INPUTS = 12
_STARTS = 6
# States at which the dynamics are linearised: fewer for large models, whose Jacobians cost more.
_MOST_POINTS = 200
_LEAST_POINTS = 24
_EVALUATIONS = 8000
# Events over which two runs are compared.
_MOST_EVENTS = 20_000


@dataclass(frozen=True)
class Findings:
    """Results of an analysis; the parts document their own shapes and units.

    path_t_s (P,): times of the linearised samples, s. interval_multipliers: largest |mu|
    of the model's own step at rest, by its length in s. gain: (k, m), outputs per normalised unit
    of a held channel at rest, None without a stable rest at the offsets.
    """

    dynamics: Dynamics
    samples: samples.Samples
    rest: equilibria.Equilibria
    held: list[equilibria.Equilibria]
    path_t_s: Floats
    path: list[Linearisation]
    bound: contraction.Bound | None
    sampled: contraction.Sampled | None
    forgetting: contraction.Forgetting
    limits: list[steps.StepLimit]
    interval_multipliers: dict[float, float]
    neurons: list[signals.Neuron]
    channels: list[signals.Channel]
    outputs: list[signals.Output]
    stored: list[signals.Stored]
    gain: Floats | None


def find(model: Path, dynamics: Dynamics, seen: samples.Samples) -> Findings:
    """Analyse the model file `model`, loaded as `dynamics`, over the samples `seen`."""
    positive = seen.gaps_s[seen.gaps_s > 0.0]
    if seen.recorded and len(positive):
        dynamics.interval_s = float(np.median(positive))
    starts = equilibria.starting_points(seen.states, _STARTS)
    rest = equilibria.find(dynamics, dynamics.offset, starts)
    held = [
        equilibria.find(dynamics, seen.inputs[i], [seen.states[i], *starts])
        for i in seen.points(_HELD_INPUTS)
    ]
    count = int(np.clip(_EVALUATIONS // dynamics.hidden, _LEAST_POINTS, _MOST_POINTS))
    points = seen.points(count)
    path = [linearise(dynamics, seen.states[i], seen.inputs[i]) for i in points]
    gates = read_gates(model, dynamics)
    corner = gates.reach if gates else 1.5 * np.maximum(np.abs(seen.states).max(axis=0), 1e-3)
    calm = rest.points[0] if rest.points else None
    at = calm.state if calm else np.zeros(dynamics.hidden)
    inward, gain = input_gain(dynamics, at, dynamics.offset)
    stable = calm if calm is not None and calm.stable else None
    intervals = [dynamics.interval_s]
    if seen.recorded and len(positive):
        intervals.append(float(positive.max()))
    return Findings(
        dynamics,
        seen,
        rest,
        held,
        seen.t_s[points],
        path,
        contraction.bound(gates) if gates else None,
        contraction.sampled([one.matrix for one in path]) if dynamics.continuous else None,
        contraction.forgetting(
            dynamics, corner, seen.gaps_s[:_MOST_EVENTS], seen.driving[:_MOST_EVENTS]
        ),
        steps.limits(dynamics, stable, dynamics.offset) if stable else [],
        {h: steps.own_step(dynamics, stable, dynamics.offset, h) for h in intervals}
        if stable
        else {},
        signals.neurons(dynamics, seen),
        signals.channels(dynamics, seen, inward),
        signals.outputs(dynamics, seen),
        signals.stored(dynamics.settings, seen),
        gain if stable else None,
    )
