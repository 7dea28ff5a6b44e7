"""What the findings say about time constants, channels and outputs."""

import math

import numpy as np

from host_tools.analyze.findings import Findings
from host_tools.analyze.signals import Channel
from host_tools.analyze.verdict import CHANNELS, OUTPUTS, TAU, Verdict, names, seconds

# Shares from which on something is said: a neuron at its highest rate, a gate pinned, values cut
# off at a rail or beyond the range that training saw.
_OFTEN = 0.5
_RAIL = 0.01
_OUTSIDE = 0.05
# A tau this many times away from that of training deserves a look.
_FAR = 2.0
# An influence below this part of the strongest channel's is none.
_DEAF = 1e-3


def verdicts(found: Findings) -> list[Verdict]:
    return [*_tau(found), *_channels(found), *_outputs(found)]


def _tau(found: Findings) -> list[Verdict]:
    neurons = found.neurons
    medians = [neuron.tau_s[2] for neuron in neurons]
    text = (
        f"{seconds(min(n.tau_s[0] for n in neurons))} to "
        f"{seconds(max(n.tau_s[4] for n in neurons))} over all neurons; medians "
        f"{seconds(min(medians))} to {seconds(max(medians))}"
    )
    made = [Verdict(TAU, "note", text)]
    still = [str(neuron.number) for neuron in neurons if not neuron.changes]
    if found.dynamics.settings["cell"] == "ctrnn":
        made.append(Verdict(TAU, "note", "fixed by training: a ctrnn's do not move"))
    elif still:
        text = f"{len(still)} of {len(neurons)} neurons never change theirs: {names(still)}"
        made.append(Verdict(TAU, "warning", text))
    else:
        ratio = np.median([neuron.tau_s[3] / neuron.tau_s[1] for neuron in neurons])
        text = f"every neuron's moves; in the middle one by a factor of {ratio:.3g} (5 to 95 %)"
        made.append(Verdict(TAU, "good", text))
    fast = [str(n.number) for n in neurons if n.at_highest is not None and n.at_highest > _OFTEN]
    if fast and found.dynamics.settings["cell"] != "ctrnn":
        text = f"at alpha_max most of the time: {names(fast)}; a higher alpha_max would be used"
        made.append(Verdict(TAU, "warning", text))
    pinned = [str(n.number) for n in neurons if n.pinned is not None and n.pinned > _OFTEN]
    if pinned:
        text = f"drive pinned at +-1 (|g| > 0.99) most of the time: {names(pinned)}"
        # Drawn inputs reach the corners of their box, where gates are meant to be pinned.
        made.append(Verdict(TAU, "warning" if found.samples.recorded else "note", text))
    return [*made, *_stored(found)]


def _stored(found: Findings) -> list[Verdict]:
    if not found.stored:
        text = "the model file stores none of training to compare with (provenance tau_s)"
        return [Verdict(TAU, "note", text)]
    made = []
    for entry in found.stored:
        ratio = entry.here_s / entry.trained_s
        far = np.flatnonzero(np.abs(np.log(ratio)) > math.log(_FAR))
        text = (
            f"{entry.quantile:.0%} quantile against training: {np.median(ratio):.2f} times as "
            f"long in the middle neuron, {ratio.min():.2f} to {ratio.max():.2f} over all"
        )
        if len(far):
            text += f"; beyond a factor of {_FAR:g}: {names([str(i) for i in far])}"
        level = (
            "warning" if len(far) and found.samples.recorded else "note" if len(far) else "good"
        )
        made.append(Verdict(TAU, level, text))
    return made


def _channels(found: Findings) -> list[Verdict]:
    made = []
    strongest = max(channel.influence for channel in found.channels)
    for channel in found.channels:
        if channel.influence <= _DEAF * strongest:
            text = (
                f"{channel.name} hardly matters at rest: it moves the state "
                f"{channel.influence / strongest if strongest else 0.0:.1g} times as much as the "
                "strongest channel"
            )
            made.append(Verdict(CHANNELS, "warning", text))
        if found.samples.recorded:
            made += _recorded(channel)
    if not found.samples.recorded:
        text = "saturation and standstill are seen on a recording only: give --events"
        made.append(Verdict(CHANNELS, "note", text))
    elif not any(verdict.level == "warning" for verdict in made):
        text = f"all {len(found.channels)} move, none is cut off at a rail"
        made.append(Verdict(CHANNELS, "good", text))
    if found.gain is not None:
        row, column = np.unravel_index(np.abs(found.gain).argmax(), found.gain.shape)
        text = (
            f"largest static gain at rest: one normalised unit of "
            f"{found.channels[int(column)].name}, held, moves {found.outputs[int(row)].name} by "
            f"{found.gain[row, column]:+.3g}"
        )
        made.append(Verdict(CHANNELS, "note", text))
    return made


def _recorded(channel: Channel) -> list[Verdict]:
    made = []
    unit = f" {channel.unit}" if channel.unit else ""
    if not channel.carried:
        text = f"{channel.name} is never carried: it stays at its offset"
        made.append(Verdict(CHANNELS, "warning", text))
    elif not channel.moves:
        text = f"{channel.name} never moves: {channel.low:g}{unit} in all {channel.carried} values"
        made.append(Verdict(CHANNELS, "warning", text))
    if channel.rail_share >= _RAIL:
        text = (
            f"{channel.name} saturates: {channel.rail_share:.1%} of its values sit at an end of "
            f"its range, {channel.low:g} to {channel.high:g}{unit}"
        )
        made.append(Verdict(CHANNELS, "warning", text))
    if channel.outside > _OUTSIDE:
        text = (
            f"{channel.name} is beyond +-3 normalised units in {channel.outside:.1%} of its "
            "values: more than training is likely to have seen"
        )
        made.append(Verdict(CHANNELS, "warning", text))
    return made


def _outputs(found: Findings) -> list[Verdict]:
    made = []
    still = [output.name for output in found.outputs if not output.changes]
    if still:
        made.append(Verdict(OUTPUTS, "warning", f"never change: {names(still)}"))
    else:
        text = "all change: " + ", ".join(
            f"{output.name} {output.low:.3g} to {output.high:.3g}" for output in found.outputs
        )
        made.append(Verdict(OUTPUTS, "good", text))
    decided = [output for output in found.outputs if output.decided is not None]
    never = [output.name for output in decided if not output.decided]
    if never and found.samples.recorded:
        made.append(Verdict(OUTPUTS, "warning", f"never the highest score: {names(never)}"))
    if decided and found.samples.recorded:
        text = "highest score: " + ", ".join(
            f"{output.name} {output.decided:.0%}" for output in decided
        )
        made.append(Verdict(OUTPUTS, "note", text))
    return made
