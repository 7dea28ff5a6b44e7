"""The tensors and buffers of a CfC model in integers; integers/cfc.py has the arithmetic.

Layers, for n units and m channels, with .weight, .bias and .multiplier each: backbone0, ... of the
sizes in `backbone`; heads: ff1 and ff2 (2n rows), or in pure mode ff1 (n rows); times: time_a and
time_b (2n rows), not in pure mode. The first layer's input is [x; u]. Tables: table.decay;
table.activation with a backbone; table.tanh and table.sigmoid except in pure mode. Pure mode adds
pure.leak, pure.rest and pure.factor (n,).
"""

from rivulet.integers import cfc, layers, layers_choice, layout

_MODES = {"default": 0, "no_gate": cfc.NO_GATE, "pure": cfc.PURE}
# Settings that are words of the header: (name, entry, largest value).
_NUMBERS = (
    ("gate_shift", cfc.GATE_SHIFT, 20),
    ("f_shift", cfc.F_SHIFT, 20),
    ("f_limit", cfc.F_LIMIT, 32767),
    ("p_shift", cfc.P_SHIFT, 20),
)


def check(settings):
    if settings.get("mode") not in _MODES:
        raise ValueError("the integer path has no mode '%s'" % settings.get("mode"))
    if settings.get("mixed_memory"):
        raise ValueError("the integer path has no mixed memory")
    sizes = settings.get("backbone")
    if not isinstance(sizes, list) or not all(isinstance(n, int) and n > 0 for n in sizes):
        raise ValueError("a cfc cell needs its backbone: a list of layer sizes")
    for key, _, largest in _NUMBERS:
        value = settings.get(key)
        if not isinstance(value, int) or not 0 <= value <= largest:
            raise ValueError(
                "'%s' of a cfc cell must be a whole number from 0 to %d" % (key, largest)
            )


def _chain(settings, n, m):
    """Return (name, rows, columns, vector, results, offset, table) of each layer."""
    chain = []
    vector, width = layout.V_AT, n + m
    for i, size in enumerate(settings["backbone"]):
        name = "backbone%d" % i
        chain.append((name, size, width, vector, 0, 0, cfc.ACTIVATION_TABLE_AT))
        vector, width = 0, size
    if settings["mode"] == "pure":
        chain.append(("heads", n, width, vector, cfc.HEADS_AT, 0, 0))
        return chain
    if not vector:
        # The input of both is the last layer of the backbone.
        vector = cfc.HEADER + 3 * (len(chain) - 1)
    chain.append(("heads", 2 * n, width, vector, cfc.HEADS_AT, 0, cfc.TANH_TABLE_AT))
    chain.append(("times", 2 * n, width, vector, cfc.HEADS_AT, 8 * n, 0))
    return chain


def shapes(settings, n, m, tensors):
    wanted = {}
    for name, rows, columns, _, _, _, _ in _chain(settings, n, m):
        wanted[name + ".weight"] = rows, columns
        wanted[name + ".bias"] = wanted[name + ".multiplier"] = (rows,)
    tables = ["tanh", "sigmoid"]
    if settings["mode"] == "pure":
        tables = []
        wanted["pure.leak"] = wanted["pure.rest"] = wanted["pure.factor"] = (n,)
    if settings["backbone"]:
        tables.append("activation")
    for name in tables:
        wanted["table." + name] = (layout.NODES,)
    wanted["table.decay"] = (layout.DECAY_NODES,)
    return wanted


def lay_out(settings, sizes, flags, read):
    n, m, _ = sizes
    pure = settings["mode"] == "pure"
    own = (
        (cfc.HEADS_AT, n if pure else 4 * n),
        (cfc.SIGMOID_TABLE_AT, 0 if pure else layout.NODES),
        (cfc.TANH_TABLE_AT, 0 if pure else layout.NODES),
        (cfc.ACTIVATION_TABLE_AT, layout.NODES if settings["backbone"] else 0),
        (layout.DECAY_TABLE_AT, layout.DECAY_NODES),
        (cfc.LEAK_AT, n if pure else 0),
        (cfc.REST_AT, n if pure else 0),
        (cfc.FACTOR_AT, n if pure else 0),
    )
    flags |= _MODES[settings["mode"]]
    words, weights, places = layers.build(sizes, flags, own, cfc.HEADER, _chain(settings, n, m))
    words[layers.RATE_SHIFT] = 20 - settings.get("rate_bits", 20)
    for key, entry, _ in _NUMBERS:
        words[entry] = settings[key]
    for name, entry in (
        ("table.tanh", cfc.TANH_TABLE_AT),
        ("table.sigmoid", cfc.SIGMOID_TABLE_AT),
        ("table.activation", cfc.ACTIVATION_TABLE_AT),
        ("table.decay", layout.DECAY_TABLE_AT),
        ("pure.leak", cfc.LEAK_AT),
        ("pure.rest", cfc.REST_AT),
        ("pure.factor", cfc.FACTOR_AT),
    ):
        places[name] = words[entry]
    return words, weights, places


def verify(words):
    layers.verify(words)


def _sample(mode):
    settings = {"mode": mode, "backbone": [3]}
    for key, _, _ in _NUMBERS:
        settings[key] = 3
    made = lay_out(settings, (2, 1, 1), layout.MEAN, None)
    return made + (shapes(settings, 2, 1, ()),)


def samples():
    """Return small models on which a kernel is tried, as layers_choice.choose takes them."""
    return _sample("default"), _sample("pure")


KERNEL, step = layers_choice.choose("cfc", cfc, samples())
