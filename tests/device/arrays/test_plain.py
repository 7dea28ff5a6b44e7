"""The plain arrays: the names that cells use behave as in this interpreter's backend."""

from math import e, log

from fixtures import Numbers, close, raises

from rivulet.arrays import BACKEND, FLOAT_BYTES, floats, np, plain

_INFINITY = float("inf")


def vector(count, seed):
    numbers = Numbers(seed)
    return [4.0 * numbers.unit() for _ in range(count)]


def both(values):
    """The same array of the stand-in and of the backend."""
    return plain.array(values), np.array(values)


def same(a, b):
    return close(list(plain.floats(a)), list(floats(b)))


def test_the_width_is_the_interpreters():
    assert plain.FLOAT_BYTES == FLOAT_BYTES == (4 if 1.0 + 2.0**-40 == 1.0 else 8)
    assert (BACKEND == "plain") == (np is plain)


def test_zeros_and_shapes():
    for shape in (1, 5, (2, 3), (1, 1)):
        assert list(plain.zeros(shape).shape) == list(np.zeros(shape).shape)
        assert all(value == 0.0 for value in plain.floats(plain.zeros(shape)))
    flat = plain.zeros(6)
    matrix = flat.reshape((2, 3))
    flat[4] = 7.0
    assert matrix.shape == (2, 3) and list(plain.floats(matrix))[4] == 7.0
    raises(ValueError, flat.reshape, (2, 4))


def test_slices_are_views():
    for module, view in ((plain, plain.floats), (np, floats)):
        whole = module.array([1.0, 2.0, 3.0, 4.0])
        part = whole[1:3]
        part += module.array([10.0, 20.0])
        assert list(view(whole)) == [1.0, 12.0, 23.0, 4.0]
        view(part)[0] = 5.0
        assert whole[1] == 5.0 and len(part) == 2
        whole[2:] = module.array([8.0, 9.0])
        assert list(view(whole)) == [1.0, 5.0, 8.0, 9.0] and part[1] == 8.0


def test_slices_take_a_number_everywhere():
    one = plain.array([1.0, 2.0, 3.0])
    one[1:] = 0.5
    assert list(one) == [1.0, 0.5, 0.5]


def test_dot():
    for rows, columns in ((1, 1), (3, 5), (8, 2)):
        values = vector(rows * columns, 3)
        x = vector(columns, 4)
        a, b = both(values)
        u, v = both(x)
        found = plain.dot(a.reshape((rows, columns)), u)
        assert same(found, np.dot(b.reshape((rows, columns)), v))
        expected = [
            sum(values[r * columns + c] * x[c] for c in range(columns)) for r in range(rows)
        ]
        assert close(list(found), expected)
    raises(ValueError, plain.dot, plain.zeros((2, 3)), plain.zeros(4))


def test_arithmetic_in_place_and_not():
    for other in (vector(6, 8), [0.75]):
        a, b = both(vector(6, 7))
        c, d = both(other)
        kept = a
        a += c
        b += d
        assert same(a, b) and a is kept
        a -= c
        a -= c
        b -= d
        b -= d
        assert same(a, b) and a is kept
        a *= c
        b *= d
        assert same(a, b)
        a /= c
        b /= d
        assert same(a, b)
    one = plain.array([1.0, 2.0])
    one += 0.5
    one *= 2.0
    assert list(one) == [3.0, 5.0]


def test_shapes_that_do_not_fit_are_refused():
    one, other = plain.zeros(3), plain.zeros(2)
    for operation in (
        one.__iadd__,
        one.__isub__,
        one.__mul__,
        one.__truediv__,
        lambda two: plain.minimum(one, two),
    ):
        raises(ValueError, operation, other)


def test_functions_of_each_element():
    values = vector(20, 9) + [0.0, 1e-6, -1e-6, 30.0, -30.0]
    for name in ("exp", "expm1", "tanh"):
        a, b = both(values)
        assert same(getattr(plain, name)(a), getattr(np, name)(b)), name
        assert list(plain.floats(a)) == list(plain.array(values))
        target = plain.zeros(len(values))
        assert getattr(plain, name)(a, out=target) is target
        assert same(target, getattr(np, name)(b))
        # In place.
        getattr(plain, name)(a, out=a)
        assert same(a, getattr(np, name)(b))
    a, b = both([0.5, 1.0, 7.0, 1e6])
    assert same(plain.log(a), np.log(b))


def test_beyond_the_range():
    assert list(plain.exp(plain.array([1e5, -1e5]))) == [_INFINITY, 0.0]
    assert list(plain.expm1(plain.array([1e5, -1e5]))) == [_INFINITY, -1.0]
    assert list(plain.tanh(plain.array([1e5, -1e5]))) == [1.0, -1.0]
    logs = list(plain.log(plain.array([0.0, -1.0, _INFINITY])))
    assert logs[0] == -_INFINITY and logs[1] != logs[1] and logs[2] == _INFINITY
    nan = float("nan")
    for name in ("exp", "expm1", "tanh", "log"):
        value = getattr(plain, name)(plain.array([nan]))[0]
        assert value != value, name


def test_expm1_keeps_the_digits_of_small_numbers():
    tiny = plain.expm1(plain.array([-1e-7]))[0]
    assert abs(tiny + 1e-7) < 1e-12
    assert close([plain.log(plain.array([e]))[0]], [log(e)])


def test_reductions():
    values = [3.0, -1.0, 7.0, 7.0, -9.0]
    a, b = both(values)
    assert plain.max(a) == np.max(b) == 7.0
    assert plain.sum(a) == np.sum(b) == 7.0
    assert plain.argmax(a) == np.argmax(b) == 2
    assert plain.argmax(plain.array([-3.0])) == 0
    assert plain.max(plain.array([-3.0, -2.0])) == -2.0


def test_minimum():
    a, b = both([1.0, 5.0, -2.0])
    for other in ([2.0], [0.0, 9.0, -3.0]):
        c, d = both(other)
        assert same(plain.minimum(a, c), np.minimum(b, d))
    assert list(a) == [1.0, 5.0, -2.0]
