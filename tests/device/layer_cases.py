"""Integer models of layers with random and extreme contents, for their kernels' tests."""

from array import array

from kernel_cases import (
    INTERVALS_US,
    LEAST,
    LONG_INTERVALS,
    ORDINARY,
    WILD,
    decay_table,
    input_map,
    integer_settings,
    saturate,
)

from rivulet.integers import layout
from rivulet.integers.cells import cascade as cascade_cell
from rivulet.integers.cells import cfc as cfc_cell
from rivulet.integers.cells import ltc as ltc_cell
from rivulet.integers.cells import wired_cfc as wired_cell

SIZES = ((32, 4, 4), (1, 1, 1), (5, 3, 9), (8, 8, 8))


def cfc(numbers, size, kind, memory=False):
    """(words, weights) of a CfC; WILD ones use all that the kernels promise to bear."""
    backbone = numbers.one_of(([], [7], [16], [3, 12]))
    return _closed_form(numbers, cfc_cell, size, kind, {"backbone": backbone}, memory)


def wired_cfc(numbers, size, kind, memory=False):
    """The same of a wired CfC."""
    units = split(numbers, size[0])
    return _closed_form(numbers, wired_cell, size, kind, {"layers": units}, memory)


def cfc_mixed(numbers, size, kind):
    """The same with mixed memory."""
    return cfc(numbers, size, kind, True)


def wired_cfc_mixed(numbers, size, kind):
    return wired_cfc(numbers, size, kind, True)


def ltc_mixed(numbers, size, kind):
    return ltc(numbers, size, kind, True)


def _memory(numbers, settings):
    settings["mixed_memory"] = True
    settings["memory_shift"], settings["memory_fit"] = numbers.below(7), numbers.below(7)


def split(numbers, n):
    """The sizes of one to three layers of n units."""
    sizes = [n]
    while sizes[-1] > 1 and len(sizes) < 3 and numbers.below(4):
        part = 1 + numbers.below(sizes[-1] - 1)
        sizes[-1:] = [sizes[-1] - part, part]
    return sizes


def _closed_form(numbers, cell, size, kind, settings, memory):
    wild = kind == WILD
    if memory:
        _memory(numbers, settings)
        size = (2 * size[0],) + size[1:]
    settings["mode"] = numbers.one_of(("default", "no_gate", "pure"))
    settings["rate_bits"] = numbers.one_of((10, 20, 28)) if wild else 20
    settings["gate_shift"] = 0 if wild else numbers.below(4)
    settings["f_shift"] = numbers.below(20) if wild else 4
    settings["f_limit"] = 32767
    settings["p_shift"] = numbers.below(4)
    flags = numbers.one_of((0, layout.MEAN, layout.INPUT_FIRST, layout.MEAN | layout.INPUT_FIRST))
    words, weights, places = cell.lay_out(settings, size, flags, None)
    shapes = cell.shapes(settings, size[0], size[1], ())
    fill(numbers, words, weights, places, shapes, kind)
    return words, weights


