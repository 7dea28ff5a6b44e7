"""The decay cell's exponential step as one call of assembler, on cores with a floating-point unit.

The kernel reads addresses and constants from a block of 32-bit words. Each of its functions is
rounded at every operation. Against float64, for the sums that the product gives, the errors are at
most 2^-22 of a rate, 2^-22 of a relaxing target, 2^-21 of an additive one, and for the state 2^-21
of the larger of |x| and |target|. The product has the bits of arrays/fpu.py.
"""

import struct
from array import array
from math import exp, log, tanh

from rivulet.arrays.fpu import sizes_of
from rivulet.cells.integrators import exponential
from rivulet.compat import addressof, const

# Words of the block. Addresses of:
MATRIX = const(0)
JOINT = const(1)  # state, inputs, 1
SUMS = const(2)  # of both gates
DRIVES = const(3)  # the second half of the sums
RATES = const(4)
TARGETS = const(5)
STATES_END = const(6)
DIVIDED = const(7)  # 1: the target is divided by the rate
SIZES = const(8)  # four words, of arrays/fpu.sizes_of
FLOATS = const(12)

# In the order of registers: 1 / ln 2, and ln 2 in two parts, of which the first times a small
# integer is exact; the polynomial of (exp(r) - 1 - r) / r^2 within ln 2 / 2; the largest exponent,
# a half, one and two; the polynomial of (log((1 + s) / (1 - s)) / s - 2) / s^2, in s^2, to 1/3.
# Both were fitted to the least relative error of the function, 2^-26 and 2^-27.
# fmt: off
_CONSTANTS = (
    1.4426950408889634, 0.693359375, -2.12194440e-4,
    0.4999999701976776, 0.1666654348373413, 0.04166720062494278,
    0.008366580121219158, 0.0013882509665563703,
    87.0, 0.5, 1.0, 2.0,
    0.6666641235351562, 0.4002177119255066, 0.2799786329269409, 0.28031274676322937,
)
# fmt: on

# A cell of two units and one input, to try the kernel on: gates, [x; u; 1] and an interval in s.
_GATES = (0.5, -1.0, 2.0, 0.25, -0.75, 0.5, -3.0, 1.0, 1.5, 0.25, -0.5, 0.125, 9.0, 1.0, 5.0, 2.0)
_JOINT = (0.5, -0.25, 0.75, 1.0)
_SECONDS = 0.125
_LOWEST, _HIGHEST = 0.5, 2.0
_TOLERANCE = 1e-5


def packed(addresses, n, columns, additive, bounds):
    """Return the block of a cell of n units, a bytearray.

    addresses: of the matrix (2 n, columns), of [x; u; 1], of the sums (2 n,), of rates and targets
    (n,); bounds: lowest and highest rate.
    """
    floats = _CONSTANTS + bounds
    made = bytearray(4 * (FLOATS + len(floats)))
    matrix, joint, sums, rates, targets = addresses
    drives, end = sums + 4 * n, joint + 4 * n
    struct.pack_into(
        "<8I", made, 0, matrix, joint, sums, drives, rates, targets, end, int(additive)
    )
    struct.pack_into("<4I", made, 4 * SIZES, *sizes_of(2 * n, columns))
    struct.pack_into("<%df" % len(floats), made, 4 * FLOATS, *floats)
    return made


def _block(arrays, additive, bounds):
    """Return the block of these arrays, which must be kept: the collector does not know them."""
    addresses = [addressof(each) for each in arrays]
    return packed(addresses, len(arrays[3]), len(arrays[1]), additive, bounds)


def integrator(cell, matrix, joint, settings):
    """Return a function of a decay cell and seconds: by the kernel, if it works here."""
    n = len(cell.alpha_floats)
    step = _kernel() if n > 1 else None
    if step is None:
        return exponential
    arrays = matrix, joint, array("f", bytes(8 * n)), cell.alpha_floats, cell.target_floats
    bounds = settings["alpha_min"], settings["alpha_max"]
    # A tuple, so that the function keeps the arrays too.
    kept = _block(arrays, settings["drive"] == "additive", bounds), arrays
    seconds = cell.seconds_floats

    def integrate(_, h):
        seconds[0] = h
        step(kept[0], seconds)

    return integrate


def _kernel():
    """Return the kernel, or None if it does not load or compute here."""
    try:
        from rivulet.cells.decay_fpu import step

        if _works(step):
            return step
    except (ImportError, SyntaxError, ValueError, TypeError):
        pass  # an .mpy of another version
    return None


def _works(step):
    """Return whether the kernel moves a small cell as its definition says."""
    gates, joint = array("f", _GATES), array("f", _JOINT)
    sums, rates, targets = (array("f", bytes(4 * count)) for count in (4, 2, 2))
    arrays = gates, joint, sums, rates, targets
    step(_block(arrays, True, (_LOWEST, _HIGHEST)), array("f", (_SECONDS,)))
    for unit in range(2):
        z, q = (
            sum(_GATES[4 * row + column] * _JOINT[column] for column in range(4))
            for row in (unit, 2 + unit)
        )
        rate = min(_LOWEST + log(1.0 + exp(z)), _HIGHEST)
        target = tanh(q) / rate
        x = _JOINT[unit] + (1.0 - exp(-rate * _SECONDS)) * (target - _JOINT[unit])
        for value, wanted in ((rates[unit], rate), (targets[unit], target), (joint[unit], x)):
            # Not NaN either.
            if not abs(value - wanted) <= _TOLERANCE:
                return False
    return True
