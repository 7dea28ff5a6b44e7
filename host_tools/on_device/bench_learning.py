"""What it takes to learn a label: `rivulet bench --labels`, behind bench_models.py.

Needs `UNITS`, `INPUTS` and `LABELS` in its globals. Prints one JSON line for the readout of a
float model and one for that of an integer model: microseconds of the turns (the label itself,
median, worst), milliseconds and turns of a label, heap bytes of garbage a label, and heap bytes
that a model which learns keeps.
"""

import json

from rivulet.arrays import floats, np
from rivulet.integers.open_readout import OpenReadout as IntegerReadout
from rivulet.model.learner import Learner
from rivulet.model.open_readout import OpenReadout as FloatReadout

_SETTINGS = {"adaptation": {"spare": 0, "weight": 3.0, "forgetting": 1.0}}


class Features:
    """Stands in for the readout of a float model."""

    def __init__(self, width):
        self.weights = np.zeros((OUTPUTS, width))
        self.now = floats(np.zeros(width))

    def features(self):
        return self.now


def float_readout(width):
    readout = Features(width)
    return FloatReadout(readout), readout.now


def integer_readout(width):
    words, weights = integer_model(UNITS, INPUTS)[:2]
    at = words[layout.FEATURE_AT]
    bits = 10
    made = IntegerReadout(words, weights, at, OUTPUTS, width, bits, lambda: None)
    return made, layout.view(words, layout.FEATURE_AT, width)


def identity(width):
    prior = np.zeros(width * (width + 1) // 2)
    at = 0
    for i in range(width):
        floats(prior)[at] = 1.0
        at += i + 2
    return prior


def learning(what, make, unit):
    width = UNITS + 1
    rows, features = make(width)
    gc.collect()
    before = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
    scale = np.zeros(UNITS)
    for i in range(UNITS):
        floats(scale)[i] = 1.0
    learner = Learner(_SETTINGS, rows, identity(width), np.zeros(UNITS), scale)
    gc.collect()
    kept = (gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0) - before
    taken, turns, garbage = [], [], []
    for number in range(LABELS):
        for i in range(UNITS):
            features[i] = (
                unit * ((7 * i + 13 * number) % 19 - 9) / 9
                if unit == 1.0
                else (int(unit * ((7 * i + 13 * number) % 19 - 9)) // 9)
            )
        wanted = [1.0 if i == number % OUTPUTS else -1.0 for i in range(OUTPUTS)]
        gc.collect()
        gc.disable()
        allocated = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
        done = False
        started = ticks_us()
        learner.take(wanted)
        taken.append(ticks_diff(ticks_us(), started))
        each = []
        while not done:
            started = ticks_us()
            done = learner.turn()
            each.append(ticks_diff(ticks_us(), started))
            if len(each) % 8 == 0:
                # A board collects in idle turns.
                garbage.append((gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0) - allocated)
                gc.collect()
                allocated = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
        started = ticks_us()
        rows.commit()
        each.append(ticks_diff(ticks_us(), started))
        turns.append(each)
        gc.enable()
    flat = sorted(us for each in turns for us in each)
    print(
        json.dumps(
            {
                "what": what,
                "units": UNITS,
                "outputs": OUTPUTS,
                "take_us": max(taken),
                "turn_us": flat[len(flat) // 2],
                "worst_turn_us": flat[-1],
                "turns": len(turns[0]),
                "label_ms": round((sum(turns[-1]) + taken[-1]) / 1000, 1),
                "garbage_bytes": sum(garbage) // LABELS,
                "kept_bytes": kept,
            }
        )
    )


learning("floats", float_readout, 1.0)
learning("integers", integer_readout, 4096.0)
