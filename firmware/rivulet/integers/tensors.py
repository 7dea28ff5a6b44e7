"""Reads an integer model's tensors into the buffers of its kernel.

The names, as `rivulet convert --dtype int8` writes them: readout.weight (k, n), readout.bias and
readout.multiplier (k,). Each cell's file in `cells` lists the other tensors.
"""

from array import array

from rivulet.compat import collect, const
from rivulet.integers import arithmetic, layout
from rivulet.integers.cells import integer_cell
from rivulet.integers.model import IntegerModel

_LARGEST_STATE = const(1 << 30)
_RATE_BITS = const(20)
# Data type of each tensor in the file: by the end of its name, else by its beginning.
_DTYPES = {
    ".weight": "I8",
    ".values": "I8",
    ".columns": "U8",
    ".counts": "I16",
    ".bias": "I32",
    ".multiplier": "I32",
    ".alpha": "I32",
    ".decay": "U16",
    ".source": "U8",
    ".offset": "I32",
}
_FAMILIES = {"table": "I16", "synapse": "I16", "pure": "I32"}
_TYPECODES = {"I8": "b", "U8": "B", "I16": "h", "U16": "H", "I32": "i"}


def dtype(name):
    """Return the data type that a tensor of this name has in the file."""
    kind = _FAMILIES.get(name.split(".")[0], "known here")
    return _DTYPES.get(name[name.rfind(".") :], kind)


def check(settings, tensors):
    """Return (n, m, k) of the model. Raises ValueError if the kernels cannot run it."""
    cell = integer_cell(settings["cell"])
    cell.check(settings)
    scale = settings.get("state_scale")
    if not isinstance(scale, (int, float)) or not 1e-6 < scale <= _LARGEST_STATE:
        raise ValueError("an integer model needs a 'state_scale' above 0, at most 2^30")
    for key, lowest, highest in (
        ("output_bits", 0, 30),
        ("mean_rate", 0, arithmetic.ONE - 1),
        ("rate_bits", 10, 28),
    ):
        value = settings.get(key, _RATE_BITS if key == "rate_bits" else None)
        if not isinstance(value, int) or not lowest <= value <= highest:
            raise ValueError(
                "'%s' of an integer model must be a whole number from %d to %d"
                % (key, lowest, highest)
            )
    scales = [value + 0.0 for value in settings["normalisation"]["scale"]]
    if len(scales) != len(settings["channels"]):
        raise ValueError("the normalisation's scale does not cover every channel")
    if "readout.weight" not in tensors or len(tensors["readout.weight"][0]) != 2:
        raise ValueError("tensor 'readout.weight' is missing or not a matrix")
    k, features = tensors["readout.weight"][0]
    m = len(settings["channels"])
    wanted = cell.shapes(settings, features, m, tensors)
    n = cell.units(settings) if hasattr(cell, "units") else features
    wanted["readout.weight"] = (k, features)
    wanted["readout.bias"] = wanted["readout.multiplier"] = (k,)
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
    """Return the running model of a file positioned at its first tensor. Raises ValueError."""
    sizes = check(settings, tensors)
    cell = integer_cell(settings["cell"])
    base = file.tell()
    flags = (layout.MEAN if settings["readout"] == "mean" else 0) | (
        layout.INPUT_FIRST if settings["convention"] == "current" else 0
    )

    def read(name):
        if name not in tensors:
            return ()
        shape, begin, _ = tensors[name]
        file.seek(base + begin)
        return _read(file, _TYPECODES[dtype(name)], shape)

    words, weights, places = cell.lay_out(settings, sizes, flags, read)
    layout.check_address(weights)
    places["readout.weight"] = words[layout.OUT_WEIGHTS_AT], words[layout.FEATURES]
    places["readout.bias"] = words[layout.OUT_BIAS_AT]
    places["readout.multiplier"] = words[layout.OUT_MULTIPLIER_AT]
    # In the order of the file, which is read once from front to back.
    for name in sorted(tensors, key=lambda name: tensors[name][1]):
        shape, begin, _ = tensors[name]
        file.seek(base + begin)
        place = places[name]
        if isinstance(place, tuple):
            _read_rows(file, shape, weights, *place)
        elif isinstance(place, int):
            view = memoryview(words)[place >> 2 : (place >> 2) + shape[0]]
            if dtype(name) == "I32":
                _fill(file, view, 4 * shape[0])
            else:
                view[:] = array("i", _read(file, _TYPECODES[dtype(name)], shape))
        else:
            place(file, shape)
    layout.check_multipliers(words, layout.OUT_MULTIPLIER_AT, sizes[2])
    cell.verify(words)
    collect()  # see model/running.py
    return IntegerModel(settings, words, weights)


def _fill(file, buffer, size):
    if file.readinto(buffer) != size:
        raise ValueError("the file ends inside a tensor")


def _read(file, typecode, shape):
    width = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4}[typecode]
    size = width * shape[0] * (shape[1] if len(shape) == 2 else 1)
    values = array(typecode, bytes(size))
    _fill(file, values, size)
    return values


def _read_rows(file, shape, weights, begin, columns):
    row = bytearray(shape[1])
    for number in range(shape[0]):
        _fill(file, row, shape[1])
        layout.place_row(weights, begin, columns, number, row, shape[1])
