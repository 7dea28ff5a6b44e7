"""Reads and checks the header of a model file.

The file is a safetensors file: 8 bytes little-endian length, a JSON header, the tensors. Its
`__metadata__` says everything the tensors do not. safetensors makes every value there a string:
names stand as they are, everything else as JSON.
"""

import json

from rivulet.cells import cell_class
from rivulet.compat import const
from rivulet.errors import ModelError

FORMAT = "rivulet-1"
READOUT = "readout.weight"
CONVENTIONS = ("previous", "current")
OUTPUT_KINDS = ("class", "value")
READOUTS = ("state", "mean")
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


def read_header(file, size):
    """(settings, tensors) of an open model file of `size` bytes.

    settings: dict of the metadata with JSON values parsed; tensors: dict name -> (shape, offset,
    end), counted from the end of the header. The file is left at the first tensor.
    Raises ModelError.
    """
    head = file.read(8)
    length = int.from_bytes(head, "little") if len(head) == 8 else 0
    if not 2 <= length <= _MAX_HEADER or length + 8 > size or length % _ALIGNMENT:
        raise ModelError("not a model file: no safetensors header")
    try:
        header = json.loads(file.read(length))
        metadata = header.pop("__metadata__")
        settings = {key: _value(text) for key, text in metadata.items()}
        strange = [key for key, value in settings.items() if not _finite_numbers(value)]
    except (ValueError, AttributeError, KeyError, TypeError, IndexError):
        raise ModelError("not a model file: no safetensors header with metadata")
    except RuntimeError:
        raise ModelError("not a model file: its metadata is nested too deeply")
    for key in SETTINGS:
        if key not in settings:
            raise ModelError("not a Rivulet model: its metadata has no '%s'" % key)
    if settings["format"] != FORMAT:
        raise ModelError(
            "model format '%s' is not '%s': convert it again" % (settings["format"], FORMAT)
        )
    for key in strange:
        if key != "provenance":
            raise ModelError("the metadata's '%s' holds NaN or infinity" % key)
    return settings, _tensors(header, size - 8 - length, settings.get("arithmetic") == "int8")


def _value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def _finite_numbers(value):
    """Whether no float in a JSON value is NaN or infinite: 1e999 is legal JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return all(_finite_numbers(each) for each in value)
    return not isinstance(value, float) or value - value == 0.0


def _dtype(name, integer):
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
    used = 0
    for name, entry in header.items():
        try:
            shape = tuple(entry["shape"])
            begin, end = entry["data_offsets"]
            dtype = entry["dtype"]
        except (KeyError, TypeError, ValueError):
            raise ModelError("tensor '%s' has no shape, dtype or offsets" % name)
        wanted = "U8" if name == SIGNATURE else _dtype(name, integer)
        if dtype != wanted:
            raise ModelError("tensor '%s' is %s, not %s" % (name, dtype, wanted))
        if not all(isinstance(number, int) for number in shape + (begin, end)) or begin < 0:
            raise ModelError("tensor '%s': its shape or its offsets are no whole numbers" % name)
        width = int(dtype[1:]) // 8
        count = 1
        for length in shape:
            count *= length
        if not 1 <= len(shape) <= 2 or count <= 0 or begin % width or end - begin != width * count:
            raise ModelError("tensor '%s': its shape and its bytes disagree" % name)
        used = max(used, end)
        if name != SIGNATURE:
            tensors[name] = (shape, begin, end)
    if used != available:
        raise ModelError("truncated: tensors end at byte %d of %d" % (used, available))
    return tensors


def check_settings(settings):
    """What does not depend on the cell. Raises ModelError."""
    for key, known in (
        ("convention", CONVENTIONS),
        ("output", OUTPUT_KINDS),
        ("readout", READOUTS),
    ):
        if settings[key] not in known:
            raise ModelError("unknown %s '%s'" % (key, settings[key]))
    if settings["readout"] == "mean" and not settings["readout_tau_s"] > 0.0:
        raise ModelError("a mean readout needs a readout_tau_s above 0 s")
    if not settings["channels"]:
        raise ModelError("the model names no channels")
    if not settings["policy"]["cadence_us"] > 0:
        raise ModelError("the policy's cadence_us must be above 0")
    offsets = [value + 0.0 for value in settings["normalisation"]["offset"]]
    if len(offsets) != len(settings["channels"]):
        raise ModelError(
            "the normalisation does not cover the %d channels" % len(settings["channels"])
        )


def _check_extras(settings, units, outputs):
    if settings["output"] == "class" and len(settings["classes"]) != outputs:
        raise ModelError("%d class names for %d outputs" % (len(settings["classes"]), outputs))
    # Imported by models that need them: others leave the memory to the board.
    try:
        if "guards" in settings:
            from rivulet.model import bounds

            bounds.check(settings, outputs)
        if "warm_start" in settings:
            from rivulet.model import warm_start

            warm_start.check(settings, units)
    except ValueError as error:
        raise ModelError(str(error))


def check(settings, tensors):
    """Names, kinds, ranges and shapes agree with the cell. Returns it. Raises ModelError."""
    try:
        return _check(settings, tensors)
    except (TypeError, KeyError, IndexError, AttributeError) as error:
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
    hidden, inputs = readout[-1] - 1, len(settings["channels"])
    try:
        wanted = cell.shapes(settings, hidden, inputs)
    except ValueError as error:
        raise ModelError(str(error))
    wanted[READOUT] = (readout[0], hidden + 1)
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
    _check_extras(settings, hidden, readout[0])
    return cell


def _check_integers(settings, tensors):
    try:
        sizes = _integer_tensors().check(settings, tensors)
    except ValueError as error:
        raise ModelError(str(error))
    _check_extras(settings, sizes[0], sizes[2])
    return sizes
