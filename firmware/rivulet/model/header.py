"""Reads and checks the header of a model file.

The file is a safetensors file: 8 bytes little-endian length, a JSON header, the tensors. Its
`__metadata__` says everything the tensors do not. safetensors makes every value there a string:
names stand as they are, everything else as JSON.
"""

import json

from rivulet.cells import cell_class
from rivulet.compat import const
from rivulet.errors import ModelError
from rivulet.model import kinds

FORMAT = "rivulet-1"
# With more in its policy than a cadence, with channels that the firmware feeds, or with a readout
# that learns from labels. Firmware that does not know these refuses the file.
FORMAT_2 = "rivulet-2"
# Tensors that a model which can be adapted has besides; see learner.py.
ADAPTING = ("adapt.prior", "adapt.centre", "adapt.scale")
READOUT = "readout.weight"
CONVENTIONS = ("previous", "current")
OUTPUT_KINDS = ("class", "value")
READOUTS = ("state", "mean")
_SHORTEST_TAU_S = 1e-6
# Tensors of these names hold which neuron a synapse comes from and goes to.
INDICES = (".source", ".target")
# The last tensor of a signed file; see store/signature.py.
SIGNATURE = "signature"
# What every model says of itself; a cell's own settings are named in its file.
SETTINGS = (
    "format",
    "cell",
    "convention",
    "channels",
    "units",
    "normalisation",
    "readout",
    "readout_tau_s",
    "output",
    "classes",
    "policy",
    "training_dt_us",
    "provenance",
)
_MAX_HEADER = const(16384)
# The header is padded with spaces to a multiple of this, so that tensors are aligned.
_ALIGNMENT = const(8)
# Of objects and lists within the header, and within a setting.
_DEEPEST = const(16)
# CPython reads these as numbers; they are no JSON.
_NO_JSON = ("NaN", "Infinity", "-Infinity")
_TWICE = "not a model file: its %s is no JSON, or names something twice"


def read_header(file, size):
    """(settings, tensors) of an open model file of `size` bytes.

    settings: dict of the metadata with JSON values parsed; tensors: dict name -> (shape, offset,
    end), counted from the end of the header. The file is left at the first tensor.
    Raises ModelError.
    """
    settings, header, length = _parsed(file, size)
    for key in SETTINGS:
        if key not in settings:
            raise ModelError("not a Rivulet model: its metadata has no '%s'" % key)
    if settings["format"] not in (FORMAT, FORMAT_2):
        raise ModelError(
            "model format '%s' is not '%s' or '%s': convert it again"
            % (settings["format"], FORMAT, FORMAT_2)
        )
    for key, value in settings.items():
        if not _sound(value):
            raise ModelError("the metadata's '%s' holds NaN, infinity or broken text" % key)
    return settings, _tensors(header, size - 8 - length, settings.get("arithmetic") == "int8")


def _parsed(file, size):
    """(settings, the header without them, its length in bytes)"""
    head = file.read(8)
    length = int.from_bytes(head, "little") if len(head) == 8 else 0
    if not 2 <= length <= size - 8:
        raise ModelError("not a model file: no safetensors header")
    if length > _MAX_HEADER:
        raise ModelError(
            "its header has %d bytes, boards read %d: shorten the metadata" % (length, _MAX_HEADER)
        )
    if length % _ALIGNMENT:
        raise ModelError("its header is not padded to a multiple of %d bytes" % _ALIGNMENT)
    try:
        text = file.read(length)
        header = json.loads(text)
        if _colons(text) != _keys(header):
            raise ModelError(_TWICE % "header")
        metadata = header.pop("__metadata__")
        return {key: _value(key, metadata[key]) for key in metadata}, header, length
    except ModelError:
        raise
    except (ValueError, AttributeError, KeyError, TypeError, IndexError):
        raise ModelError("not a model file: no safetensors header with metadata")
    except RuntimeError:
        raise ModelError("not a model file: its metadata is nested too deeply")


