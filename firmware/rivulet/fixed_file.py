"""Reads an integer model's tensors into the buffers of its kernel.

The names, as `rivulet convert --dtype int8` writes them, for n units, m channels and k outputs:
gates.weight, or gates.counts, gates.columns and gates.values where columns are missing in groups
of eight rows; gates.bias, gates.multiplier, readout.weight, readout.bias, readout.multiplier,
table.alpha, table.drive, table.decay, and table.reciprocal for an additive drive.
"""

from array import array

from rivulet.compat import const
from rivulet.fixed import FixedModel
from rivulet.kernels import block, fixed

_GROUP = const(8)
_LARGEST_STATE = const(1 << 30)
# How each stands in the file.
DTYPES = {
    "gates.weight": "I8",
    "gates.counts": "I16",
    "gates.columns": "U8",
    "gates.values": "I8",
    "gates.bias": "I32",
    "gates.multiplier": "I32",
    "readout.weight": "I8",
    "readout.bias": "I32",
    "readout.multiplier": "I32",
    "table.alpha": "I32",
    "table.drive": "I16",
    "table.reciprocal": "I16",
    "table.decay": "U16",
}
_CONTRADICTION = "gates.counts and gates.columns contradict each other"
# Where those go that are copied as they are.
_PLACES = {
    "gates.bias": fixed.BIAS_AT,
    "gates.multiplier": fixed.MULTIPLIER_AT,
    "readout.bias": fixed.OUT_BIAS_AT,
    "readout.multiplier": fixed.OUT_MULTIPLIER_AT,
    "table.alpha": fixed.ALPHA_TABLE_AT,
    "table.drive": fixed.DRIVE_TABLE_AT,
    "table.reciprocal": fixed.RECIPROCAL_TABLE_AT,
    "table.decay": fixed.DECAY_TABLE_AT,
}


