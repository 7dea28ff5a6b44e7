"""The part of `rivulet bench` that runs on the interpreter or the board being measured.

Needs `UNITS`, `INPUTS` and `EVENTS` in its globals and the `rivulet` package on the path. Prints
one JSON line a row: what, microseconds an event (median, p99), heap bytes an event, events a
second in a stream with collections included.
"""

import gc
import json
import sys
from math import exp, log, tanh
from time import ticks_diff, ticks_us

from rivulet.cells.decay import Cell
from rivulet.kernels import BACKEND, FLOAT_BYTES, np

_DT_S = 0.01
_ALPHA_MIN = 0.05
_ALPHA_MAX = 30.0


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


class PlainUlab:
    """The cell as one would write it first with ulab: two gates, a temporary for each operation,
    one explicit Euler step."""

    def __init__(self, units, inputs):
        random = Random()
        self._recurrent = np.array(random.rows(units, units, 0.2))
        self._input = np.array(random.rows(units, inputs, 0.5))
        self._bias = np.array(random.values(units, 0.5))
        self._rate_recurrent = np.array(random.rows(units, units, 0.2))
        self._rate_input = np.array(random.rows(units, inputs, 0.5))
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
        gates = np.zeros(2 * units * width)
        for i, value in enumerate(random.values(2 * units * width, 0.2)):
            gates[i] = value
        settings = {
            "drive": "additive",
            "integrator": "exponential",
            "alpha_min": _ALPHA_MIN,
            "alpha_max": _ALPHA_MAX,
        }
        self._cell = Cell(settings, [gates.reshape((2 * units, width))])

    def event(self):
        self._cell.advance(_DT_S)


def measure(name, subject, events):
    """One row. Heap and single events are measured with the collector off, the stream with it."""
    times = []
    subject.event()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    subject.event()
    heap = gc.mem_alloc() - before
    gc.enable()
    for _ in range(events):
        gc.collect()
        started = ticks_us()
        subject.event()
        times.append(ticks_diff(ticks_us(), started))
    started = ticks_us()
    for _ in range(events):
        subject.event()
    stream_us = ticks_diff(ticks_us(), started)
    times.sort()
    return {
        "what": name,
        "median_us": times[len(times) // 2],
        "p99_us": times[len(times) * 99 // 100],
        "heap_bytes": heap,
        "events_per_s": events * 1_000_000 // max(stream_us, 1),
    }


def main(units, inputs, events):
    facts = {
        "machine": sys.implementation[2],
        "micropython": ".".join(str(n) for n in sys.implementation[1][:3]),
        "backend": BACKEND,
        "float_bytes": FLOAT_BYTES,
    }
    print(json.dumps(facts))
    if BACKEND == "ulab":
        subjects = (("plain cell in ulab", PlainUlab), ("Rivulet cell on ulab", Rivulet))
    else:
        subjects = (
            ("plain cell in Python", PlainPython),
            ("Rivulet cell without ulab", Rivulet),
        )
    for name, subject in subjects:
        gc.collect()
        print(json.dumps(measure(name, subject(units, inputs), events)))


main(UNITS, INPUTS, EVENTS)  # noqa: F821
