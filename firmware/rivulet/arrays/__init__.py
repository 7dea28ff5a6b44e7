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


# The file of each assembler kernel, by the name that a status shows.
_FILES = {"rom_float": "rom_float_armv6m", "fpu": "products_fpu"}


def _assembler():
    """Return (name, module) of the assembler products for this core, or (BACKEND, None).

    An .mpy made for another MicroPython can load and still read its arguments wrongly.
    """
    if BACKEND == "ulab" and FLOAT_BYTES == 4:
        # rom_float reads the ROM of the RP2040. fpu does not compile without a floating-point
        # unit.
        rp2040 = "RP2040" in getattr(sys.implementation, "_machine", "")
        name = "rom_float" if rp2040 else "fpu"
        try:
            module = __import__("rivulet.arrays." + _FILES[name], None, None, ("product",))
            matrix = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).reshape((4, 2))
            out = np.zeros(4)
            run = module.product(matrix, np.array([0.5, -1.0]), out)
            if run:
                run()
                if list(floats(out)) == [-1.5, -2.5, -3.5, -4.5]:
                    return name, module
        except (ImportError, SyntaxError, ValueError, TypeError):
            pass
    return BACKEND, None


# The name that a status shows for float models, and the module that `product` uses.
FLOAT_KERNEL, _float_kernel = _assembler()


def product(matrix, vector):
    """Return a function that returns matrix . vector as a memoryview of floats.

    Each call reads both arrays again. The result is valid until the next call.
    """
    if _float_kernel:
        out = np.zeros(matrix.shape[0])
        run = _float_kernel.product(matrix, vector, out)
        if run:
            view = floats(out)

            def fast():
                run()
                return view

            return fast

    return lambda: floats(np.dot(matrix, vector))
