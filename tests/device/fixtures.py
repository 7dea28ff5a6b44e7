"""What the device tests share: small model files, a scratch folder.

Runs on CPython and MicroPython alike, as the tests do.
"""

import json
import os
import struct
from array import array
from io import BytesIO

from rivulet import model as device_model
from rivulet.compat import micropython, ptr32
from rivulet.model.header import INDICES

try:
    from unittest import SkipTest
except ImportError:

    class SkipTest(Exception):
        pass


FLOAT32 = 1.0 + 2.0**-40 == 1.0
# How far two correct computations of the same thing may be apart, for values around 1.
# An action's values are always float32.
ACTION_TOLERANCE = 2e-5
TOLERANCE = ACTION_TOLERANCE if FLOAT32 else 1e-12


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


def moment(clock, ticks):
    """(epoch, ticks) of an event's stamp."""
    clock.advance(ticks, array("i", (0, 0)), clock.stamp)
    return tuple(clock.stamp)


@micropython.viper
def _draw(state: ptr32) -> int:
    """Step x to (1103515245 x + 12345) mod 2^31 and return its upper 23 bits.

    Plain code would make big numbers of it on the heap; viper's constants have 30 bits at most.
    """
    x = int(state[0])
    x = x * 29773421 + (x << 30) + 12345
    state[0] = (x & 0x3FFFFFFF) | ((x >> 30) & 1) << 30
    return (x >> 8) & 0x7FFFFF


class Numbers:
    """Pseudo-random numbers, the same on every interpreter and exact in float32."""

    def __init__(self, seed=1):
        self._state = array("i", (seed,))

    def below(self, limit):
        return _draw(self._state) % limit

    def unit(self):
        """-1 to 1, in steps of 1/1024."""
        return (self.below(2049) - 1024) / 1024


def settings(**changes):
    """The metadata of a good model file, changed."""
    made = {
        "format": device_model.FORMAT,
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
    if "units" not in changes and isinstance(made["channels"], list):
        made["units"] = ["m"] * len(made["channels"])
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
    # Indices last, as safetensors does: floats stay aligned.
    named = sorted((arrays or tensors()).items(), key=lambda item: item[0].endswith(INDICES))
    for name, (shape, values) in named:
        indices = name.endswith(INDICES)
        piece = bytes(array("H" if indices else "f", values))
        header[name] = {
            "dtype": "U16" if indices else "F32",
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
    return device_model.load(BytesIO(data), len(data))


def built(arrays=None, **changes):
    """A running model."""
    return load(model_bytes(settings(**changes), arrays))


def run(made, step, count=80, longest_us=3000000, seed=9, tolerance=TOLERANCE):
    """Drive a model whose convention is "current" and a reference with the same events.

    step(state, inputs, seconds) -> (state, rates), lists, are the reference's.
    """
    numbers = Numbers(seed)
    state = list(made.cell.state_floats)
    inputs = len(made.channels)
    for _ in range(count):
        values = [numbers.unit() for _ in range(inputs)]
        dt_us = 1 + numbers.below(longest_us) // 10 ** numbers.below(5)
        made.event(dt_us, tuple(range(inputs)), values)
        state, rates = step(state, values, dt_us * 1e-6)
        assert close(made.cell.state_floats, state, tolerance), dt_us
        assert close(made.cell.alpha_floats, rates, 10 * tolerance), dt_us


class Weights:
    """Random tensors of a model file: {name: (shape, values)}, of any scale and sign."""

    def __init__(self, seed=1):
        self._numbers = Numbers(seed)
        self.arrays = {}

    def add(self, name, *shape, scale=1.0, offset=0.0):
        """Add a tensor and return its values, as rows if it has two dimensions."""
        count = shape[0] * shape[-1] if len(shape) == 2 else shape[0]
        # In steps of 1/1024 at a scale of a power of two: exact in float32.
        values = [offset + scale * self._numbers.unit() for _ in range(count)]
        return self.put(name, shape, values)

    def put(self, name, shape, values):
        self.arrays[name] = (shape, values)
        if len(shape) == 1:
            return values
        return [values[i * shape[1] : (i + 1) * shape[1]] for i in range(shape[0])]


def product(rows, x):
    """A matrix, as rows, times a vector."""
    return [sum(w * e for w, e in zip(row, x)) for row in rows]


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
