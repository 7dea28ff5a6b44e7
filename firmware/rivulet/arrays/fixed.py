"""A float32 as an integer, without a heap object."""

from rivulet.compat import const, micropython, ptr32

_LARGEST = const(32767)


@micropython.viper
def to_integer(value, fraction_bits: int) -> int:
    """Return value[0] * 2^fraction_bits, rounded, within -32767 and 32767.

    value: an array of type 'f'. Halves are rounded away from zero.
    """
    word = ptr32(value)[0]
    exponent = (word >> 23) & 0xFF
    mantissa = word & 0x7FFFFF
    found = 0
    if exponent:
        mantissa |= 0x800000
        # The value is mantissa * 2^(exponent - 150).
        shift = 150 - exponent - fraction_bits
        if shift <= 8:
            found = _LARGEST
        elif shift <= 24:
            found = (mantissa + (1 << (shift - 1))) >> shift
            if found > _LARGEST:
                found = _LARGEST
    return 0 - found if (word >> 31) & 1 else found
