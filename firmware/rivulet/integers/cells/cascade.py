"""The tensors and buffers of a cascade in integers; integers/cascade.py has the arithmetic.

Tensors, for n units in all and m channels: inward.weight (2n, m), inward.bias and
inward.multiplier (2n,), of each layer the rows of alpha, then those of q; layer2.weight, ... for
the layer below, of q's rows or of both; table.alpha, table.drive, table.decay.
"""

from rivulet.integers import arithmetic, cascade, cascade_choice, choice, layout

__all__ = (
    "KERNEL",
    "check",
    "lay_out",
    "read_from",
    "read_out",
    "shapes",
    "step",
    "units",
    "verify",
)

# Chosen here, one import deep: a board's stack is small.
KERNEL, step = choice.choose(
    cascade_choice.KERNELS, cascade_choice.load, cascade_choice.works, cascade.step
)
read_from = cascade.read_from
read_out = cascade.read_out


def check(settings):
    sizes = settings.get("layers")
    if not isinstance(sizes, list) or not sizes or not all(size > 0 for size in sizes):
        raise ValueError("a cascade cell needs its layers: a list of sizes")
    if settings.get("rates") not in ("u", "v"):
        raise ValueError("the integer path has no rates '%s'" % settings.get("rates"))
    if "readout_inputs" not in settings:
        raise ValueError("a cascade cell needs 'readout_inputs'")


def units(settings):
    return sum(settings["layers"])


def _later(settings):
    """Return (name, rows, columns) of the weights for the layer below of each later layer."""
    sizes, heads = settings["layers"], 2 if settings["rates"] == "v" else 1
    return [
        ("layer%d.weight" % (i + 1), heads * sizes[i], sizes[i - 1]) for i in range(1, len(sizes))
    ]


def shapes(settings, features, m, tensors):
    read = settings["layers"][-1] + (m if settings["readout_inputs"] else 0)
    if features != read:
        raise ValueError("the readout takes %d values, not the %d there are" % (features, read))
    rows = 2 * units(settings)
    wanted = {
        "inward.weight": (rows, m),
        "inward.bias": (rows,),
        "inward.multiplier": (rows,),
        "table.alpha": (layout.NODES,),
        "table.drive": (layout.NODES,),
        "table.decay": (layout.DECAY_NODES,),
    }
    for name, height, width in _later(settings):
        wanted[name] = height, width
    return wanted


def lay_out(settings, sizes, flags, read):
    if settings["rates"] == "v":
        flags |= cascade.FROM_BELOW
    if settings["readout_inputs"]:
        flags |= cascade.READ_INPUTS
    words = cascade.words_for(sizes, settings["layers"], flags)
    at = words[cascade.INWARD_AT] >> 2
    places = {
        "inward.weight": (words[at + 2], words[at + 1]),
        "inward.bias": words[layout.BIAS_AT],
        "inward.multiplier": words[layout.MULTIPLIER_AT],
        "table.alpha": words[layout.ALPHA_TABLE_AT],
        "table.drive": words[layout.DRIVE_TABLE_AT],
        "table.decay": words[layout.DECAY_TABLE_AT],
    }
    at = words[cascade.LAYERS_AT] >> 2
    for name, _, _ in _later(settings):
        at += cascade.WORDS
        places[name] = words[at + 2], words[at + 1]
    return words, layout.weights_for(words), places


def verify(words):
    layout.check_multipliers(words, layout.MULTIPLIER_AT, 2 * words[layout.HIDDEN])
    rates = layout.view(words, layout.ALPHA_TABLE_AT, layout.NODES)
    if min(rates) < 1 or max(rates) >= arithmetic.ONE:
        raise ValueError("table.alpha is out of range")
