"""The arithmetic under the cells: ulab on boards, numpy on CPython, plain Python elsewhere.

`np` has those names of ulab.numpy that the cells use. Cells allocate every array they write once,
and reach single floats through `floats(array)`, a memoryview: an index into a ulab array allocates
an object at each access.
"""

try:
    from ulab import numpy as np

    BACKEND = "ulab"
    floats = memoryview
except ImportError:
    try:
        import numpy as np

        BACKEND = "numpy"
        floats = memoryview
    except ImportError:
        from rivulet.arrays import plain as np

        BACKEND = "plain"
        floats = np.floats

import sys
from array import array

# Bytes of one float in an array: 4 on boards, 8 on 64-bit interpreters.
FLOAT_BYTES = np.FLOAT_BYTES if BACKEND == "plain" else np.zeros(1).itemsize


def read_tensor(file, shape):
    """Return the next float32 tensor of an open file, of `shape` (n,) or (rows, columns).

    Where arrays are float32 the file is read straight into the array's memory, so weights are held
    once. Wider floats are converted. Raises ValueError if the file ends too early.
    """
    size = shape[0] if len(shape) == 1 else shape[0] * shape[1]
    if FLOAT_BYTES == 4 and BACKEND == "ulab":
        data = bytearray(4 * size)
    else:
        data = array("f", bytes(4 * size))
    if file.readinto(data) != 4 * size:
        raise ValueError("the file ends inside a tensor")
    if FLOAT_BYTES == 4 and BACKEND == "ulab":
        flat = np.frombuffer(data)  # at offset 0 it keeps `data` alive
    else:
        flat = np.zeros(size)
        flat[:] = np.array(data)
    return flat if len(shape) == 1 else flat.reshape(shape)


def read_indices(file, shape):
    """Return the next uint16 tensor of an open file, shape (n,). Raises ValueError if it ends."""
    data = bytearray(2 * shape[0])
    if file.readinto(data) != len(data):
        raise ValueError("the file ends inside a tensor")
    if BACKEND == "plain":
        return np.ndarray(memoryview(array("H", data)), shape)
    return np.frombuffer(data, dtype=np.uint16)


def pack_float32(values, out, at):
    """Write a memoryview of floats into the bytearray `out` at `at` as little-endian float32.

    Returns the position after the last byte.
    """
    narrow = values if FLOAT_BYTES == 4 else array("f", values)
    end = at + 4 * len(values)
    out[at:end] = bytes(narrow)
    return end


def _assembler():
    """Return (name, module) of the assembler kernels for this core, or (BACKEND, None).

    The name is what a status shows. An .mpy made for another MicroPython can load and still read
    its arguments wrongly.
    """
    if BACKEND != "numpy" and FLOAT_BYTES == 4:
        try:
            if "RP2040" not in getattr(sys.implementation, "_machine", ""):
                from rivulet.arrays import fpu

                if fpu.has_fpu() and _works(fpu):
                    return "fpu", fpu
            elif BACKEND == "ulab":
                from rivulet.arrays import rom_float_armv6m

                if _works(rom_float_armv6m):
                    return "rom_float", rom_float_armv6m
        except (ImportError, SyntaxError, ValueError, TypeError):
            pass
    return BACKEND, None


def _works(kernels):
    """Return whether they give the right results on small arrays."""
    matrix = array("f", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0))
    out = array("f", bytes(16))
    run = kernels.product(matrix, array("f", (0.5, -1.0)), out)
    if not run:
        return False
    run()
    if list(out) != [-1.5, -2.5, -3.5, -4.5]:
        return False
    if hasattr(kernels, "blender"):
        kernels.blender(memoryview(out)[:3], matrix, array("f", (0.5,)))()
        return list(out) == [-0.25, -0.25, -0.25, -4.5]
    return True


# The name that a status shows for float models, and the module that `product` uses.
FLOAT_KERNEL, _float_kernel = _assembler()


def product(matrix, vector):
    """Return a function that returns matrix . vector as a memoryview of floats.

    Each call reads both arrays again. The result is valid until the next call.
    """
    if _float_kernel:
        out = floats(np.zeros(matrix.shape[0]))
        run = _float_kernel.product(floats(matrix), floats(vector), out)
        if run:

            def fast():
                run()
                return out

            return fast

    return lambda: floats(np.dot(matrix, vector))


def blender(mean, state, kept):
    """Return a function that computes mean = state + kept[0] (mean - state), or None.

    mean, state, kept: memoryviews of floats. None: without a kernel for it.
    """
    if not hasattr(_float_kernel, "blender"):
        return None
    return _float_kernel.blender(mean, state, kept)
