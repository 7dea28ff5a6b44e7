"""Decoded words have the bits that struct gives, whatever the bytes and wherever they stand."""

import struct
from array import array

from rivulet.sensing.words import decode

_EXTREMES = (0, 1, -1, 0x7FFF, -0x8000, 0x7F00, -0x7F01, 0xFF, -0x100, 0x80, 0x1234)


def _check(data, order, count):
    """Compare with struct, backwards as well; order: "<" or ">"."""
    expected = struct.unpack("%s%dh" % (order, count), data)
    places = bytearray()
    for i in range(count):
        places += bytes((2 * i + 1, 2 * i) if order == "<" else (2 * i, 2 * i + 1))
    out = array("i", [77] * count)
    decode(data, bytes(places), out)
    assert tuple(out) == expected, (data, order)
    turned = bytes(place ^ 1 for place in reversed(places))
    decode(data, turned, out)
    assert tuple(reversed(tuple(out))) == expected, (data, order)


def test_the_extremes():
    for order in "<>":
        data = struct.pack("%s%dh" % (order, len(_EXTREMES)), *_EXTREMES)
        _check(data, order, len(_EXTREMES))


def test_any_bytes():
    number = 1
    for _ in range(50):
        data = bytearray(14)
        for i in range(14):
            number = (number * 1103 + 12345) & 0xFFFF
            data[i] = number >> 8
        _check(data, ">", 7)
        _check(data, "<", 7)


def test_bytes_in_between_are_left_out_and_so_are_elements_behind():
    out = array("i", (5, 5, 5, 5))
    view = memoryview(out)[1:]
    decode(bytes((0x12, 0x34, 0xAA, 0xFF, 0xFE)), bytes((0, 1, 3, 4)), view)
    assert list(out) == [5, 0x1234, -2, 5]


def test_too_few_elements_are_refused():
    out = array("i", (9,))
    try:
        decode(bytes(4), bytes((0, 1, 2, 3)), out)
    except ValueError:
        assert list(out) == [9]
    else:
        raise AssertionError("a word was written beyond the end")
