"""The tensors and buffers of a wired CfC in integers; integers/wired_cfc.py has the arithmetic.

Layer i of n units has products over [y; x] with .weight, .bias and .multiplier each: layerI.heads:
ff1 and ff2 (2n rows), or in pure mode ff1 (n rows); layerI.times: time_a and time_b (2n rows), not
in pure mode. Tables and constants are those of a CfC model.
"""

from rivulet.integers import closed_form, layers, layers_choice, layout, wired_cfc


def check(settings):
    closed_form.check(settings)
    sizes = settings.get("layers")
    if (
        not isinstance(sizes, list)
        or not sizes
        or not all(isinstance(n, int) and n > 0 for n in sizes)
    ):
        raise ValueError("a wired_cfc cell needs its layers: a list of sizes")


def _chains(settings, m):
    """Return the products of each layer, as layers.build takes them."""
    chains = []
    vector, width = wired_cfc.SEEN_AT, m
    for i, n in enumerate(settings["layers"]):
        chains.append(closed_form.heads(settings, "layer%d." % i, n, width + n, vector))
        vector, width = layout.V_AT, n
    return chains


def shapes(settings, features, m, tensors):
    n, total = closed_form.units(settings, features), sum(settings["layers"])
    if n != total:
        raise ValueError("the layers have %d units, the readout takes %d" % (total, n))
    wanted = closed_form.shapes(settings, n, m)
    for chain in _chains(settings, m):
        wanted.update(layers.shapes(chain))
    return wanted


def lay_out(settings, sizes, flags, read):
    m = sizes[1]
    n = closed_form.units(settings, sizes[0])
    units = settings["layers"]
    chains = _chains(settings, m) + closed_form.memory_chains(settings, n, m)
    seen = m + units[0]
    own = closed_form.entries(settings, n, m, max(units))
    own += (
        (wired_cfc.SEEN_AT, seen + (seen & 1)),
        (wired_cfc.PARTS_AT, wired_cfc.WORDS * len(units) + 1),
    )
    flags |= closed_form.flags_of(settings)
    header = closed_form.header(settings, wired_cfc.HEADER)
    words, weights, places = layers.build(sizes, flags, own, header, chains)
    lists = layers.lists(words, len(chains))
    closed_form.place(settings, words, places, lists[-1])
    at = words[wired_cfc.PARTS_AT] >> 2
    first = below = 0
    for i in range(len(units)):
        words[at] = lists[i]
        words[at + 1] = 4 * first
        words[at + 2] = units[i]
        record = lists[i] >> 2
        while words[record]:
            words[record + 5] += 4 * below
            record += layers.WORDS
        below = first
        first += units[i]
        at += wired_cfc.WORDS
    return words, weights, places


def verify(words):
    at = words[wired_cfc.PARTS_AT] >> 2
    while words[at]:
        layers.verify(words, words[at])
        at += wired_cfc.WORDS
    closed_form.verify(words)


def _sample(mode, memory=False):
    settings = closed_form.sample_settings("wired_cfc", mode, memory)
    settings["layers"] = [2, 1]
    n = 6 if memory else 3
    made = lay_out(settings, (n, 1, 1), layout.MEAN, None)
    return made + (shapes(settings, n, 1, ()),)


def samples():
    """Return small models on which a kernel is tried, as layers_choice.choose takes them."""
    return _sample("default"), _sample("pure")


def mixed_kernel():
    """Return (name, step) of the kernel for mixed memory."""
    from rivulet.integers import mixed_choice

    tried = _sample("default", True), _sample("pure", True)
    return mixed_choice.choose("wired_cfc", wired_cfc, wired_cfc.advancer, tried)


KERNEL, step = layers_choice.choose("wired_cfc", wired_cfc, samples())
