"""Tensors from files into the backend's arrays, and floats onto the wire."""

import struct
from array import array
from io import BytesIO

from fixtures import raises

from rivulet.arrays import FLOAT_BYTES, floats, np, pack_float32, read_tensor

_VALUES = [1.5, -2.25, 3e-38, 1e30, 0.0, -0.125]


def test_tensors_are_read_one_after_the_other():
    file = BytesIO(bytes(array("f", _VALUES)) + bytes(array("f", [7.0, 8.0])))
    matrix = read_tensor(file, (2, 3))
    assert list(matrix.shape) == [2, 3]
    flat = [value for row in matrix.reshape((6,)) for value in [row]]
    assert flat == [struct.unpack("<f", struct.pack("<f", value))[0] for value in _VALUES]
    assert list(read_tensor(file, (2,))) == [7.0, 8.0]
    assert "ends inside a tensor" in raises(ValueError, read_tensor, file, (1,))


def test_a_tensor_lives_on_by_itself():
    import gc

    tensor = read_tensor(BytesIO(bytes(array("f", [0.5] * 64))), (8, 8))
    for _ in range(50):
        bytearray(256)
        gc.collect()
    litter = [bytearray(b"\xff" * 256) for _ in range(50)]
    assert all(value == 0.5 for value in tensor.reshape((64,)))
    assert len(litter) == 50


def test_floats_look_into_the_array():
    one = np.zeros(3)
    view = floats(one)
    view[1] = 2.5
    assert list(one) == [0.0, 2.5, 0.0]
    assert len(view) == 3 and FLOAT_BYTES in (4, 8)


def test_packing_is_float32_little_endian():
    out = bytearray(b"\xee" * 40)
    end = pack_float32(floats(np.array([1.5, -2.25, 0.1])), out, 5)
    assert end == 5 + 12
    assert bytes(out[5:end]) == struct.pack("<fff", 1.5, -2.25, 0.1)
    assert out[:5] == b"\xee" * 5 and out[end:] == b"\xee" * 23
    assert len(out) == 40
    # A part of an array, and nothing.
    assert pack_float32(floats(np.array([1.0, 2.0, 3.0]))[1:], out, 0) == 8
    assert bytes(out[:8]) == struct.pack("<ff", 2.0, 3.0)
    assert pack_float32(floats(np.array([1.0]))[:0], out, 3) == 3
