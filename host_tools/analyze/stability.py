"""Verdicts on rest, poles, contraction and integration steps."""

from collections.abc import Iterator

import numpy as np

from host_tools.analyze.equilibria import Equilibria
from host_tools.analyze.findings import Findings
from host_tools.analyze.linearise import Linearisation, Poles
from host_tools.analyze.steps import FACTORS, StepLimit
from host_tools.analyze.verdict import CONTRACTION, PATH, REST, STEPS, Remark, Verdict, seconds

# Growth of a lightly damped pair per Euler step up to which no warning is given.
_GROWS = 1.01


def verdicts(found: Findings) -> list[Verdict]:
    """Return the verdicts on rest, poles, contraction and steps, in this order."""
    sections = {REST: _rest, PATH: _path, CONTRACTION: _contraction, STEPS: _steps}
    return [Verdict(name, *remark) for name, make in sections.items() for remark in make(found)]


def _poles(poles: Poles) -> str:
    text = f"poles decay in {seconds(poles.fastest_s)} (fastest) to {seconds(poles.slowest_s)}"
    if not poles.stable:
        text = f"grows at {poles.abscissa:+.3g} /s"
    if poles.oscillation:
        hertz, damping = poles.oscillation
        text += f"; least damped pair at {hertz:.3g} Hz with damping ratio {damping:.2f}"
    return text + f"; largest real part {poles.abscissa:+.3g} /s"


def _rest(found: Findings) -> Iterator[Remark]:
    dynamics, rest = found.dynamics, found.rest
    if not dynamics.continuous:
        text = (
            "this cell is a map from event to event, not a differential equation: rest and "
            f"poles are those of its step over {seconds(dynamics.interval_s)}"
        )
        yield "note", text
    if not rest.points:
        text = f"no equilibrium found from {rest.starts} starts with the channels at their offsets"
        if found.bound is None:
            text += ": the state may never settle"
        else:
            # A continuous flow that stays in a bounded convex box has an equilibrium in it.
            text += ". One exists, by Brouwer's theorem, but the search did not converge to it"
        yield "warning", text
    unit = " /s" if dynamics.continuous else ""
    for number, point in enumerate(rest.points, start=1):
        which = "the only equilibrium found" if len(rest.points) == 1 else f"equilibrium {number}"
        text = (
            f"channels at their offsets, {which} from {rest.starts} starts is "
            f"{'stable' if point.stable else 'unstable'}: {_poles(point.near.poles)} (residual "
            f"{point.residual:.1g}{unit}, Jacobian within {point.near.error:.1g})"
        )
        yield "good" if point.stable else "warning", text
    stable = sum(point.stable for point in rest.points)
    if stable > 1:
        text = f"{stable} stable equilibria at the offsets: the rest state depends on past inputs"
        yield "warning", text
    yield from _held(found.held)


def _held(held: list[Equilibria]) -> Iterator[Remark]:
    single = sum(len(one.points) == 1 and one.points[0].stable for one in held)
    several = sum(sum(point.stable for point in one.points) > 1 for one in held)
    none = sum(not any(point.stable for point in one.points) for one in held)
    reached = [point for one in held for point in one.points if point.stable]
    if reached:
        slowest = max(point.near.poles.slowest_s for point in reached)
        residual = max(point.residual for point in reached)
        text = (
            f"{single} of {len(held)} constant inputs have exactly one equilibrium, which is "
            f"stable; slowest pole {seconds(slowest)}, residuals up to {residual:.1g}"
        )
        yield "good" if single == len(held) else "note", text
    if several:
        text = f"{several} of {len(held)} constant inputs have several stable equilibria"
        yield "warning", text + ": the outputs then depend on past inputs"
    if none:
        text = f"no stable equilibrium found for {none} of {len(held)} constant inputs"
        yield "warning", text + ": the state may oscillate under them"


def _path(found: Findings) -> Iterator[Remark]:
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
        text += f", median slowest {seconds(float(np.median(slow)))} where all poles decay"
    turning = [one.oscillation[0] for one in poles if one.oscillation]
    if turning:
        text += f", least damped pairs at {min(turning):.3g} to {max(turning):.3g} Hz"
    yield "good" if not growing else "note", text
    if growing:
        text = (
            f"a real part is positive at {growing:.0%} of them: nearby states diverge there for a "
            "moment. Poles at single instants do not decide stability while inputs vary; the "
            "average under Contraction does"
        )
        yield "note", text


