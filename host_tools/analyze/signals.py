"""Ranges and saturation of channels, neurons and outputs, and their time constants."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from host_tools import tau
from host_tools.analyze.dynamics import Dynamics, Floats
from host_tools.analyze.samples import BOX, Samples
from host_tools.quantiles import weighted_quantiles

QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)
# A time constant that stays within this factor counts as constant.
_STILL = 1.01
# A gate with |tanh| above this is saturated: its slope is below 2 % of the largest.
_PINNED = 0.99
# A channel is saturated if its extreme value is at least this share of its values and repeats in
# a row: without saturation, sensor noise does not repeat the extreme.
_RAIL_SHARE = 0.01
_ENOUGH_VALUES = 20
# An output counts as constant if its range is below this part of the largest output range.
_QUIET = 1e-3


@dataclass(frozen=True)
class Channel:
    """Values in the channel's unit; shares of its values. moves: it takes more than one value."""

    name: str
    unit: str
    carried: int
    low: float
    high: float
    moves: bool
    rail_share: float  # at an extreme value that repeats: cut off by the sensor
    outside: float  # beyond +- 3 normalised units
    influence: float  # largest |d(drift)/du| at rest, for one normalised unit


def channels(dynamics: Dynamics, samples: Samples, inward: Floats) -> list[Channel]:
    """Describe every channel.

    inward: (n, m), the change of dx/dt at rest for one normalised unit of each channel.
    """
    found = []
    for i, name in enumerate(dynamics.channels):
        values = samples.values[:, i]
        values = values[~np.isnan(values)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        unit = dynamics.unit[i]
        beyond = np.abs(values - dynamics.offset[i]) > BOX * unit if unit else values != values
        found.append(
            Channel(
                name,
                str(dynamics.settings["units"][i]),
                len(values),
                low,
                high,
                low < high,
                _rail_share(values) if samples.recorded else 0.0,
                float(beyond.mean()) if len(values) else 0.0,
                float(np.abs(inward[:, i]).max()),
            )
        )
    return found


def _rail_share(values: Floats) -> float:
    """Return the share of values at the lowest or highest value, where these repeat in a row."""
    if len(values) < _ENOUGH_VALUES or values.min() == values.max():
        return 0.0
    share = 0.0
    for extreme in (values.min(), values.max()):
        at = values == extreme
        if (at[1:] & at[:-1]).any() and at.mean() >= _RAIL_SHARE:
            share += float(at.mean())
    return share


@dataclass(frozen=True)
class Neuron:
    """tau_s: quantiles 0, 5, 50, 95 and 100 % over time, s. Shares are of the samples."""

    number: int
    tau_s: tuple[float, ...]
    changes: bool
    at_highest: float | None  # with alpha at alpha_max
    pinned: float | None  # with |g| above 0.99


def neurons(dynamics: Dynamics, samples: Samples, most: int = 2000) -> list[Neuron]:
    """Describe every neuron; saturated drives are counted over at most `most` samples."""
    quantiles = weighted_quantiles(1.0 / samples.alpha, samples.weights, QUANTILES)
    high = dynamics.settings.get("alpha_max")
    pinned = None
    if hasattr(dynamics.cell, "target"):
        pairs = [
            dynamics.targets(samples.states[i], samples.inputs[i]) for i in samples.points(most)
        ]
        alpha, target = np.array([a for a, _ in pairs]), np.array([q for _, q in pairs])
        g = target * alpha if dynamics.settings.get("drive") == "additive" else target
        pinned = (np.abs(g) > _PINNED).mean(axis=0)
    return [
        Neuron(
            i,
            tuple(float(value) for value in quantiles[:, i]),
            bool(quantiles[-1, i] > _STILL * quantiles[0, i]),
            None if high is None else float((samples.alpha[:, i] >= high * (1 - 1e-9)).mean()),
            None if pinned is None else float(pinned[i]),
        )
        for i in range(dynamics.hidden)
    ]


@dataclass(frozen=True)
class Output:
    """decided: share of the samples at which this class had the highest score."""

    name: str
    low: float
    high: float
    changes: bool
    decided: float | None


def outputs(dynamics: Dynamics, samples: Samples) -> list[Output]:
    values = samples.outputs
    low, high = values.min(axis=0), values.max(axis=0)
    floor = max(_QUIET * float((high - low).max()), 1e-9)
    classes = dynamics.settings["output"] == "class"
    winners = values.argmax(axis=1)
    return [
        Output(
            dynamics.settings["classes"][i] if classes else f"y{i}",
            float(low[i]),
            float(high[i]),
            bool(high[i] - low[i] > floor),
            float((winners == i).mean()) if classes else None,
        )
        for i in range(values.shape[1])
    ]


@dataclass(frozen=True)
class Stored:
    """One quantile of tau over time, (n,) in s: as training stored it, and here."""

    quantile: float
    trained_s: Floats
    here_s: Floats


def stored(settings: dict[str, Any], samples: Samples) -> list[Stored]:
    """Pair the quantiles of tau in the model's provenance with those of the samples.

    Empty if the provenance has none for this number of units.
    """
    trained = tau.from_provenance(settings.get("provenance"), samples.alpha.shape[-1])
    if not trained:
        return []
    here = weighted_quantiles(1.0 / samples.alpha, samples.weights, tuple(trained))
    return [
        Stored(share, np.array(trained[share]), row)
        for share, row in zip(trained, here, strict=True)
    ]
