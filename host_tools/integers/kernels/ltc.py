"""The LTC cell's step in numpy; rivulet.integers.ltc has the equations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from host_tools.integers.kernels import layers as dense
from host_tools.integers.kernels import mixed as memory
from host_tools.integers.kernels.parts import Floats, Ints, State, Table, entry, view
from rivulet.integers import layout, ltc, mixed
from rivulet.integers.arithmetic import ONE

# The reciprocals of all d that have 16 bits, the highest set.
_RECIPROCALS = ONE // np.arange(1 << 15, 1 << 16)


def step_for(words: Any, weights: Any) -> Any:
    """Return the step of an LTC model."""
    table = Table(entry(words, ltc.SIGMOID_TABLE_AT, layout.NODES))
    add = {words[at]: _sums(words, at, table) for at in (ltc.SENSORY_AT, ltc.RECURRENT_AT)}

    def sums(words: Any, at: int) -> None:
        add[at]()

    move = ltc.mover(ltc.begin, sums, _settle(words))
    if not words[layout.FLAGS] & layout.MIXED:
        return dense.step_for(words, weights, move)
    return memory.step_for(words, weights, (), move, mixed.without_products)


def _sums(words: Any, at: int, table: Table) -> Callable[[], None]:
    """Return a function that computes what ltc.sums does for the record of the entry `at`."""
    n = words[ltc.NEURONS]
    first, counts_at, base_at, out_at, shift = (int(word) for word in entry(words, at, 5))
    counts = view(words, counts_at >> 2, n)
    synapses = view(words, first >> 2, ltc.SYNAPSE_WORDS * int(counts.sum())).astype(np.int64)
    source, offset, pull = synapses.reshape(-1, ltc.SYNAPSE_WORDS).T
    columns, sigma = (source & 0xFFFF) >> 2, source >> 16
    # Of conductances, then of currents; sums in float64 are exact below 2^53.
    strength: Floats = np.stack([pull & 0xFFFF, pull >> 16]).astype(np.float64)
    target = np.repeat(np.arange(n), counts)
    onto = np.concatenate([target, target + n])
    every = np.frombuffer(words, np.int32)
    base, out = view(words, base_at >> 2, 2 * n), view(words, out_at >> 2, 2 * n)

    def run() -> None:
        share = table((every[columns] * sigma + offset) >> shift)
        out[:] = base + np.bincount(onto, (strength * share).ravel(), 2 * n)

    return run


def _settle(words: Any) -> Callable[[Any], None]:
    n = words[ltc.NEURONS]
    both = entry(words, layout.ACC_AT, 2 * n)
    packed = entry(words, ltc.RATE_MULTIPLIER_AT, n).astype(np.int64)
    multiplier, shift = packed & 0xFFFF, 16 + (packed >> 16)
    rates = entry(words, layout.ALPHA_AT, n)
    state = State(entry(words, layout.X_AT, n), entry(words, layout.V_AT, n))

    def settle(words: Any) -> None:
        conductance, current = both.astype(np.int64).reshape(2, n)
        alpha = np.clip(conductance * multiplier >> shift, 1, ONE - 1)
        rates[:] = alpha
        inverse, down = _reciprocal(conductance)
        target = np.clip(_shifted(current, down) * inverse >> 15, -32767, 32767)
        p = alpha * words[layout.MANTISSA] >> 15
        state.move(target, _gain(p, words[layout.LEFT] - words[layout.RIGHT]))

    return settle


def _reciprocal(d: Ints) -> tuple[Ints, Ints]:
    """Return what ltc.reciprocal gives, of 1 for numbers below 1."""
    d = np.maximum(d, 1)
    down = np.frexp(d)[1].astype(np.int64) - 16
    return _RECIPROCALS[_shifted(d, down) - (1 << 15)], down


def _gain(p: Ints, shift: int) -> Ints:
    """Return what ltc.gain gives."""
    half, one = p >> 1, 25 - shift
    right = max(one - 29, 0)
    d = half >> right
    inverse, down = _reciprocal(d + (1 << (one - right)) if one >= 0 else d)
    gain: Ints = np.minimum(_shifted(half * inverse >> 15, down + right - 15), ONE)
    return gain


def _shifted(value: Ints, right: Ints) -> Ints:
    """Return value >> right, shifted to the left where `right` is negative."""
    # No result has more than 62 bits.
    return value << np.maximum(-right, 0) >> np.maximum(right, 0)
