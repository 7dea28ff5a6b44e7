"""The loop of a model and a plant in words."""

import math

from host_tools.analyze.closed_loop import ClosedLoop
from host_tools.analyze.verdict import LOOP, Verdict, seconds

# Of textbooks: less is called a poor margin (Franklin, Powell and Emami-Naeini, section 6.4).
_PHASE_DEG, _GAIN = 30.0, 1.5


def verdicts(loop: ClosedLoop) -> list[Verdict]:
    """Return what there is to say of the loop."""
    every = f"deciding every {seconds(loop.period_s)}, every observation fresh"
    poles = loop.poles
    if not poles.stable:
        text = f"the loop with {loop.plant} is unstable ({every}): its poles reach "
        text += f"{poles.abscissa:+.3g}/s"
        return [Verdict(LOOP, "warning", text)]
    text = f"the loop with {loop.plant} is stable ({every}): it settles in "
    text += f"{seconds(poles.slowest_s)} (slowest pole)"
    if poles.oscillation is not None:
        text += ", its least damped poles at {:.3g} Hz with damping {:.2f}".format(
            *poles.oscillation
        )
    found = [Verdict(LOOP, "good", text)]
    each = zip(loop.observations, loop.rest, strict=True)
    rests = ", ".join(f"{name} {value:.3g}" for name, value in each)
    found.append(Verdict(LOOP, "note", f"it rests at {rests}"))
    return found + _margins(loop)


def _margins(loop: ClosedLoop) -> list[Verdict]:
    assert loop.gain is not None
    low, high = loop.gain
    ends = f"x{low:.2f}" if low else "0"
    ends += f" to x{high:.2f}" if math.isfinite(high) else " to any"
    poor = high < _GAIN or low > 1 / _GAIN
    found = [Verdict(LOOP, "warning" if poor else "good", f"gain margin: stable from {ends}")]
    if loop.phase is not None and loop.delay_s is not None:
        degrees, hz = loop.phase
        text = f"phase margin: {degrees:.0f} degrees at {hz:.2g} Hz; it bears "
        text += f"{seconds(loop.delay_s)} more delay"
        level = "warning" if degrees < _PHASE_DEG else "good"
        found.append(Verdict(LOOP, level, text))
    return found
