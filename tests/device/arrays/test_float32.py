"""Functions on the bits of float32: conversion from integers, clamping, the largest."""

import struct
from array import array

from kernel_cases import Integers

from rivulet.arrays import float32

_NAN = float("nan")
_INFINITY = float("inf")
# Where 24 bits are left of more, ties are those between two neighbours.
_EDGES = (0, 1, 3, 1072, (1 << 24) - 1, 1 << 24, (1 << 24) + 1, (1 << 24) + 3, (1 << 25) + 2)
_EDGES += ((1 << 25) + 6, (1 << 31) - 1, (1 << 31) - 64, (1 << 31) - 65, 1 << 30)


def floats_of(integers, bits):
    values = array("f", bytes(4 * len(integers)))
    float32.from_integers(array("i", integers), bits, values, len(integers))
    return values


def test_integers_are_rounded_to_the_nearest_even():
    numbers = Integers(3)
    integers = [sign * edge for edge in _EDGES for sign in (1, -1)] + [-(1 << 31)]
    for _ in range(300):
        integers.append(numbers.signed(1 << 31) >> numbers.below(31))
    for bits in (0, 1, 10, 12, 23, 30, 31, 40, -3):
        made = bytes(floats_of(integers, bits))
        for i in range(len(integers)):
            wanted = struct.pack("<f", integers[i] * 2.0**-bits)
            assert made[4 * i : 4 * i + 4] == wanted, (integers[i], bits)


def test_integers_beyond_the_range_of_float32():
    # 3 * 2^-150 lies between one and two of the smallest, 2^-150 half way to the first.
    for integer, bits, word in (
        (3, 150, 2),
        (1, 150, 0),
        (5, 151, 1),
        (1 << 30, 179, 1),
        (-1 << 31, 181, 0x80000000),
        (-1 << 31, 180, 0x80000001),
        (1, 1000, 0),
        ((1 << 24) - 1, -104, 0x7F7FFFFF),
        ((1 << 25) - 1, -103, 0x7F800000),
        (1, -128, 0x7F800000),
        (-1, -1000, 0xFF800000),
    ):
        assert bytes(floats_of([integer], bits)) == struct.pack("<I", word), (integer, bits)


def test_nothing_else_is_written():
    values = array("f", [7.0] * 4)
    # A part of the words, as a model's outputs are.
    words = memoryview(array("i", [1, 2, -3, 4]))[1:3]
    float32.from_integers(words, 1, memoryview(values)[1:3], 2)
    assert list(values) == [7.0, 1.0, -1.5, 7.0]
    float32.copy(array("f", [5.0, 6.0, 8.0]), values, 2)
    assert list(values) == [5.0, 6.0, -1.5, 7.0]


def test_the_first_nan_or_infinity_is_found():
    for bad in (_NAN, -_NAN, _INFINITY, -_INFINITY):
        assert float32.not_finite(array("f", [0.0, 3e38, bad, bad]), 4) == 2
    assert float32.not_finite(array("f", [0.0, -3e38, 1e-45, -0.0]), 4) == -1


def test_values_are_clamped_to_their_bounds():
    numbers = Integers(5)
    for _ in range(200):
        values = [numbers.unit() * 2.0 ** (numbers.below(80) - 40) for _ in range(6)]
        low = [numbers.one_of((-_INFINITY, -1.0, -0.25, 0.0, 0.125)) for _ in range(6)]
        high = [numbers.one_of((_INFINITY, 1.0, 0.5, 0.25)) for _ in range(6)]
        given = array("f", values)
        beyond = [i for i in range(6) if not low[i] <= given[i] <= high[i]]
        wanted = [min(max(given[i], low[i]), high[i]) for i in range(6)]
        first = float32.clamp(given, array("f", low), array("f", high), 6)
        assert first == (beyond[0] if beyond else -1)
        assert list(given) == wanted


def test_both_zeros_are_within_a_bound_of_either():
    zeros = array("f", [0.0, -0.0])
    bounds = array("f", [-0.0, 0.0])
    assert float32.clamp(zeros, bounds, bounds, 2) == -1


def test_the_largest():
    numbers = Integers(9)
    for _ in range(200):
        values = array("f", [numbers.unit() for _ in range(1 + numbers.below(7))])
        wanted = list(values).index(max(values))
        assert float32.largest(values, len(values)) == wanted, list(values)
    for values, wanted in (
        ([-0.0, 0.0], 0),
        ([0.0, -0.0], 0),
        ([-2.0, -1.0, -1.0], 1),
        ([-3e38, 3e38, 1.0], 1),
    ):
        assert float32.largest(array("f", values), len(values)) == wanted
