"""Runs a model over recorded events with the device code; the part of `rivulet replay` that runs
on MicroPython (as a program) or on CPython (imported).

    micropython replay.py FIRMWARE MODEL EVENTS OUT.csv

EVENTS holds a record an event, little-endian: t_us as int64, then for each of the model's channels
the value as float64, NaN where the event does not carry the channel.
"""

import os
import struct
import sys


def replay(model_path: str, events_path: str, out_path: str) -> "tuple[int, int]":
    """Write one row an event: t_us, outputs, state, time constants. Returns (events, late).

    Raises ValueError for a model that no board takes.
    """
    from rivulet import model as model_module

    with open(model_path, "rb") as file:
        model = model_module.load(file, os.stat(model_path)[6])
    form = "<q%dd" % len(model.channels)
    size = struct.calcsize(form)
    with open(events_path, "rb") as events, open(out_path, "w") as out:
        out.write(_header(model.output_count, model.hidden))
        now = None
        count = late = 0
        while True:
            record = events.read(size)
            if not record:
                return count, late
            values = struct.unpack(form, record)
            time, values = values[0], values[1:]
            carried = tuple(i for i in range(len(values)) if values[i] == values[i])  # no NaN
            dt_us = 0 if now is None else time - now
            if dt_us < 0:
                late += 1
                dt_us = 0
            else:
                now = time
            model.event(dt_us, carried, [values[i] for i in carried])
            out.write(_row(time, model))
            count += 1


def _header(outputs, hidden):
    columns = ["t_us"]
    for name, count in (("y", outputs), ("x", hidden), ("tau", hidden)):
        columns += ["%s%d" % (name, i) for i in range(count)]
    return ",".join(columns) + "\n"


def _row(time, model):
    cells = [str(time)]
    cells += ["%.12g" % value for value in model.physical(2)]
    cells += ["%.12g" % value for value in model.physical(1)]
    cells += ["%.12g" % (1.0 / value) for value in model.physical(0)]
    return ",".join(cells) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    try:
        print("%d %d" % replay(*sys.argv[2:5]))
    except (ValueError, OSError, MemoryError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
