"""The settings and tensors that the cells of a CfC share; cfc.py has the arithmetic."""

from rivulet.integers import cfc, layers, layout

_MODES = {"default": 0, "no_gate": cfc.NO_GATE, "pure": cfc.PURE}
# Settings that are words of the header: (name, entry, largest value).
_NUMBERS = (
    ("gate_shift", cfc.GATE_SHIFT, 20),
    ("f_shift", cfc.F_SHIFT, 20),
    ("f_limit", cfc.F_LIMIT, 32767),
    ("p_shift", cfc.P_SHIFT, 20),
)
_TABLES = (
    ("table.tanh", cfc.TANH_TABLE_AT),
    ("table.sigmoid", cfc.SIGMOID_TABLE_AT),
    ("table.decay", layout.DECAY_TABLE_AT),
)
_PURE = (
    ("pure.leak", cfc.LEAK_AT),
    ("pure.rest", cfc.REST_AT),
    ("pure.factor", cfc.FACTOR_AT),
)


def check(settings):
    """Check the settings. Raises ValueError."""
    if settings.get("mode") not in _MODES:
        raise ValueError("the integer path has no mode '%s'" % settings.get("mode"))
    if settings.get("mixed_memory"):
        memory().check(settings)
    for key, _, largest in _NUMBERS:
        value = settings.get(key)
        if not isinstance(value, int) or not 0 <= value <= largest:
            raise ValueError(
                "'%s' of a %s cell must be a whole number from 0 to %d"
                % (key, settings["cell"], largest)
            )


def memory():
    """Return the module of mixed memory, which only its models import."""
    from rivulet.integers import mixed

    return mixed


def flags_of(settings):
    return _MODES[settings["mode"]] | (layout.MIXED if settings.get("mixed_memory") else 0)


def units(settings, features):
    """Return the number of units of a model whose state has `features` values."""
    return features >> 1 if settings.get("mixed_memory") else features


def shapes(settings, n, m):
    """Return {name: shape} of the tables, the units' constants and the memory."""
    wanted = {"table.decay": (layout.DECAY_NODES,)}
    if settings["mode"] == "pure":
        for name, _ in _PURE:
            wanted[name] = (n,)
    if settings["mode"] != "pure" or settings.get("mixed_memory"):
        wanted["table.tanh"] = wanted["table.sigmoid"] = (layout.NODES,)
    for chain in memory_chains(settings, n, m):
        wanted.update(memory().shapes(chain))
    return wanted


def header(settings, own):
    """Return where a header ends whose cell's own entries end at `own`."""
    return memory().HEADER if settings.get("mixed_memory") else own


def memory_chains(settings, n, m):
    """Return the list with the products of the memory, or an empty one without it."""
    return [memory().chain(n, m, cfc.TANH_TABLE_AT)] if settings.get("mixed_memory") else []


def entries(settings, n, m, most):
    """Return the header's entries, as layout.lay_out takes them.

    most: the largest number of units that move at once.
    """
    pure, mixed = settings["mode"] == "pure", settings.get("mixed_memory")
    nodes = 0 if pure and not mixed else layout.NODES
    own = (
        (cfc.HEADS_AT, most if pure else 4 * most),
        (cfc.SIGMOID_TABLE_AT, nodes),
        (cfc.TANH_TABLE_AT, nodes),
        (layout.DECAY_TABLE_AT, layout.DECAY_NODES),
        (cfc.LEAK_AT, n if pure else 0),
        (cfc.REST_AT, n if pure else 0),
        (cfc.FACTOR_AT, n if pure else 0),
    )
    return own + memory().entries(n, m) if mixed else own


def heads(settings, name, n, width, vector):
    """Return the last layers of n units, as layers.build takes them. name: begins theirs."""
    if settings["mode"] == "pure":
        return [(name + "heads", n, width, vector, cfc.HEADS_AT, 0, 0)]
    return [
        (name + "heads", 2 * n, width, vector, cfc.HEADS_AT, 0, cfc.TANH_TABLE_AT),
        (name + "times", 2 * n, width, vector, cfc.HEADS_AT, 8 * n, 0),
    ]


def place(settings, words, places, memory_at):
    """Write the settings into the header, and the places of the tables and constants.

    memory_at: byte offset of the memory's records, if there is one.
    """
    if settings.get("mixed_memory"):
        tables = cfc.TANH_TABLE_AT, cfc.SIGMOID_TABLE_AT
        memory().place(settings, words, places, memory_at, *tables)
    words[layers.RATE_SHIFT] = 20 - settings.get("rate_bits", 20)
    for key, entry, _ in _NUMBERS:
        words[entry] = settings[key]
    for name, entry in _TABLES + _PURE:
        places[name] = words[entry]


def verify(words):
    """Raise ValueError if a value of the memory is out of the kernels' range."""
    if words[layout.FLAGS] & layout.MIXED:
        memory().verify(words)


def sample_settings(cell, mode, memory=False):
    """Return the settings of a small model on which a kernel is tried."""
    settings = {"cell": cell, "mode": mode, "mixed_memory": memory}
    settings["memory_shift"] = settings["memory_fit"] = 2
    for key, _, _ in _NUMBERS:
        settings[key] = 3
    return settings
