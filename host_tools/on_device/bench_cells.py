"""Six cells as floats and in every integer kernel that runs here; `rivulet bench --cells`.

Needs `UNITS`, `INPUTS`, `EVENTS` and `PART` in its globals and comes behind bench_models.py, each
part in a session of its own: what another one leaves of a board's heap is in pieces. Prints one
JSON line a row, with the cell's name besides. The integer rows bring the inputs in and the outputs
out as well.
"""

import json
from array import array
from io import BytesIO

from rivulet.arrays import BACKEND, np, read_indices
from rivulet.cells import cell_class
from rivulet.integers import layers_choice, layout
from rivulet.integers.cells import integer_cell

_DT_S = 0.01
_PATHS = {"thumb": "Thumb assembler", "viper": "viper"}


def any_values(shape, lowest, highest):
    """Floats that are the same on every machine, none like its neighbour."""
    count = shape[0] * (shape[1] if len(shape) > 1 else 1)
    out = np.zeros(count)
    number = 1
    for i in range(count):
        number = (number * 1103 + 12345) & 0xFFFF
        out[i] = lowest + (highest - lowest) * number / 65536
    return out.reshape(shape) if len(shape) > 1 else out


def wiring(units, inputs, share):
    """(sources in [u; v], targets, counts of both parts): of each target one of `share`."""
    source, target, counts = [], [], []
    for first, width in ((0, inputs), (inputs, units)):
        part = 0
        for i in range(units):
            found = [first + j for j in range(width) if (i + j) % share == 0]
            source += found
            target += [i] * len(found)
            part += len(found)
        counts.append(part)
    return source, target, counts


class Changing:
    """Two events, of which each changes every input: a cascade keeps what depends on inputs that
    stay."""

    def __init__(self, step, model):
        self._step = step
        self._words, self._weights, self._input_map = model
        self._others = array("i", self._input_map)
        for i in range(INPUTS):
            self._others[1 + i] += 1000

    def event(self):
        self._step(self._words, self._weights, 10000, self._input_map)
        self._step(self._words, self._weights, 10000, self._others)


class FloatCell:
    """A float cell under held inputs."""

    def __init__(self, cell, settings, units, inputs, indices=()):
        kind = cell_class(cell)
        settings["channels"] = ["u%d" % i for i in range(inputs)]
        settings["mixed_memory"] = False
        settings["time_unit_s"] = 1.0
        tensors = {}
        for name, shape in kind.shapes(settings, units, inputs).items():
            lowest = 0.1 if cell == "ltc" else -0.2
            tensors[name] = any_values(shape, lowest, lowest + 0.4)
        for name, values in indices:
            tensors[name] = read_indices(BytesIO(bytes(array("H", values))), (len(values),))
        self._cell = kind(settings, tensors)

    def event(self):
        self._cell.advance(_DT_S)


def filled(cell, settings, units, inputs, tensors, read=0):
    """(words, weights) of an integer model with tensors that are given, and any others.

    read: how many units the readout reads, if not all.
    """
    made = integer_cell(cell)
    sizes = units, inputs, OUTPUTS
    settings["rate_bits"] = 20
    words, weights, places = made.lay_out(settings, sizes, layout.MEAN, tensors.get)
    shapes = made.shapes(settings, read or units, inputs, ())
    for name in tensors:
        del shapes[name]
        if isinstance(places[name], int):
            at = places[name] >> 2
            words[at : at + len(tensors[name])] = array("i", tensors[name])
    return layers_choice.filled(words, weights, places, shapes)