def _value(key, text):
    if text in _NO_JSON:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        if text[:1] in ("{", "["):
            raise ModelError("the metadata's '%s' is broken JSON" % key)
        return text
    if isinstance(value, (dict, list)) and _colons(text.encode()) != _keys(value):
        raise ModelError(_TWICE % ("metadata's '%s'" % key))
    return value


def _colons(text):
    """Count the colons of JSON outside its strings: one for each key; -1 if brackets are open.

    MicroPython's parser takes JSON that ends too early.
    """
    count = at = opened = 0
    while True:
        quote = text.find(b'"', at)
        piece = text[at:] if quote < 0 else text[at:quote]
        count += piece.count(b":")
        opened += piece.count(b"{") + piece.count(b"[") - piece.count(b"}") - piece.count(b"]")
        if quote < 0:
            return -1 if opened else count
        at = quote + 1
        while text[at] != 0x22:
            # From one backslash or quote to the next, over what is escaped.
            quote = text.find(b'"', at)
            escape = text.find(b"\\", at, quote)
            at = quote if escape < 0 else escape + 2
        at += 1


def _keys(value, levels=_DEEPEST):
    """Count the keys of all objects in a JSON value: of a key that stands twice only one is.

    Raises RuntimeError for one that is nested deeper than `levels`.
    """
    count = 0
    if not levels:
        raise RuntimeError
    if isinstance(value, dict):
        count = len(value)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            if isinstance(each, (dict, list)):
                count += _keys(each, levels - 1)
    return count


def _sound(value):
    """Whether a JSON value holds neither NaN, infinity (1e999 is legal JSON) nor half a character.

    Half of a surrogate pair is no text that UTF-8 can carry.
    """
    if isinstance(value, dict):
        value = list(value) + list(value.values())
    if isinstance(value, list):
        return all(_sound(each) for each in value)
    if isinstance(value, str):
        return not any(0xD800 <= ord(character) < 0xE000 for character in value)
    return not isinstance(value, float) or value - value == 0.0


def _dtype(name, integer):
    if name in ADAPTING:
        return "F32"
    if integer:
        return _integer_tensors().dtype(name)
    # Indices of a sparse wiring are the only tensors that are not weights.
    return "U16" if name.endswith(INDICES) else "F32"


def _integer_tensors():
    # Imported by models that need it: a float model's board keeps the memory.
    try:
        from rivulet.integers import tensors
    except ImportError:
        raise ModelError("this firmware has no integer models: flash it for this model")
    return tensors


def _tensors(header, available, integer):
    tensors = {}
    for name, entry in header.items():
        try:
            shape, (begin, end), dtype = entry["shape"], entry["data_offsets"], entry["dtype"]
        except (KeyError, TypeError, ValueError):
            raise ModelError("tensor '%s' has no shape, dtype or offsets" % name)
        wanted = "U8" if name == SIGNATURE else _dtype(name, integer)
        if dtype != wanted:
            raise ModelError("tensor '%s' is %s, not %s" % (name, dtype, wanted))
        if not isinstance(shape, list) or not all(kinds.is_whole(n) for n in shape + [begin, end]):
            raise ModelError("tensor '%s': its shape or its offsets are no whole numbers" % name)
        width = int(dtype[1:]) // 8
        count = 1
        for length in shape:
            count *= max(length, 0)
        if not 1 <= len(shape) <= 2 or not count or begin % width or end - begin != width * count:
            raise ModelError("tensor '%s': its shape and its bytes disagree" % name)
        tensors[name] = (tuple(shape), begin, end)
    used = 0
    for name in sorted(tensors, key=lambda name: tensors[name][1]):
        begin, end = tensors[name][1:]
        if begin != used:
            raise ModelError(
                "tensor '%s' begins at byte %d, the one before ends at %d" % (name, begin, used)
            )
        used = end
    if used != available:
        raise ModelError("truncated: tensors end at byte %d of %d" % (used, available))
    tensors.pop(SIGNATURE, None)
    return tensors


