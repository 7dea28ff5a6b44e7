"""What the device tests share: small model files, a scratch folder.

Runs on CPython and MicroPython alike, as the tests do.
"""

import json
import os
import struct
from array import array
from io import BytesIO

from rivulet import model

try:
    from unittest import SkipTest
except ImportError:

    class SkipTest(Exception):
        pass


FLOAT32 = 1.0 + 2.0**-40 == 1.0
# How far two correct computations of the same thing may be apart, for values around 1.
TOLERANCE = 2e-5 if FLOAT32 else 1e-12


def raises(kind, function, *arguments):
    """The message of the exception of this kind that function(*arguments) has to raise."""
    try:
        function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("%s was not raised" % kind.__name__)


def close(one, other, tolerance=TOLERANCE):
    """Whether two sequences of floats agree."""
    return len(one) == len(other) and all(
        abs(a - b) <= tolerance * (1.0 + abs(b)) for a, b in zip(one, other)
    )


class Numbers:
    """Pseudo-random numbers, the same on every interpreter and exact in float32."""

    def __init__(self, seed=1):
        self._state = seed

    def below(self, limit):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % limit

    def unit(self):
        """-1 to 1, in steps of 1/1024."""
        return (self.below(2049) - 1024) / 1024


def settings(**changes):
    """The metadata of a good model file, changed."""
    made = {
        "format": model.FORMAT,
        "cell": "decay",
        "drive": "relaxing",
        "integrator": "exponential",
        "convention": "previous",
        "alpha_min": 0.5,
        "alpha_max": 20.0,
        "channels": ["a", "b", "c"],
        "units": ["m", "m", "m"],
        "normalisation": {"offset": [0.5, 0.0, -0.25], "scale": [1.0, 1.0, 1.0]},
        "readout": "mean",
        "readout_tau_s": 2.0,
        "output": "class",
        "classes": ["still", "walking"],
        "policy": {"cadence_us": 100000},
        "training_dt_us": 100000,
        "provenance": {},
    }
    made.update(changes)
    return made


def tensors(hidden=4, inputs=3, outputs=2, seed=1, recurrent=1.0):
    """{name: (shape, values)} of a decay model; `recurrent` scales what the state drives."""
    numbers = Numbers(seed)
    width = hidden + inputs + 1
    gates = []
    for _ in range(2 * hidden):
        gates += [recurrent * numbers.unit() for _ in range(hidden)]
        gates += [numbers.unit() for _ in range(inputs + 1)]
    readout = [numbers.unit() for _ in range(outputs * (hidden + 1))]
    return {
        "gates.weight": ((2 * hidden, width), gates),
        "readout.weight": ((outputs, hidden + 1), readout),
    }


def model_bytes(metadata=None, arrays=None):
    """A model file."""
    metadata = metadata or settings()
    header = {
        "__metadata__": {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in metadata.items()
        }
    }
    data = b""
    for name, (shape, values) in (arrays or tensors()).items():
        piece = bytes(array("f", values))
        header[name] = {
            "dtype": "F32",
            "shape": list(shape),
            "data_offsets": [len(data), len(data) + len(piece)],
        }
        data += piece
    return packed(header, data)


def packed(header, data):
    """A safetensors file of a header and the bytes behind it."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def load(data):
    return model.load(BytesIO(data), len(data))


def built(arrays=None, **changes):
    """A running model."""
    return load(model_bytes(settings(**changes), arrays))


class Scratch:
    """A folder of its own, removed at the end of a `with`."""

    def __enter__(self):
        parent = os.getenv("TMPDIR") if hasattr(os, "getenv") else None
        if not parent:
            parent = "/tmp" if "tmp" in os.listdir("/") else ""
        name = "".join("%02x" % byte for byte in os.urandom(8))
        self.path = parent + "/rivulet-test-" + name
        os.mkdir(self.path)
        return self.path

    def __exit__(self, *_):
        for name in os.listdir(self.path):
            os.remove(self.path + "/" + name)
        os.rmdir(self.path)
