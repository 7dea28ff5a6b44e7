"""The time constants (tau) that training saw, as a model file keeps them, beside those of now.

Plain Python, so that `rivulet status` loads no numpy. train/time_constants.py measures them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Quantiles that a model file keeps, of each neuron's tau over the validation data.
QUANTILES = (0.05, 0.5, 0.95)
# A live tau this many times outside the stored range means inputs unlike those of training.
FACTOR = 2.0
_NAMED = 8  # neurons, in a line of text


def to_provenance(measured: Iterable[Iterable[float]]) -> dict[str, str]:
    """What a model's provenance keeps as `tau_s`: for each quantile one number a neuron, in s.

    measured: (len(QUANTILES), units), s. The result is text, since a board holds its metadata in
    memory: a float in a list takes 20 bytes there.
    """
    return {
        f"{share:g}": " ".join(f"{tau:.3g}" for tau in row)
        for share, row in zip(QUANTILES, measured, strict=True)
    }


def from_provenance(provenance: Any, units: int) -> dict[float, tuple[float, ...]]:
    """{quantile: tau (units,) in s} that a model's provenance keeps; empty if it keeps none."""
    try:
        texts = provenance["tau_s"]
        found = {float(share): tuple(map(float, text.split())) for share, text in texts.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        # Anybody may write provenance, as free text: this is not what Rivulet's trainer writes.
        return {}
    return {
        share: values
        for share, values in sorted(found.items())
        if 0.0 <= share <= 1.0 and len(values) == units and all(tau > 0.0 for tau in values)
    }


def outside(
    seen: Mapping[float, Sequence[float]], live_tau_s: Sequence[float], factor: float = FACTOR
) -> list[int]:
    """Return the neurons whose live tau is `factor` beyond what validation saw (5 to 95 %).

    seen: as `from_provenance` gives it; if it is empty, no neuron is outside.
    """
    if not seen:
        return []
    ranges = zip(seen[min(seen)], live_tau_s, seen[max(seen)], strict=True)
    return [
        i for i, (low, tau, high) in enumerate(ranges) if tau < low / factor or tau > high * factor
    ]


def in_words(neurons: Sequence[int], units: int) -> str:
    """Say which of a model's neurons are outside, as `outside` gives them."""
    if not neurons:
        return f"every τ is within a factor of {FACTOR:g} of what training saw"
    named = ", ".join(str(i) for i in neurons[:_NAMED]) + (", ..." * (len(neurons) > _NAMED))
    return (
        f"τ of {len(neurons)} of {units} neurons is over {FACTOR:g} times outside "
        f"the 90 % that training saw: {named}"
    )
