"""What the findings say about rest, poles, contraction and steps."""

import numpy as np

from host_tools.analyze.equilibria import Equilibria
from host_tools.analyze.findings import Findings
from host_tools.analyze.linearise import Linearisation, Poles
from host_tools.analyze.steps import FACTORS, StepLimit
from host_tools.analyze.verdict import CONTRACTION, PATH, REST, STEPS, Verdict, seconds

# A lightly damped pair that Euler lets grow by less than this a step is no instability of note.
_GROWS = 1.01


def verdicts(found: Findings) -> list[Verdict]:
    return [*_rest(found), *_path(found), *_contraction(found), *_steps(found)]


def _poles(poles: Poles) -> str:
    text = f"poles decay in {seconds(poles.fastest_s)} (fastest) to {seconds(poles.slowest_s)}"
    if not poles.stable:
        text = f"grows at {poles.abscissa:+.3g} /s"
    if poles.oscillation:
        hertz, damping = poles.oscillation
        text += f"; least damped pair at {hertz:.3g} Hz with damping ratio {damping:.2f}"
    return text + f"; largest real part {poles.abscissa:+.3g} /s"


def _rest(found: Findings) -> list[Verdict]:
    dynamics, rest = found.dynamics, found.rest
    made = []
    if not dynamics.continuous:
        made.append(
            Verdict(
                REST,
                "note",
                "this cell is a map from event to event, not a differential equation: rest and "
                f"poles are those of its step over {seconds(dynamics.interval_s)}",
            )
        )
    if not rest.points:
        text = f"no equilibrium found from {rest.starts} starts with the channels at their offsets"
        if found.bound is None:
            text += ": it may never come to rest"
        else:
            # A continuous flow that stays in a convex and bounded box rests somewhere in it.
            text += ". There is one, by Brouwer's theorem, but the search was not drawn to it"
        return [*made, Verdict(REST, "warning", text), *_held(found.held)]
    unit = " /s" if dynamics.continuous else ""
    for number, point in enumerate(rest.points, start=1):
        which = "the only equilibrium found" if len(rest.points) == 1 else f"equilibrium {number}"
        text = (
            f"channels at their offsets, {which} from {rest.starts} starts is "
            f"{'stable' if point.stable else 'unstable'}: {_poles(point.near.poles)} (residual "
            f"{point.residual:.1g}{unit}, Jacobian within {point.near.error:.1g})"
        )
        made.append(Verdict(REST, "good" if point.stable else "warning", text))
    stable = sum(point.stable for point in rest.points)
    if stable > 1:
        text = f"{stable} stable equilibria at the offsets: where it rests depends on its past"
        made.append(Verdict(REST, "warning", text))
    return [*made, *_held(found.held)]


def _held(held: list[Equilibria]) -> list[Verdict]:
    single = sum(len(one.points) == 1 and one.points[0].stable for one in held)
    several = sum(sum(point.stable for point in one.points) > 1 for one in held)
    none = sum(not any(point.stable for point in one.points) for one in held)
    made = []
    reached = [point for one in held for point in one.points if point.stable]
    if reached:
        slowest = max(point.near.poles.slowest_s for point in reached)
        residual = max(point.residual for point in reached)
        text = (
            f"held at {len(held)} of the inputs: exactly one equilibrium found, a stable one, at "
            f"{single} of them; slowest pole {seconds(slowest)}, residuals up to {residual:.1g}"
        )
        made.append(Verdict(REST, "good" if single == len(held) else "note", text))
    if several:
        text = f"several stable equilibria at {several} of {len(held)} held inputs"
        made.append(Verdict(REST, "warning", text + ": what it says then depends on its past"))
    if none:
        text = f"no stable equilibrium found at {none} of {len(held)} held inputs"
        made.append(Verdict(REST, "warning", text + ": it may oscillate while nothing changes"))
    return made


def _path(found: Findings) -> list[Verdict]:
    poles = [point.poles for point in found.path]
    abscissa = np.array([one.abscissa for one in poles])
    growing = float(np.mean([one.grows for one in poles]))
    fastest = min(one.fastest_s for one in poles)
    text = (
        f"at {len(poles)} points the largest real part is {abscissa.min():+.3g} to "
        f"{abscissa.max():+.3g} /s, median {np.median(abscissa):+.3g}; fastest pole "
        f"{seconds(fastest)}"
    )
    slow = [one.slowest_s for one in poles if one.stable]
    if slow:
        text += f", slowest {seconds(float(np.median(slow)))} in the median where all decay"
    turning = [one.oscillation[0] for one in poles if one.oscillation]
    if turning:
        text += f", least damped pairs at {min(turning):.3g} to {max(turning):.3g} Hz"
    made = [Verdict(PATH, "good" if not growing else "note", text)]
    if growing:
        text = (
            f"a real part is positive at {growing:.0%} of them: two nearby states part there for "
            "the moment. Poles at frozen instants decide nothing while the inputs move; the "
            "average below does"
        )
        made.append(Verdict(PATH, "note", text))
    return made


