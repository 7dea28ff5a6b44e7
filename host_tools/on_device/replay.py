"""Runs a model over recorded events with the device code; the part of `rivulet replay` that runs
on MicroPython (as a program) or on CPython (imported).

    micropython replay.py FIRMWARE MODEL EVENTS.csv OUT.csv
"""

import os
import sys


def replay(model_path: str, events_path: str, out_path: str) -> "tuple[int, int]":
    """Write one row an event: t_us, outputs, state, time constants. Returns (events, late).

    Raises ValueError for what is wrong with the model or the events.
    """
    from rivulet.model import running as model_module

    with open(model_path, "rb") as file:
        model = model_module.load(file, os.stat(model_path)[6])
    with open(events_path) as events, open(out_path, "w") as out:
        names = events.readline().strip().split(",")[1:]
        numbers = tuple(model.channels.index(name) for name in names)
        out.write(_header(model.output_count, model.hidden))
        now = None
        count = late = 0
        for line in events:
            cells = line.strip().split(",")
            if len(cells) < 2:
                continue
            time = int(cells[0])
            carried = [i for i in range(len(numbers)) if cells[i + 1]]
            dt_us = 0 if now is None else time - now
            if dt_us < 0:
                late += 1
                dt_us = 0
            else:
                now = time
            model.event(
                dt_us,
                tuple(numbers[i] for i in carried),
                [float(cells[i + 1]) for i in carried],
            )
            out.write(_row(time, model))
            count += 1
    return count, late


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
