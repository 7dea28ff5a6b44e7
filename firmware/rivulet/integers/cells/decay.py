"""The tensors and buffers of a decay model in integers; integers/decay.py has the arithmetic.

Tensors: gates.weight (2n, n + m), or for sparse gates gates.counts, gates.columns and gates.values
(groups of eight rows that lack columns); gates.bias and gates.multiplier (2n,); table.alpha,
table.drive, table.decay, and table.reciprocal for an additive drive.
"""

from rivulet.compat import const
from rivulet.integers import arithmetic, choice, decay, decay_choice, layout

__all__ = ("KERNEL", "check", "lay_out", "shapes", "step", "verify")

_GROUP = const(8)
# Chosen here, one import deep: a board's stack is small.
KERNEL, step = choice.choose(
    decay_choice.KERNELS, decay_choice.load, decay_choice.works, decay.step
)
_CONTRADICTION = "gates.counts and gates.columns contradict each other"


def check(settings):
    for key, known in (("integrator", ("exponential",)), ("drive", ("relaxing", "additive"))):
        if settings.get(key) not in known:
            raise ValueError("the integer path has no %s '%s'" % (key, settings.get(key)))


def shapes(settings, n, m, tensors):
    wanted = {
        "gates.bias": (2 * n,),
        "gates.multiplier": (2 * n,),
        "table.alpha": (layout.NODES,),
        "table.drive": (layout.NODES,),
        "table.decay": (layout.DECAY_NODES,),
    }
    if settings["drive"] == "additive":
        wanted["table.reciprocal"] = (layout.NODES,)
    if "gates.weight" in tensors:
        wanted["gates.weight"] = (2 * n, n + m)
    else:
        kept = tensors.get("gates.columns", ((0,),))[0][0]
        wanted["gates.counts"] = ((2 * n + _GROUP - 1) // _GROUP,)
        wanted["gates.columns"] = (kept,)
        wanted["gates.values"] = (kept, _GROUP)
    return wanted


def lay_out(settings, sizes, flags, read):
    n, m, k = sizes
    if settings["drive"] == "additive":
        flags |= layout.ADDITIVE
    counts = read("gates.counts")
    if counts and (min(counts) < 0 or max(counts) > n + m):
        raise ValueError(_CONTRADICTION)
    words = decay.words_for(n, m, k, flags, decay.kept(counts))
    weights = layout.weights_for(words)
    places = {
        "gates.weight": (0, words[layout.COLUMNS]),
        "gates.bias": words[layout.BIAS_AT],
        "gates.multiplier": words[layout.MULTIPLIER_AT],
        "table.alpha": words[layout.ALPHA_TABLE_AT],
        "table.drive": words[layout.DRIVE_TABLE_AT],
        "table.reciprocal": words[layout.RECIPROCAL_TABLE_AT],
        "table.decay": words[layout.DECAY_TABLE_AT],
    }
    if counts:
        columns = read("gates.columns")
        if sum(counts) != len(columns) or max(columns) >= n + m:
            raise ValueError(_CONTRADICTION)
        decay.place_columns(words, counts, columns)
        view = memoryview(weights)

        def skip(file, shape):
            pass

        def blocks(file, shape):
            at = 0
            for count in counts:
                size = count * _GROUP
                if file.readinto(view[at : at + size]) != size:
                    raise ValueError("the file ends inside a tensor")
                layout.lift(weights, at, at + size)
                at += size or _GROUP

        places["gates.counts"] = places["gates.columns"] = skip
        places["gates.values"] = blocks
    return words, weights, places


def verify(words):
    layout.check_multipliers(words, layout.MULTIPLIER_AT, 2 * words[layout.HIDDEN])
    rates = layout.view(words, layout.ALPHA_TABLE_AT, layout.NODES)
    if min(rates) < 1 or max(rates) >= arithmetic.ONE:
        raise ValueError("table.alpha is out of range")
