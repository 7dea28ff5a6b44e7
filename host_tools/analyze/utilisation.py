"""Verdicts on time constants, channels and outputs."""

import math

import numpy as np

from host_tools.analyze.findings import Findings
from host_tools.analyze.signals import Channel
from host_tools.analyze.verdict import CHANNELS, OUTPUTS, TAU, Verdict, names, seconds

# Thresholds of a remark, as shares of the samples: a neuron at its highest rate or with a
# saturated gate, values at a rail, values beyond +-3 normalised units.
_OFTEN = 0.5
_RAIL = 0.01
_OUTSIDE = 0.05
# A tau that differs from training by more than this factor gives a warning.
_FAR = 2.0
# Influences below this part of the strongest channel's count as none.
_DEAF = 1e-3


def verdicts(found: Findings) -> list[Verdict]:
    """Return the verdicts on time constants, channels and outputs, in this order."""
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
        made.append(Verdict(TAU, "note", "a ctrnn's time constants are fixed by training"))
    elif still:
        text = f"τ is constant in {len(still)} of {len(neurons)} neurons: {names(still)}"
        made.append(Verdict(TAU, "warning", text))
    else:
        ratio = np.median([neuron.tau_s[3] / neuron.tau_s[1] for neuron in neurons])
        text = f"τ varies in every neuron; median ratio of its 95 to its 5 % quantile: {ratio:.3g}"
        made.append(Verdict(TAU, "good", text))
    fast = [str(n.number) for n in neurons if n.at_highest is not None and n.at_highest > _OFTEN]
    if fast and found.dynamics.settings["cell"] != "ctrnn":
        text = (
            f"neurons with α at alpha_max most of the time: {names(fast)}; a higher alpha_max "
            "would change the model"
        )
        made.append(Verdict(TAU, "warning", text))
    pinned = [str(n.number) for n in neurons if n.pinned is not None and n.pinned > _OFTEN]
    if pinned:
        text = f"neurons with a saturated drive (|g| > 0.99) most of the time: {names(pinned)}"
        # Drawn inputs reach the corners of their box, where gates are meant to be pinned.
        made.append(Verdict(TAU, "warning" if found.samples.recorded else "note", text))
    return [*made, *_stored(found)]


def _stored(found: Findings) -> list[Verdict]:
    if not found.stored:
        text = "the model file stores no τ of training to compare with (provenance tau_s)"
        return [Verdict(TAU, "note", text)]
    made = []
    for entry in found.stored:
        ratio = entry.here_s / entry.trained_s
        far = np.flatnonzero(np.abs(np.log(ratio)) > math.log(_FAR))
        text = (
            f"{entry.quantile:.0%} quantile of τ, as a ratio to training's: median "
            f"{np.median(ratio):.2f} over the neurons, range {ratio.min():.2f} to "
            f"{ratio.max():.2f}"
        )
        if len(far):
            text += f"; neurons beyond a factor of {_FAR:g}: {names([str(i) for i in far])}"
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
                f"{channel.name} has almost no influence at rest: "
                f"{channel.influence / strongest if strongest else 0.0:.1g} of the strongest "
                "channel's"
            )
            made.append(Verdict(CHANNELS, "warning", text))
        if found.samples.recorded:
            made += _recorded(channel)
    if not found.samples.recorded:
        text = "saturated and constant channels show in a recording only: give --events"
        made.append(Verdict(CHANNELS, "note", text))
    elif not any(verdict.level == "warning" for verdict in made):
        text = f"all {len(found.channels)} channels vary, none saturates"
        made.append(Verdict(CHANNELS, "good", text))
    if found.gain is not None:
        row, column = np.unravel_index(np.abs(found.gain).argmax(), found.gain.shape)
        text = (
            f"largest static gain at rest: {found.gain[row, column]:+.3g} in "
            f"{found.outputs[int(row)].name} for one normalised unit of "
            f"{found.channels[int(column)].name}"
        )
        made.append(Verdict(CHANNELS, "note", text))
    return made


def _recorded(channel: Channel) -> list[Verdict]:
    made = []
    unit = f" {channel.unit}" if channel.unit else ""
    if not channel.carried:
        text = f"no event carries {channel.name}: it stays at its offset"
        made.append(Verdict(CHANNELS, "warning", text))
    elif not channel.moves:
        text = f"{channel.name} is constant: {channel.low:g}{unit} in all {channel.carried} values"
        made.append(Verdict(CHANNELS, "warning", text))
    if channel.rail_share >= _RAIL:
        text = (
            f"{channel.name} saturates: {channel.rail_share:.1%} of its values are at an end of "
            f"its range, {channel.low:g} to {channel.high:g}{unit}"
        )
        made.append(Verdict(CHANNELS, "warning", text))
    if channel.outside > _OUTSIDE:
        text = (
            f"{channel.name} is outside +-3 normalised units in {channel.outside:.1%} of its "
            "values: training has probably not seen such values"
        )
        made.append(Verdict(CHANNELS, "warning", text))
    return made


def _outputs(found: Findings) -> list[Verdict]:
    made = []
    still = [output.name for output in found.outputs if not output.changes]
    if still:
        made.append(Verdict(OUTPUTS, "warning", f"constant outputs: {names(still)}"))
    else:
        text = "every output varies: " + ", ".join(
            f"{output.name} {output.low:.3g} to {output.high:.3g}" for output in found.outputs
        )
        made.append(Verdict(OUTPUTS, "good", text))
    decided = [output for output in found.outputs if output.decided is not None]
    never = [output.name for output in decided if not output.decided]
    if never and found.samples.recorded:
        made.append(
            Verdict(
                OUTPUTS, "warning", f"classes that never have the highest score: {names(never)}"
            )
        )
    if decided and found.samples.recorded:
        text = "share of events at which each class scores highest: " + ", ".join(
            f"{output.name} {output.decided:.0%}" for output in decided
        )
        made.append(Verdict(OUTPUTS, "note", text))
    return made
