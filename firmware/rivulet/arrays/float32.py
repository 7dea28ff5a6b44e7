"""Functions on arrays of float32 that allocate nothing.

A board boxes every Python float in 16 bytes. These functions read and write the 32 bits of IEEE
754 as integers instead: viper on boards, plain Python on CPython. `values`, `lowest` and `highest`
are arrays of type 'f', or memoryviews of one.
"""

from array import array

from rivulet.compat import const, micropython, ptr32

_MANTISSA_BITS = const(23)
# The smallest positive float32 is 2^-149; the exponent 255 is that of infinity and NaN.
_SMALLEST = const(149)
_NOT_FINITE = const(255)


@micropython.viper
def from_integers(integers, fraction_bits: int, values, count: int):
    """Write integers * 2^-fraction_bits into `values`, rounded to the nearest, ties to even.

    integers: `count` signed 32-bit integers. A value beyond the largest float32 becomes infinite.
    """
    source = ptr32(integers)
    target = ptr32(values)
    # On 64 bits, a load need not extend the sign.
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    i = 0
    while i < count:
        number = (source[i] << wide) >> wide
        negative = 1 if number < 0 else 0
        if negative:
            number = 0 - number
        bits = fraction_bits
        if number < 0:
            # In 32 bits -2^31 is its own negative.
            number = 1 << 29
            number += number
            bits -= 1
        word = 0
        if number:
            # number >> shift is the mantissa: 24 bits, or fewer below the normal numbers.
            shift = 0
            while number >> shift >> (_MANTISSA_BITS + 1):
                shift += 1
            while number >> (_MANTISSA_BITS + shift) == 0:
                shift -= 1
            if shift < bits - _SMALLEST:
                shift = bits - _SMALLEST
            # The mantissa's highest bit adds one to the exponent, and so does a carry from
            # rounding.
            exponent = shift - bits + _SMALLEST
            if shift > 31:
                exponent = 0  # at most half of the smallest
            elif shift > 0:
                word = number >> shift
                rest = number - (word << shift)
                half = 1 << (shift - 1)
                if rest > half:
                    word += 1
                elif rest == half:
                    word += word & 1
            else:
                word = number << (0 - shift)
            if exponent >= _NOT_FINITE - 1:
                exponent = _NOT_FINITE
                word = 0
            word += exponent << _MANTISSA_BITS
        if negative:
            sign = 1 << 29
            word -= sign << 2
        target[i] = word
        i += 1


@micropython.viper
def _copy(source, target, count: int):
    one = ptr32(source)
    other = ptr32(target)
    i = 0
    while i < count:
        other[i] = one[i]
        i += 1


def _assembled():
    """Return _copy in assembler, or None if this core does not run it.

    An .mpy made for another MicroPython can load and still read its arguments wrongly.
    """
    try:
        from rivulet.arrays.copy_thumb import copy
    except (ImportError, SyntaxError, ValueError):
        return None
    source, target = array("i", range(7)), array("i", (-1,) * 7)
    for count, copied in ((0, []), (1, [0]), (6, [0, 1, 2, 3, 4, 5])):
        try:
            copy(source, target, count)
        except (TypeError, ValueError):
            return None
        if list(target) != copied + [-1] * (7 - count):
            return None
    return copy


# Copies `count` values, or other words of 32 bits; a slice would be a heap object.
copy = _assembled() or _copy


@micropython.viper
def not_finite(values, count: int) -> int:
    """Return the first index of a NaN or infinity, -1 if there is none."""
    words = ptr32(values)
    i = 0
    while i < count:
        if (words[i] >> _MANTISSA_BITS) & _NOT_FINITE == _NOT_FINITE:
            return i
        i += 1
    return -1


@micropython.viper
def take(values, target, count: int) -> bool:
    """Copy float32 values if all of them are finite; whether they are."""
    words = ptr32(values)
    other = ptr32(target)
    i = 0
    while i < count:
        if (words[i] >> _MANTISSA_BITS) & _NOT_FINITE == _NOT_FINITE:
            return False
        i += 1
    i = 0
    while i < count:
        other[i] = words[i]
        i += 1
    return True


@micropython.viper
def clamp(values, lowest, highest, count: int) -> int:
    """Clamp values to their bounds. Returns the first index that was outside, or -1.

    No value may be NaN.
    """
    words = ptr32(values)
    low = ptr32(lowest)
    high = ptr32(highest)
    # The magnitudes of float32 values are ordered as their bits are.
    magnitude = 1 << 29
    magnitude = (magnitude << 2) - 1
    first = -1
    i = 0
    while i < count:
        word = words[i]
        value = word & magnitude
        if (word >> 31) & 1:
            value = 0 - value
        word = low[i]
        bound = word & magnitude
        if (word >> 31) & 1:
            bound = 0 - bound
        if value >= bound:
            word = high[i]
            bound = word & magnitude
            if (word >> 31) & 1:
                bound = 0 - bound
            if value <= bound:
                i += 1
                continue
        words[i] = word
        if first < 0:
            first = i
        i += 1
    return first


@micropython.viper
def largest(values, count: int) -> int:
    """Return the index of the largest value, the first of equal ones. No value may be NaN."""
    words = ptr32(values)
    magnitude = 1 << 29
    magnitude = (magnitude << 2) - 1
    best = 0
    most = 0
    i = 0
    while i < count:
        word = words[i]
        value = word & magnitude
        if (word >> 31) & 1:
            value = 0 - value
        if i == 0 or value > most:
            best = i
            most = value
        i += 1
    return best
