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


def shapes(settings, n, m, tensors):
    total = sum(settings["layers"])
    if n != total:
        raise ValueError("the layers have %d units, the readout takes %d" % (total, n))
    wanted = closed_form.shapes(settings, n)
    for chain in _chains(settings, m):
        wanted.update(closed_form.layer_shapes(chain))
    return wanted


def lay_out(settings, sizes, flags, read):
    n, m, _ = sizes
    units, chains = settings["layers"], _chains(settings, m)
    seen = m + units[0]
    own = closed_form.entries(settings, n, max(units))
    own += (
        (wired_cfc.SEEN_AT, seen + (seen & 1)),
        (wired_cfc.PARTS_AT, wired_cfc.WORDS * len(units) + 1),
    )
    flags |= closed_form.flags_of(settings)
    words, weights, places = layers.build(sizes, flags, own, wired_cfc.HEADER, chains)
    closed_form.place(settings, words, places)
    at, record = words[wired_cfc.PARTS_AT] >> 2, words[layers.LAYERS_AT] >> 2
    first = below = 0
    for i in range(len(units)):
        words[at] = 4 * record
        words[at + 1] = 4 * first
        words[at + 2] = units[i]
        while words[record]:
            words[record + 5] += 4 * below
            record += layers.WORDS
        below = first
        first += units[i]
        record += 1
        at += wired_cfc.WORDS
    return words, weights, places


def verify(words):
    at = words[wired_cfc.PARTS_AT] >> 2
    while words[at]:
        layers.verify(words, words[at])
        at += wired_cfc.WORDS


def _sample(mode):
    settings = closed_form.sample_settings("wired_cfc", mode)
    settings["layers"] = [2, 1]
    made = lay_out(settings, (3, 1, 1), layout.MEAN, None)
    return made + (shapes(settings, 3, 1, ()),)


def samples():
    """Return small models on which a kernel is tried, as layers_choice.choose takes them."""
    return _sample("default"), _sample("pure")


KERNEL, step = layers_choice.choose("wired_cfc", wired_cfc, samples())
