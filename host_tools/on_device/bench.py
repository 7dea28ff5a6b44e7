"""The integer path by itself, through the whole loop, and from flash; a part of `rivulet bench`.

Needs `UNITS`, `INPUTS`, `EVENTS` and `PART` in its globals and comes behind bench_models.py. PART
is "kernels" (by themselves), "loading" or "loop", each in a session of its own: a Pico has no
memory for all of it at once. Prints one JSON line a row: what, microseconds an event (median and
p99), heap bytes an event, events a second in a stream with collections included. The rows bring
the inputs in and the outputs out as well. "loading" prints how long a model of 64 units takes from
flash to its first event, its SHA-256 included.
"""

import gc
import json
import os
import sys
from array import array
from time import ticks_diff, ticks_ms, ticks_us

from rivulet.integers import choice, decay, layout
from rivulet.integers.cells import decay as decay_cell
from rivulet.integers.model import IntegerModel
from rivulet.link.port import Link
from rivulet.loop import Loop
from rivulet.sensing import sensor
from rivulet.store import uploads

_EVENTS_PER_TURN = 4
_LOADED_UNITS = 64
# Made and removed again, in the folder that a board starts in.
_FOLDER = "bench-models"
_NAMES = {
    "thumb": "Thumb assembler",
    "rv32": "RISC-V assembler",
    "viper": "viper",
    "python": "plain Python",
}
_WIDTHS = {"I32": 4, "I16": 2, "U16": 2, "I8": 1}


class Driver:
    """Gives integers at once: what a bus takes is the bus's."""

    def __init__(self, inputs):
        self.scales = [1 / 4096] * inputs
        self._counts = range(inputs)

    def start(self, handler):
        pass

    def read_raw(self, out):
        for i in self._counts:
            out[i] = i

    def read(self, out):
        self.read_raw(out)


class Board:
    """A board and its rig."""

    NAME = "bench"
    ticks_us = staticmethod(ticks_us)
    ticks_ms = staticmethod(ticks_ms)

    def __init__(self, inputs):
        self._inputs = inputs

    def make_driver(self):
        return Driver(self._inputs)

    def make_sensors(self):
        channels = ["u%d" % i for i in range(self._inputs)]
        return [sensor.Sensor("bench", self.make_driver, channels, [""] * self._inputs)]

    def make_actuators(self):
        return []

    def idle(self):
        pass


class Silent(Link):
    """Frames are made and go nowhere: this program's own output has the port."""

    def __init__(self):
        super().__init__(sys.stdin.buffer, sys.stdout.buffer)

    def receive(self):
        return False

    def flush(self):
        words = self._words
        words[0] = words[1]


class Store:
    safe_mode = ""
    trial = None
    on_trial = True  # what does not start is raised

    def __init__(self, model):
        self._model = model

    def load_active(self):
        self._model.digest = "bench"
        return self._model

    def watch(self, *_):
        pass

    def facts(self):
        return {}


def integer_settings(inputs):
    """What the file of an integer model says besides its tensors."""
    return {
        "format": "rivulet-1",
        "arithmetic": "int8",
        "cell": "decay",
        "integrator": "exponential",
        "drive": "relaxing",
        "convention": "previous",
        "channels": ["u%d" % i for i in range(inputs)],
        "units": [""] * inputs,
        "normalisation": {"offset": [0.0] * inputs, "scale": [1.0] * inputs},
        "state_scale": 1.0,
        "output_bits": 10,
        "readout": "mean",
        "readout_tau_s": 2.0,
        "mean_rate": 1 << 19,
        "output": "class",
        "classes": [str(i) for i in range(OUTPUTS)],
        "policy": {"cadence_us": 100000},
        "training_dt_us": None,
        "provenance": {},
    }


