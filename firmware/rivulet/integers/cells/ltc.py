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
        _mixed().check(settings)
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


def _mixed():
    """Return the module of mixed memory, which only its models import."""
    from rivulet.integers import mixed

    return mixed


def _memory(settings, n, m):
    """Return the list with the products of the memory, or an empty one without it."""
    return [_mixed().chain(n, m, _mixed().TANH_AT)] if settings.get("mixed_memory") else []


def _units(settings, features):
    return features >> 1 if settings.get("mixed_memory") else features


def shapes(settings, features, m, tensors):
    n = _units(settings, features)
    synapses = (sum(settings["synapses"]),)
    wanted = {"synapse." + name: synapses for name in _PARTS}
    wanted["synapse.counts"] = wanted["leak.bias"] = (2 * n,)
    wanted["rate.multiplier"] = (n,)
    wanted["table.sigmoid"] = (layout.NODES,)
    wanted["table.decay"] = (layout.DECAY_NODES,)
    for chain in _memory(settings, n, m):
        wanted.update(_mixed().shapes(chain))
        wanted["table.tanh"] = (layout.NODES,)
    return wanted


def lay_out(settings, sizes, flags, read):
    features, m, _ = sizes
    n = _units(settings, features)
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
    header, chains = ltc.HEADER, [[]] + _memory(settings, n, m)
    if settings.get("mixed_memory"):
        header, flags = _mixed().HEADER, flags | layout.MIXED
        own += _mixed().entries(n, m) + ((_mixed().TANH_AT, layout.NODES),)
    words, weights, places = layers.build(sizes, flags, own, header, chains, 2 * n)
    words[ltc.NEURONS] = n
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
    if settings.get("mixed_memory"):
        tables = _mixed().TANH_AT, ltc.SIGMOID_TABLE_AT
        _mixed().place(settings, words, places, layers.lists(words, 2)[1], *tables)
        places["table.tanh"] = words[tables[0]]
    _place_synapses(words, features + m, settings["synapses"], read)
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
    n = words[ltc.NEURONS]
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
    layout.check_multipliers(words, ltc.RATE_MULTIPLIER_AT, words[ltc.NEURONS])
    if words[layout.FLAGS] & layout.MIXED:
        _mixed().verify(words)


def _sample(memory=False):
    settings = {"unfolds": 2, "synapses": [2, 3], "step_shift": 0, "mixed_memory": memory}
    settings.update(memory_shift=2, memory_fit=0)
    settings.update(step_micro=arithmetic.US_SCALE, sensory_shift=4, recurrent_shift=4)
    tensors = {
        "synapse.counts": array("h", (1, 1, 2, 1)),
        "synapse.source": array("B", (4, 4, 0, 1, 0) if memory else (2, 2, 0, 1, 0)),
        "synapse.sigma": array("h", (9000, -8000, 7000, 20000, 5000)),
        "synapse.offset": array("i", (1000000, -2000000, 1 << 24, 5, -70000)),
        "synapse.conductance": array("h", (9000, 3, 700, 20000, 5000)),
        "synapse.current": array("h", (-9000, 3, 600, 10000, -5000)),
    }
    n = 4 if memory else 2
    words, weights, places = lay_out(settings, (n, 1, 1), layout.MEAN, tensors.get)
    layout.view(words, ltc.COUNTS_AT, 4)[:] = array("i", tensors["synapse.counts"])
    wanted = shapes(settings, n, 1, ())
    del wanted["synapse.counts"]
    return words, weights, places, wanted


def mixed_kernel():
    """Return (name, step) of the kernel for mixed memory."""
    from rivulet.integers import mixed, mixed_choice

    return mixed_choice.choose("ltc", ltc, mixed.without_products, (_sample(True),))


KERNEL, step = layers_choice.choose("ltc", ltc, (_sample(),))