def _contraction(found: Findings) -> Iterator[Remark]:
    bound, sampled, over = found.bound, found.sampled, found.forgetting
    if bound is None:
        text = (
            "no bound for all inputs: the bound needs rates between alpha_min and alpha_max and a "
            f"tanh drive, which a {found.dynamics.settings['cell']} cell does not have"
        )
        yield "note", text
    elif found.dynamics.settings["cell"] == "cascade":
        text = (
            "proved for every input and whatever the weights: no layer's rates or targets depend "
            "on its own state, so each layer forgets at least as fast as exp(-alpha_min t) once "
            "the one below agrees. Any two runs converge at least as fast as "
            f"exp({bound.rate:.3g} t), t in s, in a weighted maximum norm, and so do the board's "
            "steps of any length. "
            "Each constant input has one equilibrium, which attracts every state"
        )
        yield "good", text
    elif bound.rate < 0.0:
        text = (
            f"proved for every input: any two runs converge at least as fast as "
            f"exp({bound.rate:.3g} t), t in s, in a weighted maximum norm. Each constant input "
            "has one equilibrium, which attracts every state (contraction theorem, for the "
            "differential equation; short steps follow it closely)"
        )
        yield "good", text
    else:
        why = (
            f"its drive's recurrent weights sum to {bound.recurrent:.3g}; the bound needs below 1"
            if bound.recurrent >= 1.0
            else "its rate depends too strongly on the state"
        )
        text = (
            f"not proved for every input: the bound from alpha's limits allows growth up to "
            f"{bound.rate:+.3g} /s, set by neuron {bound.worst} ({why}). The bound is "
            "conservative: this does not mean the model is unstable"
        )
        yield "note", text
    if sampled is not None:
        text = (
            f"at {len(sampled.values)} sampled points, in {sampled.norm}: worst "
            f"{sampled.worst:+.3g} /s, mean {sampled.mean:+.3g} /s"
        )
        level = "good" if sampled.worst < 0.0 else "note"
        calm = sampled.worst < 0.0
        text += ": contracting at all of them" if calm else ", in the best norm tried"
        yield level, text + " (sampled, not a proof)"
    text = f"measured on these events ({seconds(over.total_s)} long): a small disturbance "
    if over.exponent < 0.0:
        text += f"shrinks on average as exp(-t / {seconds(-1.0 / over.exponent)})"
    else:
        text += f"grows on average at {over.exponent:+.3g} /s: the initial state is not forgotten"
    yield "good" if over.exponent < 0.0 else "warning", text
    if over.seconds is not None:
        text = (
            f"two runs from opposite corners of the state space agree within {over.share:.0%} "
            f"after {seconds(over.seconds)}: allow that long after a cold start"
        )
        yield "good", text
    else:
        text = "two runs from opposite corners of the state space "
        text += (
            f"still differ by {over.left:.1%} at the end of the events"
            if np.isfinite(over.left)
            else "diverge"
        )
        yield "warning", text


def _steps(found: Findings) -> Iterator[Remark]:
    if not found.interval_multipliers:
        yield "warning", "no stable equilibrium at the offsets: no step is stable there"
        return
    for length, multiplier in found.interval_multipliers.items():
        text = (
            f"the board's step over {seconds(length)} multiplies a disturbance at rest by at most "
            f"{multiplier:.3g}"
        )
        yield "good" if multiplier < 1.0 else "warning", text
    for limit in found.limits:
        yield _limit(found, limit)
    if not found.limits:
        cell = found.dynamics.settings["cell"]
        text = f"a {cell} cell has its own update rule: no other integrator applies"
        yield "note", text


def _limit(found: Findings, limit: StepLimit) -> Remark:
    dynamics, name = found.dynamics, limit.integrator
    own = name == dynamics.settings.get("integrator") or dynamics.settings["cell"] == "node"
    finite = np.isfinite(limit.limit_s)
    longest = f"every step up to {seconds(float(limit.curve[0, -1]))}"
    text = f"{name}{' (this model)' if own else ''}: stable at rest for "
    text += (
        f"steps below {seconds(limit.limit_s)}" if finite else f"{longest}, the longest searched"
    )
    factors = ", ".join(
        f"{trial.measured:.3f} a step at {seconds(trial.seconds)}" for trial in limit.trials
    )
    text += f"; simulated: a disturbance changes by {factors}"
    # The others stand there to compare with: nothing of theirs is a warning.
    worst = "warning" if own else "note"
    level = "good" if limit.confirmed else worst
    if not limit.confirmed:
        text += ", which differs from the linearisation"
    if name in ("euler", "rk4"):
        longest = 1.0 / dynamics.cell.alpha_max
        left = max(_left(name, longest, point) for point in found.path)
        text += (
            f". The board's sub-steps are at most {seconds(longest)} (1/alpha_max) and multiply "
            f"decaying modes along the path by at most {left:.3f}"
        )
        if longest >= limit.limit_s or left > _GROWS:
            text += ": too long"
            level = worst
    elif name != "implicit_euler":
        text += (
            f". With frozen gates any step is stable; with varying gates the longest step "
            f"multiplies a disturbance by {limit.curve[1, -1]:.3g}"
        )
    return level, text


def _left(name: str, length: float, point: Linearisation) -> float:
    """The largest |mu| of a step of `length` over the poles that decay at this point."""
    decaying = point.poles.values[point.poles.values.real < 0.0]
    return float(np.abs(FACTORS[name](length * decaying)).max()) if len(decaying) else 0.0
