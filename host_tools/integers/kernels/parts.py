"""What the numpy steps share: products, tables, gains, moves; rivulet.integers.arithmetic has the
equations.

64 bits hold every product here, so that one product does the work of two halves there:
(a >> 15) * b + ((a & 0x7FFF) * b >> 15) is a * b >> 15. Arrays are written in place, and numbers
that meet them are arrays without dimensions: both take half the time of the alternative.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rivulet.integers import arithmetic, layout

Ints = NDArray[np.int64]
Words = NDArray[np.int32]  # a view into a model's words
Floats = NDArray[np.float64]
Span = tuple[int, int, int]  # what arithmetic.interval returns

_LOWEST, _HIGHEST = -16384, 16383  # the arguments of a table
_NODE_WIDTH = 64  # the arguments between two of its nodes
_SHORT_HALF, _SHORT_SHIFT = np.array(1 << 17), np.array(18)
_FIFTEEN = np.array(15)
_HALF_NODE, _NODE_SHIFT = np.array(1 << 21), np.array(22)
_FOUR, _SIX = np.array(4), np.array(6)
_ORIGIN = np.array(-_LOWEST)
_LARGEST_S = 12 << 26
_LARGEST_ZEROS = 28  # the bits at its end that are 0


def view(words: Any, first: int, count: int) -> Words:
    """Return `count` words from index `first` on, as an array that shares their memory."""
    return np.frombuffer(words, np.int32)[first : first + count]


def entry(words: Any, at: int, count: int) -> Words:
    """Return `count` words from the offset in the header's entry `at` on."""
    return view(words, words[at] >> 2, count)


def rows_of(weights: Any, begin: int, rows: int, columns: int) -> Floats:
    """Return the weights of a dense product, which layout.py describes, as a matrix."""
    size = layout.padded(rows) * columns
    packed = np.frombuffer(weights, np.uint8)[begin : begin + size].astype(np.float64) - 128
    return packed.reshape(-1, columns, 8).transpose(0, 2, 1).reshape(-1, columns)[:rows]


class Rows:
    """mul_shift(bias + W v) of all rows of a product.

    Each row is scaled by its multiplier beforehand, which float64 represents exactly: in units of
    2^-(16 + b) all sums are integers below 2^53. So one matrix product and `floor` give the bits.
    """

    def __init__(self, weight: Floats, bias: Words, multiplier: Words) -> None:
        packed = multiplier.astype(np.int64)
        factor = (packed & 0xFFFF) * 0.5 ** (16 + (packed >> 16))
        self._sums = Sums(weight * factor[:, None], bias * factor)
        self._rounded: Ints = np.empty(len(bias), np.int64)

    def __call__(self, vector: Words) -> Ints:
        """Return the results; the next call overwrites them."""
        sums = self._sums(vector)
        self._rounded[:] = np.floor(sums, out=sums)
        return self._rounded


class Sums:
    """bias + W v of all rows of a product, exact for integers below 2^53."""

    def __init__(self, weight: Floats, bias: Words | Floats) -> None:
        self._matrix = np.hstack([weight, bias[:, None].astype(np.float64)])
        self._vector = np.ones(self._matrix.shape[1])
        self._columns = self._vector[:-1]
        self._sums = np.empty(len(bias))

    def __call__(self, vector: Words) -> Floats:
        """Return the sums; the next call overwrites them."""
        self._columns[:] = vector
        return np.dot(self._matrix, self._vector, out=self._sums)


class Table:
    """A lookup table with a value for each argument."""

    def __init__(self, nodes: Words) -> None:
        # Argument by argument it is `arithmetic.lookup`, in numpy: a model has dozens of tables.
        known = nodes.astype(np.int64)
        node, rest = np.divmod(np.arange(_LOWEST, _HIGHEST + 1) + _ORIGIN, _NODE_WIDTH)
        self._values: Ints = known[node] + ((known[node + 1] - known[node]) * rest >> 6)

    def __call__(self, z: Ints, out: Ints | None = None) -> Ints:
        return self._values.take(z + _ORIGIN, mode="clip", out=out)


