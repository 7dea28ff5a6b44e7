"""Integer models and how an event is measured; the first part of every session of `rivulet bench`.

Needs the `rivulet` package on the path.
"""

import gc
from array import array
from math import exp, log, tanh
from time import ticks_diff, ticks_us

from rivulet.integers import decay, layout

_ALPHA_MIN = 0.05
_ALPHA_MAX = 30.0
OUTPUTS = 4


def softplus(z):
    return log(1.0 + exp(z)) if z < 20.0 else z


def some_bytes(count):
    """Random ones, a prime number of which are repeated: more take a board too long."""
    state = 1
    made = bytearray(count)
    for i in range(count):
        state = (state * 1103 + 12345) & 0xFFFF
        made[i] = state >> 8
    return made


def tables():
    """(entry, words) of the tables that all models of this benchmark share."""
    alpha = array("i", bytes(4 * layout.NODES))
    drive = array("i", bytes(4 * layout.NODES))
    for i in range(layout.NODES):
        rate = min(_ALPHA_MIN + softplus((i - 256) / 16), _ALPHA_MAX)
        alpha[i] = int(rate * 1048576)
        drive[i] = int(32767 * tanh((i - 256) / 32))
    decay = array("i", [int(65535 * exp(-i / 16)) for i in range(layout.DECAY_NODES)])
    return (
        (layout.ALPHA_TABLE_AT, alpha),
        (layout.DRIVE_TABLE_AT, drive),
        (layout.DECAY_TABLE_AT, decay),
    )


_SOME_WEIGHTS = some_bytes(1021)
TABLES = tables()


def input_map_of(words, inputs):
    """Return an input map with a value for each input."""
    input_map = [inputs] + [1000 * i for i in range(inputs)]
    for i in range(inputs):
        input_map += [words[layout.V_AT] + 4 * (words[layout.HIDDEN] + i), 20000, 0, 15]
    return array("i", input_map)


def integer_model(units, inputs, every=1):
    """(words, weights, input_map) of an integer model with random weights, mean readout.

    every: 1, or sparse gates that keep one of so many columns.
    """
    groups = (2 * units + 7) // 8
    columns = list(range(0, units + inputs, every))
    blocks = len(columns) * groups if every > 1 else 0
    words = decay.words_for(units, inputs, OUTPUTS, layout.MEAN, blocks)
    if blocks:
        decay.place_columns(words, [len(columns)] * groups, columns * groups)
    weights = layout.weights_for(words)
    for at in range(0, len(weights), len(_SOME_WEIGHTS)):
        weights[at : at + len(_SOME_WEIGHTS)] = _SOME_WEIGHTS[: len(weights) - at]
    put = layout.view
    for entry, count, value in (
        (layout.MULTIPLIER_AT, 2 * units, 20000 | 8 << 16),
        (layout.OUT_MULTIPLIER_AT, OUTPUTS, 20000 | 4 << 16),
    ):
        view = put(words, entry, count)
        for i in range(count):
            view[i] = value
    for entry, table in TABLES:
        put(words, entry, len(table))[:] = table
    put(words, layout.ALPHA_AT, units + 1)[units] = 1 << 19
    return words, weights, input_map_of(words, inputs)


class Integers:
    """Input applied, gates, state, mean and outputs in one kernel's integers."""

    def __init__(self, step, model):
        self._step = step
        self._words, self._weights, self._input_map = model

    def event(self):
        self._step(self._words, self._weights, 10000, self._input_map)


def measure(name, subject, events, together=1):
    """One row. Heap and single events are measured with the collector off, the stream with it.

    together: how many events one call of the subject is. The heap bytes are None where one event
    fills all there is.
    """
    times = []
    subject.event()
    subject.event()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    try:
        subject.event()
        heap = (gc.mem_alloc() - before) // together
    except MemoryError:
        heap = None
    gc.enable()
    for _ in range(events):
        if heap != 0:
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
        "median_us": times[len(times) // 2] // together,
        "p99_us": times[len(times) * 99 // 100] // together,
        "heap_bytes": heap,
        "events_per_s": events * together * 1_000_000 // max(stream_us, 1),
    }