def ltc(numbers, size, kind, memory=False):
    """(words, weights) of an LTC; WILD ones use all that the kernels promise to bear."""
    wild = kind == WILD
    n, m, _ = size
    counts = []
    for sources in (m, n):
        share = numbers.below(5)
        counts += [sum(numbers.below(4) < share for _ in range(sources)) for _ in range(n)]
    counts[n] = max(counts[n], 1)
    unfolds = 1 + numbers.below(6)
    settings = {
        "unfolds": unfolds,
        "synapses": [sum(counts[:n]), sum(counts[n:])],
        "rate_bits": numbers.one_of((10, 20, 28)) if wild else 20,
        "step_micro": numbers.one_of((1 << 14, (1 << 15) - 1)) if wild else 22907,
        "step_shift": numbers.below(7),
        "sensory_shift": numbers.below(14),
        "recurrent_shift": numbers.below(14),
    }
    sigma, offset, conductance, current, bias = [], [], [], [], []
    # Weak neurons have the smallest conductances, and currents as large as these.
    weak = kind != ORDINARY and not numbers.below(2)
    for part in range(2):
        for i in range(n):
            # Of everything that a sum of 32 bits holds, a share for each synapse.
            most = 0 if weak else min(32767, 49151 // max(counts[i] + counts[n + i], 1))
            for _ in range(counts[part * n + i]):
                extreme = kind == LEAST
                sigma.append(-32768 if extreme else numbers.signed(32768))
                offset.append(numbers.signed(1 << (30 if wild else 24)))
                conductance.append(most if extreme else numbers.below(most + 1))
                current.append(numbers.signed(conductance[-1] + 1))
    bias = [1 << numbers.below(17) if weak else 1 + numbers.wide(1 << 29) for _ in range(n)]
    bias += [numbers.one_of((value, -value, numbers.signed(1 + value))) for value in bias]
    first = sum(counts[:n])
    if memory:
        _memory(numbers, settings)
        size = (2 * n,) + size[1:]
    source = [size[0] + numbers.below(m) for _ in range(first)]
    source += [numbers.below(n) for _ in range(first, sum(counts))]
    tensors = {
        "synapse.source": array("B", source),
        "synapse.sigma": array("h", sigma),
        "synapse.offset": array("i", offset),
        "synapse.conductance": array("h", conductance),
        "synapse.current": array("h", current),
        "synapse.counts": array("h", counts),
    }
    flags = numbers.one_of((0, layout.MEAN, layout.INPUT_FIRST, layout.MEAN | layout.INPUT_FIRST))
    words, weights, places = ltc_cell.lay_out(settings, size, flags, tensors.get)
    shapes = ltc_cell.shapes(settings, size[0], m, ())
    for name in tensors:
        del shapes[name]
    fill(numbers, words, weights, places, shapes, kind)
    for name, values in (("synapse.counts", counts), ("leak.bias", bias)):
        at = places[name] >> 2
        words[at : at + 2 * n] = array("i", values)
    return words, weights


def cascade(numbers, size, kind):
    """(words, weights) of a cascade; WILD ones use all that the kernels promise to bear."""
    n, m, k = size
    layers = split(numbers, n)
    settings = {
        "layers": layers,
        "rates": numbers.one_of(("u", "v")),
        "readout_inputs": bool(numbers.below(2)),
    }
    flags = numbers.one_of((0, layout.MEAN, layout.INPUT_FIRST, layout.MEAN | layout.INPUT_FIRST))
    words, weights, places = cascade_cell.lay_out(settings, size, flags, None)
    read = layers[-1] + (m if settings["readout_inputs"] else 0)
    shapes = cascade_cell.shapes(settings, read, m, ())
    fill(numbers, words, weights, places, shapes, kind)
    shapes["readout.weight"] = k, read
    places["readout.weight"] = words[layout.OUT_WEIGHTS_AT], words[layout.FEATURES]
    for name in shapes:
        if len(shapes[name]) == 2 and shapes[name][1] & 1:
            # The padding stands before another part of the words, and what is kept must not
            # depend on it.
            begin, columns = places[name]
            for row in range(layout.padded(shapes[name][0])):
                at = begin + ((row >> 3) * columns + columns - 1) * 8 + (row & 7)
                weights[at] = 0x80
    return words, weights


def metadata(cell, words):
    """What the file of a model with these words says of itself, as far as the loop needs it."""
    count = words[layout.INPUTS]
    return integer_settings(
        cell=cell,
        channels=["u%d" % i for i in range(count)],
        normalisation={"offset": [0.0] * count, "scale": [1.0] * count},
        rate_bits=20,
    )


def fill(numbers, words, weights, places, shapes, kind):
    for i in range(len(weights)):
        weights[i] = 0 if kind == LEAST else numbers.below(256)
    shapes = dict(shapes)
    outputs = (words[layout.OUTPUTS],)
    for part, entry in (("bias", layout.OUT_BIAS_AT), ("multiplier", layout.OUT_MULTIPLIER_AT)):
        places["readout." + part] = words[entry]
        shapes["readout." + part] = outputs
    for name in sorted(shapes):
        if len(shapes[name]) == 1:
            count = shapes[name][0]
            at = places[name] >> 2
            words[at : at + count] = array("i", _values(numbers, name, count, kind))
    rate = numbers.one_of((1, 1 << 19, 1 << 24))
    words[(words[layout.ALPHA_AT] >> 2) + words[layout.HIDDEN]] = rate


def _values(numbers, name, count, kind):
    wild = kind == WILD
    if name == "table.decay":
        return decay_table()
    if name == "table.alpha":
        rates = [1000]
        for _ in range(count - 1):
            step = numbers.signed(1 << 24) if wild else numbers.below(50000)
            rates.append(min(max(rates[-1] + step, 1), (1 << 30) - 1))
        return rates
    if name.endswith(".multiplier"):
        shifts = (0, 3, 9, 30) if wild else (7, 8, 9)
        return [16384 + numbers.below(16384) | numbers.one_of(shifts) << 16 for _ in range(count)]
    if name == "table.sigmoid":
        return [min(64 * i + numbers.below(64), 32767) for i in range(count)]
    limits = {"table": 32768, "pure": 32768 if name == "pure.factor" else 1 << 29}
    limit = limits.get(name.split(".")[0], 1 << (30 if wild else 22))
    values = [numbers.signed(limit) for _ in range(count)]
    return [abs(value) for value in values] if name in ("pure.leak", "table.forget") else values


def cases(numbers, make, count):
    """(words, weights) of so many models of every kind."""
    for _ in range(count):
        kind = numbers.one_of((ORDINARY, ORDINARY, LEAST, WILD))
        yield make(numbers, numbers.one_of(SIZES), kind)


def events(numbers, words, count):
    """(dt_us, input_map) of so many events; now and then the state is put to its ends before."""
    for _ in range(count):
        if numbers.below(4) == 0:
            saturate(numbers, words)
        dt_us = numbers.one_of(
            INTERVALS_US + LONG_INTERVALS + (numbers.wide(1 << 30), numbers.wide(1 << 30))
        )
        yield dt_us, input_map(numbers, words)


def check_step(plain, step, numbers, make, models, count, arrange=None):
    """That a kernel computes the bits of `plain`, and writes only to memory and scratch.

    arrange: brings the weights into the kernel's own order.
    """
    check_steps(plain, (("the kernel", step),), numbers, make, models, count, arrange)


def check_steps(plain, kernels, numbers, make, models, count, arrange=None):
    """The same of several kernels, (name, step) each: the plain one, the slowest, runs once."""
    for words, weights in cases(numbers, make, models):
        # Nothing in front of the memory, where the readout's constants are, is written.
        first = words[layout.CONFIDENCE_AT] >> 2
        twins = [(name, step, array("i", words), bytearray(weights)) for name, step in kernels]
        if arrange:
            for _, _, other, others in twins:
                arrange(other, others)
        for dt_us, values in events(numbers, words, count):
            for _, _, other, _ in twins:
                layout.memory(other)[:] = layout.memory(words)
            plain(words, weights, dt_us, values)
            memory = list(layout.memory(words))
            for name, step, other, others in twins:
                step(other, others, dt_us, values)
                assert memory == list(layout.memory(other)), (name, dt_us)
                assert words[layout.HEADER : first] == other[layout.HEADER : first], name
