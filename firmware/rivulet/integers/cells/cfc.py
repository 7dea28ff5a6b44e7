"""The tensors and buffers of a CfC model in integers; integers/cfc.py has the arithmetic.

Layers, for n units and m channels, with .weight, .bias and .multiplier each: backbone0, ... of the
sizes in `backbone`; heads: ff1 and ff2 (2n rows), or in pure mode ff1 (n rows); times: time_a and
time_b (2n rows), not in pure mode. The first layer's input is [x; u]. Tables: table.decay;
table.activation with a backbone; table.tanh and table.sigmoid except in pure mode. Pure mode adds
pure.leak, pure.rest and pure.factor (n,).
"""

from rivulet.integers import cfc, closed_form, layers, layers_choice, layout


def check(settings):
    closed_form.check(settings)
    sizes = settings.get("backbone")
    if not isinstance(sizes, list) or not all(isinstance(n, int) and n > 0 for n in sizes):
        raise ValueError("a cfc cell needs its backbone: a list of layer sizes")


def _chain(settings, n, m):
    """Return the layers, as layers.build takes them."""
    chain = []
    vector, width = layout.V_AT, n + m
    if settings.get("mixed_memory"):
        vector = closed_form.memory().SEEN_AT
    for i, size in enumerate(settings["backbone"]):
        chain.append(("backbone%d" % i, size, width, vector, 0, 0, cfc.ACTIVATION_TABLE_AT))
        vector, width = 0, size
    if not vector and settings["mode"] != "pure":
        # The input of both heads is the last layer of the backbone.
        vector = closed_form.header(settings, cfc.HEADER) + 3 * (len(chain) - 1)
    return chain + closed_form.heads(settings, "", n, width, vector)


def shapes(settings, features, m, tensors):
    n = closed_form.units(settings, features)
    wanted = layers.shapes(_chain(settings, n, m))
    wanted.update(closed_form.shapes(settings, n, m))
    if settings["backbone"]:
        wanted["table.activation"] = (layout.NODES,)
    return wanted


def lay_out(settings, sizes, flags, read):
    m = sizes[1]
    n = closed_form.units(settings, sizes[0])
    own = closed_form.entries(settings, n, m, n)
    own += ((cfc.ACTIVATION_TABLE_AT, layout.NODES if settings["backbone"] else 0),)
    flags |= closed_form.flags_of(settings)
    chains = [_chain(settings, n, m)] + closed_form.memory_chains(settings, n, m)
    header = closed_form.header(settings, cfc.HEADER)
    words, weights, places = layers.build(sizes, flags, own, header, chains)
    words[cfc.COUNT] = n
    closed_form.place(settings, words, places, layers.lists(words, len(chains))[-1])
    places["table.activation"] = words[cfc.ACTIVATION_TABLE_AT]
    return words, weights, places


def verify(words):
    layers.verify(words, words[layers.LAYERS_AT])
    closed_form.verify(words)


def _sample(mode, memory=False):
    settings = closed_form.sample_settings("cfc", mode, memory)
    settings["backbone"] = [3]
    n = 4 if memory else 2
    made = lay_out(settings, (n, 1, 1), layout.MEAN, None)
    return made + (shapes(settings, n, 1, ()),)


def samples():
    """Return small models on which a kernel is tried, as layers_choice.choose takes them."""
    return _sample("default"), _sample("pure")


def mixed_kernel():
    """Return (name, step) of the kernel for mixed memory."""
    from rivulet.integers import mixed, mixed_choice

    tried = _sample("default", True), _sample("pure", True)
    return mixed_choice.choose("cfc", cfc, mixed.after_seeing, tried)


KERNEL, step = layers_choice.choose("cfc", cfc, samples())
