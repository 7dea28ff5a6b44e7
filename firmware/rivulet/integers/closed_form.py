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
        raise ValueError("the integer path has no mixed memory")
    for key, _, largest in _NUMBERS:
        value = settings.get(key)
        if not isinstance(value, int) or not 0 <= value <= largest:
            raise ValueError(
                "'%s' of a %s cell must be a whole number from 0 to %d"
                % (key, settings["cell"], largest)
            )


def flags_of(settings):
    return _MODES[settings["mode"]]


def shapes(settings, n):
    """Return {name: shape} of the tables and of the units' constants."""
    wanted = {"table.decay": (layout.DECAY_NODES,)}
    if settings["mode"] == "pure":
        for name, _ in _PURE:
            wanted[name] = (n,)
    else:
        wanted["table.tanh"] = wanted["table.sigmoid"] = (layout.NODES,)
    return wanted


def entries(settings, n, most):
    """Return the header's entries, as layout.lay_out takes them.

    most: the largest number of units that move at once.
    """
    pure = settings["mode"] == "pure"
    return (
        (cfc.HEADS_AT, most if pure else 4 * most),
        (cfc.SIGMOID_TABLE_AT, 0 if pure else layout.NODES),
        (cfc.TANH_TABLE_AT, 0 if pure else layout.NODES),
        (layout.DECAY_TABLE_AT, layout.DECAY_NODES),
        (cfc.LEAK_AT, n if pure else 0),
        (cfc.REST_AT, n if pure else 0),
        (cfc.FACTOR_AT, n if pure else 0),
    )


def heads(settings, name, n, width, vector):
    """Return the last layers of n units, as layers.build takes them. name: begins theirs."""
    if settings["mode"] == "pure":
        return [(name + "heads", n, width, vector, cfc.HEADS_AT, 0, 0)]
    return [
        (name + "heads", 2 * n, width, vector, cfc.HEADS_AT, 0, cfc.TANH_TABLE_AT),
        (name + "times", 2 * n, width, vector, cfc.HEADS_AT, 8 * n, 0),
    ]


def layer_shapes(chain):
    """Return {name: shape} of the tensors of a list of layers."""
    wanted = {}
    for name, rows, columns, _, _, _, _ in chain:
        wanted[name + ".weight"] = rows, columns
        wanted[name + ".bias"] = wanted[name + ".multiplier"] = (rows,)
    return wanted


def place(settings, words, places):
    """Write the settings into the header, and the places of the tables and constants."""
    words[layers.RATE_SHIFT] = 20 - settings.get("rate_bits", 20)
    for key, entry, _ in _NUMBERS:
        words[entry] = settings[key]
    for name, entry in _TABLES + _PURE:
        places[name] = words[entry]


def sample_settings(cell, mode):
    """Return the settings of a small model on which a kernel is tried."""
    settings = {"cell": cell, "mode": mode}
    for key, _, _ in _NUMBERS:
        settings[key] = 3
    return settings
