"""The tensors and buffers of an LTC model in integers; integers/ltc.py has the arithmetic.

Tensors, for n neurons, m channels and s synapses: synapse.source (s,), indices into [v; u];
synapse.sigma, synapse.offset, synapse.conductance (w) and synapse.current (pull) (s,);
synapse.counts (2n,), the synapses into each neuron, from inputs and then from neurons; leak.bias
(2n,), of conductances and then of currents; rate.multiplier (n,); table.sigmoid, table.decay.
Synapses of inputs come before those of neurons, each in the order of their targets.
"""

from array import array

from rivulet.integers import arithmetic, layers, layers_choice, layout, ltc

_MAX_UNFOLDS = 64
_PARTS = ("source", "sigma", "offset", "conductance", "current")
# A synapse has 16 bits for the byte offset of its source in words.
_FARTHEST = 1 << 16


def check(settings):
    unfolds, counts = settings.get("unfolds"), settings.get("synapses")
    if not isinstance(unfolds, int) or not 1 <= unfolds <= _MAX_UNFOLDS:
        raise ValueError("an ltc cell needs 1 to %d unfolds" % _MAX_UNFOLDS)
    if settings.get("mixed_memory"):
        raise ValueError("the integer path has no mixed memory")
    if (
        not isinstance(counts, list)
        or len(counts) != 2
        or not all(isinstance(count, int) and count >= 0 for count in counts)
        or not sum(counts)
    ):
        raise ValueError("an ltc cell needs its numbers of synapses: [sensory, recurrent]")
    for key, lowest, highest in (
        ("step_micro", 1 << 14, (1 << 15) - 1),
        ("step_shift", -10, 10),
        ("sensory_shift", 0, 30),
        ("recurrent_shift", 0, 30),
    ):
        value = settings.get(key)
        if not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError(
                "'%s' of an ltc cell must be a whole number from %d to %d" % (key, lowest, highest)
            )


def shapes(settings, n, m, tensors):
    synapses = (sum(settings["synapses"]),)
    wanted = {"synapse." + name: synapses for name in _PARTS}
    wanted["synapse.counts"] = wanted["leak.bias"] = (2 * n,)
    wanted["rate.multiplier"] = (n,)
    wanted["table.sigmoid"] = (layout.NODES,)
    wanted["table.decay"] = (layout.DECAY_NODES,)
    return wanted


def lay_out(settings, sizes, flags, read):
    n, m, _ = sizes
    sensory, recurrent = settings["synapses"]
    own = (
        (ltc.HELD_AT, 2 * n),
        (ltc.LEAK_AT, 2 * n),
        (ltc.SENSORY_AT, 5),
        (ltc.RECURRENT_AT, 5),
        (ltc.SIGMOID_TABLE_AT, layout.NODES),
        (layout.DECAY_TABLE_AT, layout.DECAY_NODES),
        (ltc.RATE_MULTIPLIER_AT, n),
        (ltc.COUNTS_AT, 2 * n),
        (ltc.SYNAPSES_AT, ltc.SYNAPSE_WORDS * (sensory + recurrent)),
    )
    words, weights, places = layers.build(sizes, flags, own, ltc.HEADER, ((),), 2 * n)
    words[layers.RATE_SHIFT] = 20 - settings.get("rate_bits", 20) - settings["step_shift"]
    words[ltc.UNFOLDS] = settings["unfolds"]
    words[ltc.SCALE] = settings["step_micro"]
    synapses, counts = words[ltc.SYNAPSES_AT], words[ltc.COUNTS_AT]
    for entry, record in (
        (
            ltc.SENSORY_AT,
            (synapses, counts, words[ltc.LEAK_AT], words[ltc.HELD_AT], settings["sensory_shift"]),
        ),
        (
            ltc.RECURRENT_AT,
            (
                synapses + 4 * ltc.SYNAPSE_WORDS * sensory,
                counts + 4 * n,
                words[ltc.HELD_AT],
                words[layout.ACC_AT],
                settings["recurrent_shift"],
            ),
        ),
    ):
        for i in range(5):
            words[(words[entry] >> 2) + i] = record[i]
    _place_synapses(words, n + m, settings["synapses"], read)
    for name in _PARTS:
        places["synapse." + name] = _read_already
    places["synapse.counts"] = counts
    places["leak.bias"] = words[ltc.LEAK_AT]
    places["rate.multiplier"] = words[ltc.RATE_MULTIPLIER_AT]
    places["table.sigmoid"] = words[ltc.SIGMOID_TABLE_AT]
    places["table.decay"] = words[layout.DECAY_TABLE_AT]
    return words, weights, places


def _place_synapses(words, width, synapses, read):
    parts = [read("synapse." + name) for name in _PARTS]
    counts = read("synapse.counts")
    n = words[layout.HIDDEN]
    if min(counts) < 0 or [sum(counts[:n]), sum(counts[n:])] != synapses:
        raise ValueError("synapse.counts and 'synapses' contradict each other")
    if max(parts[0]) >= width:
        raise ValueError("synapse.source has index %d of %d" % (max(parts[0]), width))
    if words[layout.V_AT] + 4 * width > _FARTHEST:
        raise ValueError("an ltc cell of this size is too large: its synapses have 16-bit offsets")
    ltc.place(words, words[ltc.SYNAPSES_AT] >> 2, words[layout.V_AT], sum(synapses), *parts)


def _read_already(file, shape):
    pass


def verify(words):
    layout.check_multipliers(words, ltc.RATE_MULTIPLIER_AT, words[layout.HIDDEN])


def _sample():
    settings = {"unfolds": 2, "synapses": [2, 3], "step_shift": 0}
    settings.update(step_micro=arithmetic.US_SCALE, sensory_shift=4, recurrent_shift=4)
    tensors = {
        "synapse.counts": array("h", (1, 1, 2, 1)),
        "synapse.source": array("B", (2, 2, 0, 1, 0)),
        "synapse.sigma": array("h", (9000, -8000, 7000, 20000, 5000)),
        "synapse.offset": array("i", (1000000, -2000000, 1 << 24, 5, -70000)),
        "synapse.conductance": array("h", (9000, 3, 700, 20000, 5000)),
        "synapse.current": array("h", (-9000, 3, 600, 10000, -5000)),
    }
    words, weights, places = lay_out(settings, (2, 1, 1), layout.MEAN, tensors.get)
    layout.view(words, ltc.COUNTS_AT, 4)[:] = array("i", tensors["synapse.counts"])
    wanted = shapes(settings, 2, 1, ())
    del wanted["synapse.counts"]
    return words, weights, places, wanted


KERNEL, step = layers_choice.choose("ltc", ltc, (_sample(),))
