"""The names of ulab.numpy that Rivulet uses, in plain Python, for firmware without ulab.

Names and meanings are the same. Arrays are dense, of one or two dimensions; slices of
one-dimensional arrays are views. It is slower than ulab by one to two orders of magnitude, and
lets a board with stock firmware run the same model.
"""

import math
from array import array as _array

# Arrays store the interpreter's own float: 32 bits on a board, 64 bits on a 64-bit interpreter.
_TYPECODE = "d" if 1.0 + 2.0**-40 != 1.0 else "f"
FLOAT_BYTES = 8 if _TYPECODE == "d" else 4

_INFINITY = float("inf")
_NAN = float("nan")


class ndarray:
    """A dense array over a memoryview of floats, created by the functions below."""

    def __init__(self, view, shape):
        self.view = view
        self.shape = shape

    def __len__(self):
        return self.shape[0]

    def __iter__(self):
        return iter(self.view)

    def __getitem__(self, index):
        if isinstance(index, slice):
            view = self.view[index]
            return ndarray(view, (len(view),))
        return self.view[index]

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            view = self.view[index]
            for i in range(len(view)):
                view[i] = value if isinstance(value, (int, float)) else value.view[i]
        else:
            self.view[index] = value

    def reshape(self, shape):
        size = 1
        for length in shape:
            size *= length
        if size != len(self.view):
            raise ValueError("cannot reshape array")
        return ndarray(self.view, shape)

    def _other(self, other):
        """Return `other` as (sequence, step); step 0 repeats a scalar or one-element array."""
        if isinstance(other, ndarray):
            if len(other.view) == len(self.view):
                return other.view, 1
            if len(other.view) == 1:
                return other.view, 0
            raise ValueError("operands could not be broadcast together")
        return (other,), 0

    def __iadd__(self, other):
        a = self.view
        b, step = self._other(other)
        j = 0
        for i in range(len(a)):
            a[i] += b[j]
            j += step
        return self

    def __isub__(self, other):
        a = self.view
        b, step = self._other(other)
        j = 0
        for i in range(len(a)):
            a[i] -= b[j]
            j += step
        return self

    # __iadd__ and __isub__ are the only in-place methods that MicroPython calls. `a *= b` binds
    # `a` to a new array here, and callers use that array.
    def __mul__(self, other):
        a = self.view
        b, step = self._other(other)
        out = zeros(len(a))
        j = 0
        for i in range(len(a)):
            out.view[i] = a[i] * b[j]
            j += step
        return out

    def __truediv__(self, other):
        a = self.view
        b, step = self._other(other)
        out = zeros(len(a))
        j = 0
        for i in range(len(a)):
            out.view[i] = a[i] / b[j]
            j += step
        return out


def floats(a):
    """Return the memoryview of floats under an array."""
    return a.view


def zeros(shape):
    rows, columns = (shape, 1) if isinstance(shape, int) else shape
    data = memoryview(_array(_TYPECODE, bytes(rows * columns * FLOAT_BYTES)))
    return ndarray(data, (shape,) if isinstance(shape, int) else shape)


def array(values):
    data = memoryview(_array(_TYPECODE, values))
    return ndarray(data, (len(data),))


def dot(a, b):
    """Return a . b, of shapes (rows, columns) and (columns,)."""
    rows, columns = a.shape
    if columns != len(b.view):
        raise ValueError("dimensions do not match")
    weights = a.view
    x = list(b.view)
    out = zeros(rows)
    k = 0
    for i in range(rows):
        total = 0.0
        for value in x:
            total += weights[k] * value
            k += 1
        out.view[i] = total
    return out


def _unary(function):
    def apply(a, out=None):
        if out is None:
            out = zeros(len(a))
        source, target = a.view, out.view
        for i in range(len(source)):
            target[i] = function(source[i])
        return out

    return apply


def _exp(x):
    # math.exp raises where ulab returns infinity; the limit depends on the float's width.
    try:
        return math.exp(x)
    except (OverflowError, ValueError):
        return _INFINITY


def _log(x):
    return math.log(x) if x > 0.0 else (-_INFINITY if x == 0.0 else _NAN)


def _expm1(x):
    try:
        return math.expm1(x)
    except (OverflowError, ValueError):
        return _INFINITY


exp = _unary(_exp)
expm1 = _unary(_expm1)
log = _unary(_log)
sqrt = _unary(math.sqrt)
tanh = _unary(math.tanh)


def minimum(a, b):
    """Return the elementwise minimum; `b`: an array of the same length or of one, or a number."""
    other, step = a._other(b)
    out = zeros(len(a))
    j = 0
    for i in range(len(a)):
        out.view[i] = a.view[i] if a.view[i] < other[j] else other[j]
        j += step
    return out


def maximum(a, b):
    """Return the elementwise maximum; `b` as in `minimum`."""
    other, step = a._other(b)
    out = zeros(len(a))
    j = 0
    for i in range(len(a)):
        out.view[i] = a.view[i] if a.view[i] > other[j] else other[j]
        j += step
    return out


def bincount(indices, weights, minlength):
    """Return an array whose element k is the sum of the weights with index k < minlength."""
    out = zeros(minlength)
    total, index, source = out.view, indices.view, weights.view
    for i in range(len(index)):
        total[index[i]] += source[i]
    return out


def max(a):
    best = a.view[0]
    for value in a.view:
        if value > best:
            best = value
    return best


def sum(a):
    total = 0.0
    for value in a.view:
        total += value
    return total


def argmax(a):
    best = 0
    for i in range(1, len(a)):
        if a.view[i] > a.view[best]:
            best = i
    return best
