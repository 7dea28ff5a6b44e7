"""Verdicts on time constants, channels and outputs."""

import math
from collections.abc import Iterator

import numpy as np

from host_tools.analyze.findings import Findings
from host_tools.analyze.signals import Channel
from host_tools.analyze.verdict import CHANNELS, OUTPUTS, TAU, Remark, Verdict, names, seconds

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
    sections = {TAU: _tau, CHANNELS: _channels, OUTPUTS: _outputs}
    return [Verdict(name, *remark) for name, make in sections.items() for remark in make(found)]


def _tau(found: Findings) -> Iterator[Remark]:
    neurons = found.neurons
    medians = [neuron.tau_s[2] for neuron in neurons]
    text = (
        f"{seconds(min(n.tau_s[0] for n in neurons))} to "
        f"{seconds(max(n.tau_s[4] for n in neurons))} over all neurons; medians "
        f"{seconds(min(medians))} to {seconds(max(medians))}"
    )
    yield "note", text
    still = [str(neuron.number) for neuron in neurons if not neuron.changes]
    if found.dynamics.settings["cell"] == "ctrnn":
        yield "note", "a ctrnn's time constants are fixed by training"
    elif still:
        text = f"τ is constant in {len(still)} of {len(neurons)} neurons: {names(still)}"
        yield "warning", text
    else:
        ratio = np.median([neuron.tau_s[3] / neuron.tau_s[1] for neuron in neurons])
        text = f"τ varies in every neuron; median ratio of its 95 to its 5 % quantile: {ratio:.3g}"
        yield "good", text
    fast = [str(n.number) for n in neurons if n.at_highest is not None and n.at_highest > _OFTEN]
    if fast and found.dynamics.settings["cell"] != "ctrnn":
        text = (
            f"neurons with α at alpha_max most of the time: {names(fast)}; a higher alpha_max "
            "would change the model"
        )
        yield "warning", text
    pinned = [str(n.number) for n in neurons if n.pinned is not None and n.pinned > _OFTEN]
    if pinned:
        text = f"neurons with a saturated drive (|g| > 0.99) most of the time: {names(pinned)}"
        # Drawn inputs reach the corners of their box, where gates are meant to be pinned.
        yield "warning" if found.samples.recorded else "note", text
    yield from _stored(found)


def _stored(found: Findings) -> Iterator[Remark]:
    if not found.stored:
        text = "the model file stores no τ of training to compare with (provenance tau_s)"
        yield "note", text
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
        yield level, text


def _channels(found: Findings) -> Iterator[Remark]:
    strongest = max(channel.influence for channel in found.channels)
    warnings = [w for channel in found.channels for w in _warnings(found, channel, strongest)]
    yield from warnings
    if not found.samples.recorded:
        text = "saturated and constant channels show in a recording only: give --events"
        yield "note", text
    elif not warnings:
        text = f"all {len(found.channels)} channels vary, none saturates"
        yield "good", text
    if found.gain is not None:
        row, column = np.unravel_index(np.abs(found.gain).argmax(), found.gain.shape)
        text = (
            f"largest static gain at rest: {found.gain[row, column]:+.3g} in "
            f"{found.outputs[int(row)].name} for one normalised unit of "
            f"{found.channels[int(column)].name}"
        )
        yield "note", text


def _warnings(found: Findings, channel: Channel, strongest: float) -> Iterator[Remark]:
    if channel.influence <= _DEAF * strongest:
        text = (
            f"{channel.name} has almost no influence at rest: "
            f"{channel.influence / strongest if strongest else 0.0:.1g} of the strongest "
            "channel's"
        )
        yield "warning", text
    if not found.samples.recorded:
        return
    unit = f" {channel.unit}" if channel.unit else ""
    if not channel.carried:
        text = f"no event carries {channel.name}: it stays at its offset"
        yield "warning", text
    elif not channel.moves:
        text = f"{channel.name} is constant: {channel.low:g}{unit} in all {channel.carried} values"
        yield "warning", text
    if channel.rail_share >= _RAIL:
        text = (
            f"{channel.name} saturates: {channel.rail_share:.1%} of its values are at an end of "
            f"its range, {channel.low:g} to {channel.high:g}{unit}"
        )
        yield "warning", text
    if channel.outside > _OUTSIDE:
        text = (
            f"{channel.name} is outside +-3 normalised units in {channel.outside:.1%} of its "
            "values: training has probably not seen such values"
        )
        yield "warning", text


def _outputs(found: Findings) -> Iterator[Remark]:
    still = [output.name for output in found.outputs if not output.changes]
    if still:
        yield "warning", f"constant outputs: {names(still)}"
    else:
        text = "every output varies: " + ", ".join(
            f"{output.name} {output.low:.3g} to {output.high:.3g}" for output in found.outputs
        )
        yield "good", text
    decided = [output for output in found.outputs if output.decided is not None]
    never = [output.name for output in decided if not output.decided]
    if never and found.samples.recorded:
        yield "warning", f"classes that never have the highest score: {names(never)}"
    if decided and found.samples.recorded:
        text = "share of events at which each class scores highest: " + ", ".join(
            f"{output.name} {output.decided:.0%}" for output in decided
        )
        yield "note", text
