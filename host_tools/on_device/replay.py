"""Runs a model over recorded events with the device code; the part of `rivulet replay` that runs
on MicroPython (as a program) or on CPython (imported).

    micropython replay.py FIRMWARE MODEL EVENTS OUT

EVENTS holds a record an event, little-endian: t_us as int64, then for each of the model's channels
the value as float64, NaN where the event does not carry the channel. OUT gets the columns of
OUT.csv as a line of text, then a record an event: t_us as int64, the other columns as float64.
The host writes their digits: MicroPython rounds some in another way.
"""

import os
import struct
import sys


def load(path):
    """Return the running model of a file. Raises ValueError for a model that no board takes."""
    from rivulet import model as model_module

    with open(path, "rb") as file:
        return model_module.load(file, os.stat(path)[6])


def replay(model, events_path: str, out_path: str) -> "tuple[int, int]":
    """Write one record an event: t_us, outputs, state, time constants. Returns (events, late)."""
    form = "<q%dd" % len(model.channels)
    size = struct.calcsize(form)
    columns = _columns(model.output_count, model.hidden)
    row = "<q%dd" % (len(columns) - 1)
    maps = {}
    with open(events_path, "rb") as events, open(out_path, "wb") as out:
        out.write((",".join(columns) + "\n").encode())
        now = None
        count = late = 0
        while True:
            record = events.read(size)
            if not record:
                return count, late
            values = struct.unpack(form, record)
            time, values = values[0], values[1:]
            carried = tuple([i for i in range(len(values)) if values[i] == values[i]])  # no NaN
            if carried not in maps:
                maps[carried] = _map(model, carried)
            dt_us = 0 if now is None else time - now
            if dt_us < 0:
                late += 1
                dt_us = 0
            else:
                now = time
            model.event(dt_us, maps[carried], [values[i] for i in carried])
            out.write(struct.pack(row, time, *_values(model)))
            count += 1


def _map(model, carried):
    """Return what `event` takes for these channels; an integer model's map is slow to build."""
    return model.slots([model.channels[i] for i in carried]) if model.integer else carried


def _columns(outputs, hidden):
    columns = ["t_us"]
    for name, count in (("y", outputs), ("x", hidden), ("tau", hidden)):
        columns += ["%s%d" % (name, i) for i in range(count)]
    return columns


def _values(model):
    values = list(model.physical(2))
    values += list(model.physical(1))
    return values + [1.0 / value for value in model.physical(0)]


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    try:
        print("%d %d" % replay(load(sys.argv[2]), *sys.argv[3:5]))
    except (ValueError, OSError, MemoryError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