def check_settings(settings):
    """What does not depend on the cell. Raises ModelError."""
    try:
        kinds.check(settings)
    except ValueError as error:
        raise ModelError(str(error))
    for key, known in (
        ("convention", CONVENTIONS),
        ("output", OUTPUT_KINDS),
        ("readout", READOUTS),
    ):
        if settings[key] not in known:
            raise ModelError("unknown %s '%s'" % (key, settings[key]))
    if settings["readout"] == "mean" and settings["readout_tau_s"] < _SHORTEST_TAU_S:
        raise ModelError("a mean readout needs a readout_tau_s above 0 s")


def _check_extras(settings, units, outputs, features):
    if settings["output"] == "class" and len(settings["classes"]) != outputs:
        raise ModelError("%d class names for %d outputs" % (len(settings["classes"]), outputs))
    # Imported by models that need them: others leave the memory to the board.
    try:
        if "guards" in settings:
            from rivulet.model import bounds

            bounds.check(settings, outputs)
        if "adaptation" in settings:
            from rivulet.model import adaptation

            adaptation.check(settings, outputs, features)
        if "warm_start" in settings:
            from rivulet.model import warm_start

            warm_start.check(settings, units)
        if settings["format"] != FORMAT or len(settings["policy"]) > 1:
            from rivulet.model import policies

            policies.check(settings, outputs)
    except ValueError as error:
        raise ModelError(str(error))


def check(settings, tensors):
    """Names, kinds, ranges and shapes agree with the cell. Returns it. Raises ModelError."""
    try:
        return _check(settings, tensors)
    except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ModelError("the metadata holds something of another kind than it should: %s" % error)


def _check(settings, tensors):
    check_settings(settings)
    if settings.get("arithmetic") == "int8":
        return _check_integers(settings, tensors)
    try:
        cell = cell_class(settings["cell"])
        cell.check(settings)
    except ValueError as error:
        raise ModelError(str(error))
    if READOUT not in tensors:
        raise ModelError("tensor '%s' is missing" % READOUT)
    readout = tensors[READOUT][0]
    features, inputs = readout[-1] - 1, len(settings["channels"])
    try:
        wanted = cell.shapes(settings, features, inputs)
    except ValueError as error:
        raise ModelError(str(error))
    hidden = cell.units(settings) if hasattr(cell, "units") else features
    wanted[READOUT] = (readout[0], features + 1)
    if "adaptation" in settings:
        wanted.update(_of_adaptation(features))
    for name, shape in wanted.items():
        if name not in tensors:
            raise ModelError("tensor '%s' is missing" % name)
        if tensors[name][0] != shape:
            raise ModelError(
                "tensor '%s' is %s; %d units and %d channels need %s"
                % (name, tensors[name][0], hidden, inputs, shape)
            )
    for name in tensors:
        if name not in wanted:
            raise ModelError("tensor '%s' does not belong to a %s cell" % (name, settings["cell"]))
    _check_extras(settings, hidden, readout[0], features)
    return cell


def _of_adaptation(features):
    """Return the shapes of ADAPTING for a readout of so many features."""
    count = features + 1
    return {
        ADAPTING[0]: (count * (count + 1) // 2,),
        ADAPTING[1]: (features,),
        ADAPTING[2]: (features,),
    }


def _check_integers(settings, tensors):
    own = tensors
    try:
        if "adaptation" in settings:
            own = {name: tensors[name] for name in tensors if name not in ADAPTING}
        sizes = _integer_tensors().check(settings, own)
        if own is not tensors:
            for name, shape in _of_adaptation(own[READOUT][0][1]).items():
                if name not in tensors or tensors[name][0] != shape:
                    raise ValueError("tensor '%s' is missing, or not %s" % (name, shape))
    except ValueError as error:
        raise ModelError(str(error))
    _check_extras(settings, sizes[0], sizes[2], own[READOUT][0][1])
    return sizes
