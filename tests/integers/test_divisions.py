"""The divisions of the integer LTC: the same on host and board, and within their bounds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from host_tools.integers.reference import ONE
from host_tools.integers.references.ltc import quotient, reciprocal, step_gain
from rivulet.integers import ltc as kernel

_POSITIVE = st.integers(1, (1 << 31) - 1)


@given(_POSITIVE)
def test_the_relative_error_of_a_reciprocal_is_within_its_bounds(d: int) -> None:
    r, c = kernel.reciprocal(d)
    assert [int(part) for part in reciprocal(np.array(d))] == [r, c]
    # Truncating d makes r too large by less than 2^-15; truncating r loses less than 2^-14.
    assert 1 - 2**-14 < r * d / 2.0 ** (30 + c) < 1 + 2**-15


@given(_POSITIVE, st.floats(-1, 1))
def test_a_quotient_is_right_in_q15(d: int, share: float) -> None:
    numerator = round(share * d)
    q = kernel.quotient(numerator, d)
    assert int(quotient(np.array(numerator), np.array(d))) == q
    # Two floors besides the reciprocal's.
    assert abs(q - min(max(numerator / d * 32768, -32767), 32767)) < 6


@given(st.integers(0, (1 << 31) - 1), st.integers(-27, 36))
def test_the_semi_implicit_gain_is_right_at_any_step(p: int, shift: int) -> None:
    k = kernel.gain(p, shift)
    assert int(step_gain(np.array(p), np.array(shift))) == k
    s = p * 2.0 ** (shift - 26)
    exact = s / (1 + s) * ONE
    # A step of half a unit of p is taken for none.
    few = 4 / (p + 1)
    assert exact * (1 - 2**-13 - few) - 4 <= k <= min(exact * (1 + 2**-13 + few) + 1, ONE)
