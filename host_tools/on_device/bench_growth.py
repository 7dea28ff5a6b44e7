"""What an event costs by units; a part of `rivulet bench`, behind bench_models.py.

In a session of its own: beside the firmware a board's heap has no piece for the weights of 128
units. Needs `INPUTS` in its globals. Prints one JSON line with the best kernel's times, and with
what did not fit: units, and what the interpreter said.
"""

import json

from rivulet.integers.cells import decay as decay_cell

# The largest first: a fresh heap has room for it in one piece. The last one fits on no Pico.
_UNITS = (192, 128, 96, 64, 32, 16, 8, 256)
_EVENTS = 9


def growth(inputs):
    """Return ([[units, median microseconds]], [[units, reason]] of what did not fit)."""
    points, missing = [], []
    for units in _UNITS:
        gc.collect()
        try:
            subject = Integers(decay_cell.step, integer_model(units, inputs))
        except MemoryError as error:
            missing.append([units, str(error)])
            continue
        points.append([units, measure("", subject, _EVENTS)["median_us"]])
        subject = None
    return points, missing


gc.collect()
free = gc.mem_free()
# Kernels in plain Python take too long to be asked for all that.
points, missing = growth(INPUTS) if decay_cell.KERNEL != "python" else ([], [])  # noqa: F821
print(json.dumps({"growth": points, "missing": missing, "free": free}))