class Gains:
    """1 - exp(-alpha dt) in Q30, of `count` units."""

    def __init__(self, words: Any, count: int) -> None:
        self._decay = entry(words, layout.DECAY_TABLE_AT, layout.DECAY_NODES).astype(np.int64)
        self._reached = (65536 - self._decay) << 14
        self._mantissa = np.zeros((), np.int64)
        self._s, self._node, self._rest, self._part = np.empty((4, count), np.int64)

    def exponent(self, alpha: Ints, span: Span) -> Ints:
        """Return alpha * dt in Q26, at most 12; the next call overwrites it."""
        mantissa, right, left = span
        s = self._s
        self._mantissa[()] = mantissa
        np.multiply(alpha, self._mantissa, out=s)
        np.right_shift(s, _FIFTEEN if not right else 15 + right, out=s)
        if left <= _LARGEST_ZEROS:
            np.minimum(s, _LARGEST_S >> left, out=s)
            return np.left_shift(s, left, out=s) if left else s
        beyond = s > _LARGEST_S >> left
        np.left_shift(np.where(beyond, 0, s), left, out=s)
        s[beyond] = _LARGEST_S
        return s

    def __call__(self, alpha: Ints, span: Span) -> Ints:
        """Return the gains; the next call overwrites them."""
        s, node, rest, part = self.exponent(alpha, span), self._node, self._rest, self._part
        np.add(s, _HALF_NODE, out=node)
        np.right_shift(node, _NODE_SHIFT, out=node)
        np.left_shift(node, _NODE_SHIFT, out=rest)
        np.subtract(s, rest, out=rest)
        np.right_shift(rest, _SIX, out=part)
        np.multiply(part, part, out=part)
        np.right_shift(part, _FIFTEEN, out=part)
        np.subtract(rest, part, out=part)
        np.right_shift(part, _SIX, out=rest)
        np.multiply(rest, self._decay.take(node, out=s, mode="clip"), out=rest)
        np.right_shift(rest, _SIX, out=rest)
        np.add(rest, self._reached.take(node, out=s, mode="clip"), out=rest)
        if np.count_nonzero(node) < len(node):
            np.left_shift(part, _FOUR, out=rest, where=node == 0)
        return rest


class State:
    """Values in Q30 with their short forms, factors of products."""

    def __init__(self, values: Words, shorts: Words) -> None:
        self._words, self._shorts = values, shorts
        self._values, self._way = np.empty((2, len(values)), np.int64)

    def set(self, values: Ints) -> None:
        way = self._way
        self._words[:] = values
        np.add(values, _SHORT_HALF, out=way)
        np.right_shift(way, _SHORT_SHIFT, out=way)
        self._shorts[:] = way

    def move(self, target: Ints | Words, gain: Ints) -> None:
        """Move the values toward a target in Q15."""
        values, way = self._values, self._way
        values[:] = self._words
        np.right_shift(values, _FIFTEEN, out=way)
        np.subtract(target, way, out=way)
        np.multiply(way, gain, out=way)
        np.right_shift(way, _FIFTEEN, out=way)
        self.set(np.add(values, way, out=values))


def state_of(words: Any) -> State:
    """Return the state of all units."""
    n = words[layout.HIDDEN]
    return State(entry(words, layout.X_AT, n), entry(words, layout.V_AT, n))


class Mean:
    """arithmetic.average of one model."""

    def __init__(self, words: Any) -> None:
        n = words[layout.HIDDEN]
        self._state = entry(words, layout.X_AT, n)
        self._rate_at = (words[layout.ALPHA_AT] >> 2) + n
        self._confidence_at = words[layout.CONFIDENCE_AT] >> 2
        self._decay = layout.view(words, layout.DECAY_TABLE_AT, layout.DECAY_NODES).tolist()
        self._mean = State(entry(words, layout.MEAN_AT, n), entry(words, layout.FEATURE_AT, n))
        self._target = np.empty(n, np.int64)
        self._share = np.zeros((), np.int64)

    def __call__(self, words: Any, span: Span) -> None:
        share = arithmetic.gain(arithmetic.exponent(words[self._rate_at], *span), self._decay)
        words[self._confidence_at], self._share[()] = arithmetic.grow(
            words[self._confidence_at], share
        )
        self._target[:] = self._state
        np.right_shift(self._target, _FIFTEEN, out=self._target)
        self._mean.move(self._target, self._share)


def apply(words: Any, input_map: Any) -> None:
    """Do what arithmetic.apply does, with fewer look-ups."""
    behind = 1 + input_map[0]
    at = behind
    for raw in input_map[1:behind]:
        place, factor, offset, shift = input_map[at : at + 4]
        value = (raw * factor + offset) >> shift
        words[place >> 2] = 32767 if value > 32767 else -32767 if value < -32767 else value
        at += 4


def read_out(words: Any, weights: Any) -> Callable[[], None]:
    """Return a function that computes the outputs from the state or its mean."""
    k, columns = words[layout.OUTPUTS], words[layout.FEATURES]
    mean = words[layout.FLAGS] & layout.MEAN
    rows = Rows(
        rows_of(weights, words[layout.OUT_WEIGHTS_AT], k, columns),
        entry(words, layout.OUT_BIAS_AT, k),
        entry(words, layout.OUT_MULTIPLIER_AT, k),
    )
    features = entry(words, layout.FEATURE_AT if mean else layout.V_AT, columns)
    outputs = entry(words, layout.Y_AT, k)

    def run() -> None:
        outputs[:] = rows(features)

    return run
