"""Kernels in float32 for cores with a floating-point unit (Cortex-M4F and up), and who has one.

ulab calls a function pointer and a conversion for every operand; these keep sums in registers.
Sums run over the columns in order, and each product and each sum is rounded: the bits are those of
float32 arithmetic, one operation after the other.
"""

import sys
from array import array

from rivulet.compat import const, micropython, ptr32

# The .mpy architectures of MicroPython that was built for a unit: armv7emsp, armv7emdp.
_SINGLE = const(7)
_DOUBLE = const(8)


def has_fpu():
    """Return whether this core has the unit, switched on.

    Without it, an instruction of it is a fault that no `try` catches: so the build is asked first,
    and then the core.
    """
    arch = getattr(sys.implementation, "_mpy", 0) >> 10 & 15
    if not _SINGLE <= arch <= _DOUBLE or sys.platform == "linux":
        return False
    # MVFR0: 2 where single precision is there. CPACR: 15 where everyone may use coprocessors 10
    # and 11.
    return _bits(0xEF40, 4) == 2 and _bits(0xED88, 20) == 15


@micropython.viper
def _bits(address: int, first: int) -> int:
    """Return four bits of a system register, whose address begins with 0xE000."""
    base = 0xE000
    base = (base << 16) | address
    return (ptr32(base)[0] >> first) & 15


def sizes_of(rows, columns):
    """Return what the product of so many rows, at least 4, and columns is given.

    Bytes: of the columns by eights, of a row, of the sums, and of the rows before the last four.
    """
    return array("I", (columns // 8 * 32, columns * 4, rows * 4, (rows - 4) * columns * 4))


def product(matrix, vector, out):
    """Return a function that computes out = matrix . vector of buffers of float32.

    Returns None if there are fewer than four rows. Raises what an import raises on a core without
    the unit, as `blender` does.
    """
    from rivulet.arrays.dot_fpu import dot

    if len(out) < 4:
        return None
    sizes = sizes_of(len(out), len(vector))
    return lambda: dot(matrix, vector, out, sizes)


def blender(mean, state, kept):
    """Return a function that computes mean = state + kept[0] (mean - state), all of float32."""
    from rivulet.arrays.blend_fpu import blend

    count = len(mean)
    return lambda: blend(mean, state, kept, count)