def _contraction(found: Findings) -> list[Verdict]:
    made = []
    bound, sampled, over = found.bound, found.sampled, found.forgetting
    if bound is None:
        text = (
            "no bound for all inputs: it needs rates between alpha_min and alpha_max and a drive "
            f"through tanh, and this is a cell of another kind ({found.dynamics.settings['cell']})"
        )
        made.append(Verdict(CONTRACTION, "note", text))
    elif bound.rate < 0.0:
        text = (
            f"proved for every input: any two runs approach each other at least as "
            f"exp({bound.rate:.3g} t), t in s, in a weighted maximum norm, so that there is one "
            "equilibrium for each held input and it attracts everything (contraction theorem, "
            "for the differential equation; steps follow it as closely as they are short)"
        )
        made.append(Verdict(CONTRACTION, "good", text))
    else:
        why = (
            f"its drive's recurrent weights sum to {bound.recurrent:.3g}, and below 1 is needed"
            if bound.recurrent >= 1.0
            else "its rate depends too strongly on the state"
        )
        text = (
            f"not proved for every input: the bound from alpha's limits allows growth up to "
            f"{bound.rate:+.3g} /s, because of neuron {bound.worst} ({why}). The bound is "
            "conservative: this is no sign of instability"
        )
        made.append(Verdict(CONTRACTION, "note", text))
    if sampled is not None:
        text = (
            f"at the {len(sampled.values)} points looked at, in {sampled.norm}: worst "
            f"{sampled.worst:+.3g} /s, mean {sampled.mean:+.3g} /s"
        )
        level = "good" if sampled.worst < 0.0 else "note"
        calm = sampled.worst < 0.0
        text += ": contracting at all of them" if calm else ", in the best of the norms tried"
        made.append(Verdict(CONTRACTION, level, text + " (sampled, not a proof)"))
    text = f"measured on these events ({seconds(over.total_s)} long): a small disturbance "
    if over.exponent < 0.0:
        text += f"shrinks on average as exp(-t / {seconds(-1.0 / over.exponent)})"
    else:
        text += f"grows on average at {over.exponent:+.3g} /s: a run does not forget its start"
    made.append(Verdict(CONTRACTION, "good" if over.exponent < 0.0 else "warning", text))
    if over.seconds is not None:
        text = (
            f"started in opposite corners of its states, it agrees with itself within "
            f"{over.share:.0%} after {seconds(over.seconds)}: allow that long after a cold start"
        )
        made.append(Verdict(CONTRACTION, "good", text))
    else:
        text = "started in opposite corners of its states it "
        text += (
            f"still differs by {over.left:.1%} at the end of the events"
            if np.isfinite(over.left)
            else "diverges"
        )
        made.append(Verdict(CONTRACTION, "warning", text))
    return made


def _steps(found: Findings) -> list[Verdict]:
    if not found.interval_multipliers:
        return [
            Verdict(STEPS, "warning", "no stable rest at the offsets: no step is stable there")
        ]
    made = []
    for length, multiplier in found.interval_multipliers.items():
        text = (
            f"the board's own step over {seconds(length)} leaves at most {multiplier:.3g} of a "
            "disturbance at rest"
        )
        made.append(Verdict(STEPS, "good" if multiplier < 1.0 else "warning", text))
    for limit in found.limits:
        made.append(_limit(found, limit))
    if not found.limits:
        cell = found.dynamics.settings["cell"]
        text = f"cells of this kind ({cell}) bring their own step: no other integrator moves them"
        made.append(Verdict(STEPS, "note", text))
    return made


def _limit(found: Findings, limit: StepLimit) -> Verdict:
    dynamics, name = found.dynamics, limit.integrator
    own = name == dynamics.settings.get("integrator") or dynamics.settings["cell"] == "node"
    finite = np.isfinite(limit.limit_s)
    longest = f"every step up to {seconds(float(limit.curve[0, -1]))}"
    text = f"{name}{' (this model)' if own else ''}: stable at rest for "
    text += f"steps below {seconds(limit.limit_s)}" if finite else f"{longest} that was searched"
    factors = ", ".join(
        f"{trial.measured:.3f} a step at {seconds(trial.seconds)}" for trial in limit.trials
    )
    text += f"; simulated: a disturbance changes by {factors}"
    level = "good" if limit.confirmed else "warning"
    if not limit.confirmed:
        text += ", which is not what the linearisation predicts"
    if name in ("euler", "rk4"):
        longest = 1.0 / dynamics.cell.alpha_max
        left = max(_left(name, longest, point) for point in found.path)
        text += (
            f". The board's sub-steps are at most {seconds(longest)} (1/alpha_max) and leave at "
            f"most {left:.3f} of what decays along the way"
        )
        if longest >= limit.limit_s or left > _GROWS:
            text += ": too long"
            level = "warning" if own else "note"
    elif name != "implicit_euler":
        text += (
            f". With frozen gates any step is stable; with moving ones the longest leave "
            f"{limit.curve[1, -1]:.3g}"
        )
    return Verdict(STEPS, level, text)


def _left(name: str, length: float, point: Linearisation) -> float:
    """The largest |mu| of a step of `length` over the poles that decay at this point."""
    decaying = point.poles.values[point.poles.values.real < 0.0]
    return float(np.abs(FACTORS[name](length * decaying)).max()) if len(decaying) else 0.0
