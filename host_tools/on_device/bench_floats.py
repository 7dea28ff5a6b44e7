"""The cell in floats, plainly and as Rivulet has it; a part of `rivulet bench`.

Needs `UNITS`, `INPUTS` and `EVENTS` in its globals and comes behind bench_models.py, in a session
of its own: beside the firmware a board's heap is short of pieces for the weights. Prints JSON: a
line of facts about the interpreter, then one line a row.
"""

import gc
import json
import sys
from math import exp, log, tanh

from rivulet.arrays import BACKEND, FLOAT_BYTES, np
from rivulet.cells.decay import Cell
from rivulet.integers.cells import decay as decay_cell

_DT_S = 0.01
_ALPHA_MIN = 0.05
_ALPHA_MAX = 30.0


if BACKEND == "ulab":
    import ulab


class Random:
    """The same weights on every machine: a linear congruential generator."""

    def __init__(self):
        self._state = 1

    def values(self, count, scale):
        out = []
        for _ in range(count):
            self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
            out.append((self._state / 0x7FFFFFFF - 0.5) * 2 * scale)
        return out

    def rows(self, rows, columns, scale):
        return [self.values(columns, scale) for _ in range(rows)]

    def matrix(self, rows, columns, scale):
        """Row by row: a board's heap has no room for all of them as Python floats."""
        out = np.zeros(rows * columns)
        for row in range(rows):
            for i, value in enumerate(self.values(columns, scale)):
                out[row * columns + i] = value
        return out.reshape((rows, columns))


class PlainUlab:
    """The cell as one would write it first with ulab: two gates, a temporary for each operation,
    one explicit Euler step."""

    def __init__(self, units, inputs):
        random = Random()
        self._recurrent = random.matrix(units, units, 0.2)
        self._input = random.matrix(units, inputs, 0.5)
        self._bias = np.array(random.values(units, 0.5))
        self._rate_recurrent = random.matrix(units, units, 0.2)
        self._rate_input = random.matrix(units, inputs, 0.5)
        self._rate_bias = np.array(random.values(units, 0.5))
        self._x = np.zeros(units)
        self._u = np.array(random.values(inputs, 1.0))

    def event(self):
        x, u = self._x, self._u
        z = np.dot(self._rate_recurrent, x) + np.dot(self._rate_input, u) + self._rate_bias
        alpha = np.clip(np.log(1.0 + np.exp(z)) + 1e-3, _ALPHA_MIN, _ALPHA_MAX)
        g = np.tanh(np.dot(self._recurrent, x) + np.dot(self._input, u) + self._bias)
        self._x = x + _DT_S * (g - alpha * x)


class PlainPython:
    """The same in lists of floats, where there is no ulab."""

    def __init__(self, units, inputs):
        random = Random()
        width = units + inputs + 1
        self._drive = random.rows(units, width, 0.2)
        self._rate = random.rows(units, width, 0.2)
        self._x = [0.0] * units
        self._u = random.values(inputs, 1.0)

    def event(self):
        joint = self._x + self._u + [1.0]
        following = []
        for x, rate, drive in zip(self._x, self._rate, self._drive):
            z = sum(w * v for w, v in zip(rate, joint))
            alpha = min(max(log(1.0 + exp(z)) + 1e-3, _ALPHA_MIN), _ALPHA_MAX)
            g = tanh(sum(w * v for w, v in zip(drive, joint)))
            following.append(x + _DT_S * (g - alpha * x))
        self._x = following


class Rivulet:
    """Rivulet's cell, exponential step, true interval."""

    def __init__(self, units, inputs):
        random = Random()
        width = units + inputs + 1
        gates = random.matrix(2 * units, width, 0.2)
        settings = {
            "drive": "additive",
            "integrator": "exponential",
            "alpha_min": _ALPHA_MIN,
            "alpha_max": _ALPHA_MAX,
        }
        self._cell = Cell(settings, {"gates.weight": gates})

    def event(self):
        self._cell.advance(_DT_S)


facts = {
    "machine": sys.implementation[2],
    "micropython": ".".join(str(n) for n in sys.implementation[1][:3]),
    "ulab": ulab.__version__.split("-")[0] if BACKEND == "ulab" else "",
    "float_bytes": FLOAT_BYTES,
    "kernel": decay_cell.KERNEL,
}
print(json.dumps(facts))
if BACKEND == "ulab":
    subjects = (
        ("the cell written plainly in ulab", PlainUlab),
        ("Rivulet's cell on ulab", Rivulet),
    )
else:
    subjects = (
        ("the cell written plainly in Python", PlainPython),
        ("Rivulet's cell without ulab", Rivulet),
    )
for name, subject in subjects:
    gc.collect()
    print(json.dumps(measure(name, subject(UNITS, INPUTS), EVENTS)))
