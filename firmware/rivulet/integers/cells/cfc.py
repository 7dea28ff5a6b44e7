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
    for i, size in enumerate(settings["backbone"]):
        chain.append(("backbone%d" % i, size, width, vector, 0, 0, cfc.ACTIVATION_TABLE_AT))
        vector, width = 0, size
    if not vector and settings["mode"] != "pure":
        # The input of both heads is the last layer of the backbone.
        vector = cfc.HEADER + 3 * (len(chain) - 1)
    return chain + closed_form.heads(settings, "", n, width, vector)


def shapes(settings, n, m, tensors):
    wanted = closed_form.layer_shapes(_chain(settings, n, m))
    wanted.update(closed_form.shapes(settings, n))
    if settings["backbone"]:
        wanted["table.activation"] = (layout.NODES,)
    return wanted


def lay_out(settings, sizes, flags, read):
    n, m, _ = sizes
    own = closed_form.entries(settings, n, n)
    own += ((cfc.ACTIVATION_TABLE_AT, layout.NODES if settings["backbone"] else 0),)
    flags |= closed_form.flags_of(settings)
    chains = (_chain(settings, n, m),)
    words, weights, places = layers.build(sizes, flags, own, cfc.HEADER, chains)
    words[cfc.COUNT] = n
    closed_form.place(settings, words, places)
    places["table.activation"] = words[cfc.ACTIVATION_TABLE_AT]
    return words, weights, places


def verify(words):
    layers.verify(words, words[layers.LAYERS_AT])


def _sample(mode):
    settings = closed_form.sample_settings("cfc", mode)
    settings["backbone"] = [3]
    made = lay_out(settings, (2, 1, 1), layout.MEAN, None)
    return made + (shapes(settings, 2, 1, ()),)


def samples():
    """Return small models on which a kernel is tried, as layers_choice.choose takes them."""
    return _sample("default"), _sample("pure")


KERNEL, step = layers_choice.choose("cfc", cfc, samples())
