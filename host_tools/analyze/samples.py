"""States and inputs at which a model is analysed: along a recording, or drawn at random."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools.analyze.dynamics import Dynamics, Floats
from host_tools.choices import Late
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import feed
from host_tools.simulate.tick_table import read_table_for

# Without a recording: the number of drawn inputs and the longest time for which one is held. Hold
# times are log-uniform from the trainer's interval up: transients and settled states both occur.
_DRAWN = 400
_LONGEST_HOLD_S = 10.0
# Inputs are drawn from offset +- this many normalised units, which is 3 standard deviations
# where the trainer normalised by the standard deviation.
BOX = 3.0
# States kept of a long recording, at an even stride.
_MOST_KEPT = 20_000


@dataclass(frozen=True)
class Samples:
    """N events run through the device code, with the states of K of them, evenly spread.

    Values in physical units, times in s, rates in 1/s.

    gaps_s (N,): before each event. driving (N, m): the inputs that acted during that gap.
    values (N, m): what the events carried, NaN where a channel was left out.
    t_s (K,), states (K, n), inputs (K, m), alpha (K, n), outputs (K, k): after the kept events.
    """

    recorded: bool
    source: str
    late: int  # events left out because their time goes back
    dropped: str  # says so; empty if there was none
    gaps_s: Floats
    driving: Floats
    values: Floats
    t_s: Floats
    states: Floats
    inputs: Floats
    alpha: Floats
    outputs: Floats

    def __str__(self) -> str:
        if not self.recorded:
            return self.source
        dropped = f"; {self.dropped}" if self.dropped else ""
        return f"{self.source}, {len(self.gaps_s)} events{dropped}"

    @property
    def weights(self) -> Floats:
        """Seconds for which each kept event's rates applied, shape (K,); ones if none applied."""
        stride = -(-len(self.gaps_s) // len(self.t_s))
        gaps = self.gaps_s[::stride]
        return gaps if gaps.any() else np.ones_like(gaps)

    def points(self, most: int) -> NDArray[np.int64]:
        """Return the indices of at most `most` kept events, evenly spread."""
        count = min(most, len(self.t_s))
        return np.unique(np.linspace(0, len(self.t_s) - 1, count).round().astype(np.int64))


def along(dynamics: Dynamics, path: Path, late: Late = Late.refuse) -> Samples:
    """Run a model over an EVENTS.csv. Raises RivuletError, also if the state diverges.

    late: what becomes of events whose time goes back.
    """
    events = read_table_for(path, dynamics.settings, late)
    return _run(dynamics, events, str(path), recorded=True)


def drawn(dynamics: Dynamics, seed: int = 0) -> Samples:
    """Run a model over inputs drawn uniformly from offset +- 3 normalised units.

    The same `seed` draws the same inputs. Raises RivuletError if the state diverges.
    """
    random = np.random.default_rng(seed)
    shape = (_DRAWN, len(dynamics.channels))
    values = dynamics.offset + random.uniform(-BOX, BOX, shape) * dynamics.unit
    longest = max(_LONGEST_HOLD_S, 10.0 * dynamics.interval_s)
    holds = np.exp(random.uniform(np.log(dynamics.interval_s), np.log(longest), _DRAWN))
    t_us = np.round(np.cumsum(holds) * 1e6).astype(np.int64)
    source = (
        f"{_DRAWN} inputs drawn from offset +- {BOX:g}/scale of each channel, held for "
        f"{dynamics.interval_s:g} to {longest:g} s"
    )
    return _run(dynamics, EventTable(t_us, values), source, recorded=False)


def _run(dynamics: Dynamics, events: EventTable, source: str, recorded: bool) -> Samples:
    run, gaps_us = dynamics.run, events.gaps_us
    gaps_s: Floats = np.multiply(gaps_us, 1e-6, dtype=np.float64)
    count = len(gaps_us)
    stride = -(-count // _MOST_KEPT)
    held = _held(events.values, dynamics.offset)
    states, alpha, outputs = [], [], []
    run.reset()
    for i in range(count):
        feed(run, int(gaps_us[i]), events.values[i])
        if not np.isfinite(dynamics.state()).all():
            raise RivuletError(
                f"the model diverges: its state is not finite after {i + 1} events ({source})"
            )
        if i % stride == 0:
            states.append(dynamics.state())
            alpha.append(np.array(run.cell.alpha_floats))
            outputs.append(np.array(run.outputs()))
    # "previous": the input held so far drives the interval; "current": the event's own does.
    first = dynamics.settings["convention"] == "current"
    driving = held if first else np.vstack([dynamics.offset, held[:-1]])
    return Samples(
        recorded,
        source,
        events.late,
        events.dropped,
        gaps_s,
        driving,
        events.values,
        (events.t_us[::stride] - events.t_us[0]) * 1e-6,
        np.array(states),
        held[::stride],
        np.array(alpha),
        np.array(outputs),
    )


def _held(values: Floats, offset: Floats) -> Floats:
    """Return each channel's latest value after each event (N, m); before the first its offset."""
    carried = ~np.isnan(values)
    latest = np.maximum.accumulate(np.where(carried, np.arange(len(values))[:, None], -1), axis=0)
    found = np.take_along_axis(values, np.maximum(latest, 0), axis=0)
    held: Floats = np.where(latest >= 0, found, offset)
    return held