def check(settings, tensors):
    """(n, m, k) of the model; raises ValueError if it is not one that the kernels run."""
    if settings["cell"] != "decay":
        raise ValueError("the integer path runs decay cells, not '%s'" % settings["cell"])
    for key, known in (("integrator", ("exponential",)), ("drive", ("relaxing", "additive"))):
        if settings.get(key) not in known:
            raise ValueError("the integer path has no %s '%s'" % (key, settings.get(key)))
    scale = settings.get("state_scale")
    if not isinstance(scale, (int, float)) or not 1e-6 < scale <= _LARGEST_STATE:
        raise ValueError("an integer model needs a 'state_scale' above 0, at most 2^30")
    for key, highest in (("output_bits", 30), ("mean_rate", fixed.ONE - 1)):
        value = settings.get(key)
        if not isinstance(value, int) or not 0 <= value <= highest:
            raise ValueError("an integer model needs a whole '%s' from 0 to %d" % (key, highest))
    scales = [value + 0.0 for value in settings["normalisation"]["scale"]]
    if len(scales) != len(settings["channels"]):
        raise ValueError("the normalisation's scale does not cover every channel")
    if "readout.weight" not in tensors or len(tensors["readout.weight"][0]) != 2:
        raise ValueError("tensor 'readout.weight' is missing or not a matrix")
    k, n = tensors["readout.weight"][0]
    m = len(settings["channels"])
    wanted = {
        "gates.bias": (2 * n,),
        "gates.multiplier": (2 * n,),
        "readout.weight": (k, n),
        "readout.bias": (k,),
        "readout.multiplier": (k,),
        "table.alpha": (fixed.NODES,),
        "table.drive": (fixed.NODES,),
        "table.decay": (fixed.DECAY_NODES,),
    }
    if settings["drive"] == "additive":
        wanted["table.reciprocal"] = (fixed.NODES,)
    if "gates.weight" in tensors:
        wanted["gates.weight"] = (2 * n, n + m)
    else:
        kept = tensors.get("gates.columns", ((0,),))[0][0]
        wanted["gates.counts"] = ((2 * n + _GROUP - 1) // _GROUP,)
        wanted["gates.columns"] = (kept,)
        wanted["gates.values"] = (kept, _GROUP)
    for name, shape in wanted.items():
        if name not in tensors:
            raise ValueError("tensor '%s' is missing" % name)
        if tensors[name][0] != shape:
            raise ValueError(
                "tensor '%s' is %s; %d units and %d channels need %s"
                % (name, tensors[name][0], n, m, shape)
            )
    for name in tensors:
        if name not in wanted:
            raise ValueError("tensor '%s' does not belong to this integer model" % name)
    return n, m, k


def load(file, settings, tensors):
    """The running model of a file that stands at its first tensor. Raises ValueError."""
    n, m, k = check(settings, tensors)
    base = file.tell()
    flags = (
        (fixed.MEAN if settings["readout"] == "mean" else 0)
        | (fixed.ADDITIVE if settings["drive"] == "additive" else 0)
        | (fixed.INPUT_FIRST if settings["convention"] == "current" else 0)
    )
    counts = _sparse_counts(file, base, tensors, n + m) if "gates.counts" in tensors else ()
    words = block.words_for(n, m, k, flags, block.kept(counts))
    weights = block.weights_for(words)
    # In the order of the file, so that it is read once from front to back.
    for name in sorted(tensors, key=lambda name: tensors[name][1]):
        shape, begin, _ = tensors[name]
        file.seek(base + begin)
        if name == "gates.weight":
            _read_rows(file, shape, weights, 0, words[fixed.COLUMNS])
        elif name == "readout.weight":
            _read_rows(file, shape, weights, words[fixed.OUT_WEIGHTS_AT], words[fixed.FEATURES])
        elif name in _PLACES:
            view = block.view(words, _PLACES[name], shape[0])
            if DTYPES[name] == "I32":
                _fill(file, view, 4 * shape[0])
            else:
                typecode = "H" if DTYPES[name] == "U16" else "h"
                view[:] = array("i", _read(file, typecode, shape[0]))
        elif name == "gates.columns":
            columns = _read(file, "B", shape[0])
            if max(columns) >= n + m:
                raise ValueError(_CONTRADICTION)
            block.place_columns(words, counts, columns)
        elif name == "gates.values":
            _read_blocks(file, counts, weights)
    for entry, count in ((fixed.MULTIPLIER_AT, 2 * n), (fixed.OUT_MULTIPLIER_AT, k)):
        multipliers = block.view(words, entry, count)
        if min(multipliers) < 0 or max(multipliers) >= 31 << 16:
            raise ValueError("a multiplier is out of range")
    rates = block.view(words, fixed.ALPHA_TABLE_AT, fixed.NODES)
    if min(rates) < 1 or max(rates) >= fixed.ONE:
        raise ValueError("table.alpha is out of range")
    return FixedModel(settings, words, weights)


def _fill(file, buffer, size):
    if file.readinto(buffer) != size:
        raise ValueError("the file ends inside a tensor")


def _read(file, typecode, count):
    values = array(typecode, bytes(count if typecode == "B" else 2 * count))
    _fill(file, values, len(values) if typecode == "B" else 2 * count)
    return values


def _read_rows(file, shape, weights, begin, columns):
    row = bytearray(shape[1])
    for number in range(shape[0]):
        _fill(file, row, shape[1])
        block.place_row(weights, begin, columns, number, row, shape[1])


def _sparse_counts(file, base, tensors, width):
    shape, begin, _ = tensors["gates.counts"]
    file.seek(base + begin)
    counts = _read(file, "h", shape[0])
    if min(counts) < 0 or max(counts) > width or sum(counts) != tensors["gates.columns"][0][0]:
        raise ValueError(_CONTRADICTION)
    return counts


def _read_blocks(file, counts, weights):
    view = memoryview(weights)
    at = 0
    for count in counts:
        size = count * _GROUP
        _fill(file, view[at : at + size], size)
        block.lift(weights, at, at + size)
        at += size or _GROUP