def write_model(path, units, inputs):
    """A model file as `rivulet convert --dtype int8` writes it, with weights of zero."""
    words = integer_model(units, inputs)[0]

    def part(entry, count, typecode="i"):
        return array(typecode, layout.view(words, entry, count))

    rows = 2 * units
    tensors = (
        ("gates.bias", "I32", (rows,), part(layout.BIAS_AT, rows)),
        ("gates.multiplier", "I32", (rows,), part(layout.MULTIPLIER_AT, rows)),
        ("readout.bias", "I32", (OUTPUTS,), part(layout.OUT_BIAS_AT, OUTPUTS)),
        ("readout.multiplier", "I32", (OUTPUTS,), part(layout.OUT_MULTIPLIER_AT, OUTPUTS)),
        ("table.alpha", "I32", (layout.NODES,), part(layout.ALPHA_TABLE_AT, layout.NODES)),
        (
            "table.decay",
            "U16",
            (layout.DECAY_NODES,),
            part(layout.DECAY_TABLE_AT, layout.DECAY_NODES, "H"),
        ),
        ("table.drive", "I16", (layout.NODES,), part(layout.DRIVE_TABLE_AT, layout.NODES, "h")),
        ("gates.weight", "I8", (rows, units + inputs), bytearray(rows * (units + inputs))),
        ("readout.weight", "I8", (OUTPUTS, units), bytearray(OUTPUTS * units)),
    )
    metadata = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in integer_settings(inputs).items()
    }
    header = {"__metadata__": metadata}
    end = 0
    for name, dtype, shape, values in tensors:
        begin, end = end, end + len(values) * _WIDTHS[dtype]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for _, _, _, values in tensors:
            file.write(values)


def loading(inputs):
    """Milliseconds from a model file to its first event done."""
    path = _FOLDER + "/active.safetensors"
    os.mkdir(_FOLDER)
    try:
        write_model(path, _LOADED_UNITS, inputs)
        # What is timed is a start, not the taking over of a file without a journal.
        uploads.Store(_FOLDER).load_active()
        values = [0.5] * inputs
        gc.collect()
        started = ticks_us()
        model = uploads.Store(_FOLDER).load_active()
        model.event(10000, model.slots(model.channels), values)
        return ticks_diff(ticks_us(), started) / 1000
    finally:
        for name in os.listdir(_FOLDER):
            os.remove(_FOLDER + "/" + name)
        os.rmdir(_FOLDER)


class WholeLoop:
    """Ring to policy, with telemetry at 20 Hz; a turn takes several events, as under load."""

    def __init__(self, model, inputs):
        words, weights, _ = model
        made = IntegerModel(integer_settings(inputs), words, weights)
        board = Board(inputs)
        self._loop = Loop(board, board, Silent(), Store(made))
        self._loop.telemetry.configure(0x0F, 20.0, 65000)

    def event(self):
        ring = self._loop.ring
        last = ticks_us()
        for _ in range(_EVENTS_PER_TURN):
            # Some time between two events, or a fast machine had nothing to do.
            now = ticks_us()
            while now == last:
                now = ticks_us()
            last = now
            ring.push(now, 0)
        self._loop.turn()


def kernels():
    """(name, step) of every kernel that runs here, the slowest first."""
    found = []
    for name in ("viper", "rv32", "thumb"):
        try:
            found.append(
                (name, __import__("rivulet.integers.decay_" + name, None, None, ("step",)).step)
            )
        except (ImportError, SyntaxError, ValueError):
            pass
    return found or [("python", decay.step)]


def in_integers(units, inputs, events):
    """Time the kernels by themselves."""
    model = integer_model(units, inputs)
    for name, step in kernels():
        subject = Integers(step, model)
        print(json.dumps(measure("in integers, %s" % _NAMES[name], subject, events)))
    if choice.has_dsp():
        from rivulet.integers import dsp

        own = integer_model(units, inputs)
        found = dsp.kernel("decay", *own[:2])
        if found:
            subject = Integers(found[1], own)
            row = measure("in integers, Thumb assembler with DSP", subject, events)
            print(json.dumps(row))
    half = Integers(decay_cell.step, integer_model(units, inputs, 2))
    print(json.dumps(measure("the same, half of the weights pruned", half, events)))


def in_the_loop(units, inputs, events):
    loop = WholeLoop(integer_model(units, inputs), inputs)
    row = measure("one event through the whole loop", loop, events, _EVENTS_PER_TURN)
    print(json.dumps(row))


def from_flash(_units, inputs, _events):
    print(json.dumps({"load_ms": loading(inputs)}))


def main(part, *sizes):
    {"kernels": in_integers, "loading": from_flash, "loop": in_the_loop}[part](*sizes)


main(PART, UNITS, INPUTS, EVENTS)  # noqa: F821
