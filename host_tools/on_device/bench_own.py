"""Times the step of a model file in its best kernel here; a part of `rivulet bench --peers`.

Needs `FILE` and `EVENTS` in its globals and comes behind bench_models.py. Prints one JSON line,
with the bytes that the model takes of the heap: buffers, and the code of its kernels and of the
loader.
"""

import json
import os

from rivulet import model as models


def own():
    gc.collect()
    before = gc.mem_alloc()
    with open(FILE, "rb") as file:  # noqa: F821
        made = models.load(file, os.stat(FILE)[6])  # noqa: F821
    gc.collect()
    heap = gc.mem_alloc() - before
    slots = made.slots(made.channels)
    for i in range(len(made.channels)):
        slots.raw[i] = i + 1
    subject = Integers(made._step, (made._words, made._weights, slots.words))
    row = measure(made.kernel, subject, EVENTS)  # noqa: F821
    row["buffers"] = 4 * len(made._words) + len(made._weights)
    row["model_heap"] = heap
    print(json.dumps(row))


own()