def cascade(units, inputs, rates):
    settings = {"layers": [units - units // 2, units // 2], "rates": rates}
    settings["readout_inputs"] = False
    settings.update(alpha_min=0.05, alpha_max=30.0)
    read = units // 2
    return (
        lambda: FloatCell("cascade", settings, read, inputs),
        lambda: filled("cascade", settings, units, inputs, {}, read),
    )


def closed_form(settings):
    settings["mode"] = "default"
    for key in ("gate_shift", "f_shift", "f_limit", "p_shift"):
        settings[key] = 0
    return settings


def wired_cfc(units, inputs):
    """A CfC in three layers, of whose synapses from below the wiring keeps every other one."""
    command = (units - OUTPUTS) * 2 // 5
    layers = [units - OUTPUTS - command, command, OUTPUTS]
    settings = closed_form({"cell": "wired_cfc", "layers": layers, "synapses": []})
    indices = []
    below = inputs
    for i, size in enumerate(layers):
        source, target = [], []
        for row in range(2 * size):
            kept = range(row & 1, below, 2)
            source += kept
            target += [row] * len(kept)
        settings["synapses"].append(len(source))
        indices += [("layer%d.source" % i, source), ("layer%d.target" % i, target)]
        below = size
    return (
        lambda: FloatCell("wired_cfc", settings, units, inputs, indices),
        lambda: filled("wired_cfc", settings, units, inputs, {}),
    )


def cfc(units, inputs):
    """What makes the float cell, and what the integer one."""
    settings = closed_form({"backbone": [2 * units], "activation": "lecun_tanh"})
    return (
        lambda: FloatCell("cfc", settings, units, inputs),
        lambda: filled("cfc", settings, units, inputs, {}),
    )


def ltc(units, inputs, share):
    source, target, counts = wiring(units, inputs, share)
    settings = {"unfolds": 6, "synapses": counts, "epsilon": 1e-8}
    settings.update(step_micro=22907, step_shift=3, sensory_shift=12, recurrent_shift=12)
    indices = ("synapse.source", source), ("synapse.target", target)
    number = len(source)
    ends = [0] * (2 * units)
    for i in range(number):
        ends[target[i] + (units if i >= counts[0] else 0)] += 1
    tensors = {
        "synapse.source": array("B", [(j + units) if j < inputs else j - inputs for j in source]),
        "synapse.sigma": array("h", [5000 + i for i in range(number)]),
        "synapse.offset": array("i", [-1000000] * number),
        "synapse.conductance": array("h", [500] * number),
        "synapse.current": array("h", [400 - i % 800 for i in range(number)]),
        "synapse.counts": array("h", ends),
    }
    return (
        lambda: FloatCell("ltc", settings, units, inputs, indices),
        lambda: filled("ltc", settings, units, inputs, tensors),
    )


def float_row(cell, made):
    yield "ulab" if BACKEND == "ulab" else "without ulab", made(), 1


def stepper(cell, kernel):
    """The step of a cell on a kernel. Raises ImportError if this interpreter lacks it."""
    if cell == "cascade":
        return __import__("rivulet.integers.cascade_" + kernel, None, None, ("step",)).step
    return layers_choice.stepper(cell, kernel)


def integer_rows(cell, made):
    """Yield (path, subject, events that one call of it is)."""
    words, weights = made()
    model = words, weights, input_map_of(words, INPUTS)
    for kernel in ("viper", "thumb"):
        try:
            step = stepper(cell, kernel)
        except (ImportError, SyntaxError, ValueError):
            continue  # none for this chip
        path = "in integers, %s" % _PATHS[kernel]
        if cell == "cascade":
            yield path, Changing(step, model), 2
            path += ", inputs unchanged"
        yield path, Integers(step, model), 1


def main(units, inputs, events, part):
    """part: 0 and 1 are the first cell in floats and in integers, 2 and 3 the second, ..."""
    title, cell, makers = (
        ("CfC, backbone of %d" % (2 * units), "cfc", lambda: cfc(units, inputs)),
        ("LTC, all to all", "ltc", lambda: ltc(units, inputs, 1)),
        ("LTC, one synapse of four", "ltc", lambda: ltc(units, inputs, 4)),
        ("Cascade, rates from u", "cascade", lambda: cascade(units, inputs, "u")),
        ("Cascade, rates from v", "cascade", lambda: cascade(units, inputs, "v")),
        ("Wired CfC, three layers", "wired_cfc", lambda: wired_cfc(units, inputs)),
    )[part // 2]
    rows = integer_rows if part % 2 else float_row
    for path, subject, together in rows(cell, makers()[part % 2]):
        row = measure("%s, %s" % (title, path), subject, events, together)
        row["cell"] = title
        print(json.dumps(row))


main(UNITS, INPUTS, EVENTS, PART)  # noqa: F821
