"""Gathers the values at the sources of a sparse wiring's synapses.

`np.bincount(target, weights=..., minlength=...)` computes the sums at their targets. ulab's `take`
reads its indices one Python object at a time, 50 times slower than its arithmetic, so this module
gathers the values.
"""

from rivulet.arrays import BACKEND, FLOAT_BYTES, floats, np
from rivulet.compat import micropython, ptr16, ptr32


def gatherer(array, source, out):
    """Return a function that sets out[i] = array[source[i]] for all i."""
    if BACKEND == "numpy":
        return lambda: np.take(array, source, out=out)
    views = floats(array), source.view if BACKEND == "plain" else source, floats(out)
    return lambda: _words(*views, FLOAT_BYTES >> 2)


@micropython.viper
def _words(array, source, out, width: int):
    """Copy floats as one or two words of 32 bits, so that no float is boxed."""
    count = int(len(source))
    data = ptr32(array)
    index = ptr16(source)
    target = ptr32(out)
    if width == 1:
        for i in range(count):
            target[i] = data[index[i]]
    else:
        for i in range(count):
            k = index[i] << 1
            target[2 * i] = data[k]
            target[2 * i + 1] = data[k + 1]


def check_indices(indices, limit, name):
    """Raise ValueError if an index is not below `limit`; the gathering itself does not check."""
    if max(indices) >= limit:
        raise ValueError("tensor '%s' has index %d of %d" % (name, max(indices), limit))
