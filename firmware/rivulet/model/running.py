"""A model file and the running model made from it.

The file is a safetensors file: 8 bytes little-endian length, a JSON header, float32 tensors. Its
`__metadata__` says everything the tensors do not; safetensors makes every value there a string:
names stand as they are, everything else as JSON.
"""

import json

from rivulet.arrays import FLOAT_KERNEL, floats, np, pack_float32, read_indices, read_tensor
from rivulet.cells import cell_class
from rivulet.compat import const
from rivulet.errors import ModelError
from rivulet.model.readout import Readout

FORMAT = "rivulet-1"
READOUT = "readout.weight"
CONVENTIONS = ("previous", "current")
OUTPUT_KINDS = ("class", "value")
READOUTS = ("state", "mean")
# Tensors of these names hold which neuron a synapse comes from and goes to.
INDICES = (".source", ".target")
# The last tensor of a signed file; see signature.py.
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
# How old a snapshot may be for a warm start, where the model file does not say.
LONGEST_WARM_START_S = 600
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
        from rivulet.integers.tensors import dtype

        return dtype(name)
    # Indices of a sparse wiring are the only tensors that are not weights.
    return "U16" if name.endswith(INDICES) else "F32"


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
        return _check_fixed(settings, tensors)
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


def _check_fixed(settings, tensors):
    # Imported by models that need it: a float model's board keeps the memory.
    from rivulet.integers import tensors as integer_tensors

    try:
        sizes = integer_tensors.check(settings, tensors)
    except ValueError as error:
        raise ModelError(str(error))
    _check_extras(settings, sizes[0], sizes[2])
    return sizes


def load(file, size):
    """The running model of an open file of `size` bytes. Raises ModelError."""
    settings, tensors = read_header(file, size)
    cell = check(settings, tensors)
    if settings.get("arithmetic") == "int8":
        return _load_fixed(file, settings, tensors)
    base = file.tell()
    arrays = {}
    # In the order of the file, so that it is read once from front to back.
    for name in sorted(tensors, key=lambda name: tensors[name][1]):
        shape, begin, _ = tensors[name]
        file.seek(base + begin)
        try:
            read = read_indices if name.endswith(INDICES) else read_tensor
            array = read(file, shape)
        except ValueError as error:
            raise ModelError("tensor '%s': %s" % (name, error))
        if not _finite(array):
            raise ModelError("tensor '%s' holds NaN or infinity" % name)
        arrays[name] = array
    readout = arrays.pop(READOUT)
    try:
        return Model(settings, cell(settings, arrays), readout)
    except ValueError as error:
        raise ModelError(str(error))


def _load_fixed(file, settings, tensors):
    # Imported by models that need it: a float model's board keeps the memory.
    from rivulet.integers import tensors as integer_tensors

    try:
        return integer_tensors.load(file, settings, tensors)
    except ValueError as error:
        raise ModelError(str(error))


def _finite(array):
    # One sum per row: no temporary the size of the weights.
    for row in array:
        total = float(np.sum(row)) if hasattr(row, "shape") else row
        if total - total != 0.0:
            return False
    return True


class Model:
    """A cell and its readout, moved by events. Times are differences in microseconds."""

    integer = False
    kernel = FLOAT_KERNEL
    # How many events of its dry run agreed; 0: its file brings none.
    probes = 0

    def __init__(self, settings, cell, readout_weights):
        self.settings = settings
        self.cell = cell
        self.channels = settings["channels"]
        self.hidden = len(cell.state_floats)
        self.output_count = readout_weights.shape[0]
        self._input_first = settings["convention"] == "current"
        self._offsets = settings["normalisation"]["offset"]
        mean_tau_s = settings["readout_tau_s"] if settings["readout"] == "mean" else 0.0
        self.readout = Readout(readout_weights, mean_tau_s, cell)
        # Where peek() keeps what it must put back.
        self._kept = [floats(np.zeros(self.hidden)) for _ in range(3)]
        self.reset()

    def reset(self):
        """State zero, every channel at its offset (the trained mean), no history."""
        cell = self.cell
        for i in range(self.hidden):
            cell.state_floats[i] = 0.0
        for i in range(len(self._offsets)):
            cell.input_floats[i] = self._offsets[i]
        cell.evaluate()
        self.readout.reset()

    def slots(self, channels):
        """Where the values of a sensor with these channel names go, for `event`.

        Neighbouring channels in the model's order get a view that is filled in one copy, any
        other order a tuple of channel numbers, -1 for those the model does not take.
        """
        numbers = tuple(
            self.channels.index(name) if name in self.channels else -1 for name in channels
        )
        first = numbers[0]
        if first >= 0 and numbers == tuple(range(first, first + len(numbers))):
            return self.cell.input_floats[first : first + len(numbers)]
        return numbers

    def event(self, dt_us, slots, values):
        """An event `dt_us` >= 0 after the last one carries `values`, floats in order of `slots`.

        What the input drives depends on the model's convention: "previous" moves the state under
        the input held so far and then applies the new one, "current" applies it first.
        """
        if self._input_first:
            self._apply(slots, values)
            self._advance(dt_us)
        else:
            self._advance(dt_us)
            self._apply(slots, values)

    def outputs(self):
        """The outputs (k,) at the last event, as a new array."""
        return self.readout.outputs()

    def _apply(self, slots, values):
        if not isinstance(slots, tuple):
            slots[:] = values
            return
        held = self.cell.input_floats
        for i in range(len(slots)):
            if slots[i] >= 0:
                held[slots[i]] = values[i]

    def _advance(self, dt_us):
        if dt_us > 0:
            seconds = dt_us * 1e-6
            self.cell.advance(seconds)
            self.readout.advance(seconds)

    def peek(self, dt_us):
        """The outputs `dt_us` after the last event if nothing else happens; moves nothing."""
        cell, readout = self.cell, self.readout
        state, alpha, feature = self._kept
        state[:] = cell.state_floats
        alpha[:] = cell.alpha_floats
        feature[:] = readout.feature_floats
        missing = readout.missing
        self._advance(dt_us)
        outputs = readout.outputs()
        cell.state_floats[:] = state
        cell.alpha_floats[:] = alpha
        readout.feature_floats[:] = feature
        readout.missing = missing
        return outputs

    def physical(self, number):
        """A block (its number in protocol.BLOCKS) as floats in its own unit."""
        if number == 2:
            return floats(self.outputs())
        cell = self.cell
        return (cell.alpha_floats, cell.state_floats, None, cell.input_floats)[number]

    def raw(self, number):
        """A block as the model itself keeps it."""
        return self.physical(number)

    def clamp_state(self, lowest, highest):
        """Every unit's state into these bounds."""
        state = self.cell.state_floats
        for i in range(self.hidden):
            state[i] = min(max(state[i], lowest), highest)
        self.cell.evaluate()
        if self.settings["readout"] == "state":
            self.readout.feature_floats[:] = state

    def export(self, number, out, at):
        """Write a block into bytes as float32; the position behind it."""
        return pack_float32(self.physical(number), out, at)

    def hold(self, rows, at):
        """Copy the held inputs into a memoryview of floats, from `at` on."""
        rows[at : at + len(self.channels)] = self.cell.input_floats

    def inputs_from(self, values):
        """What `hold` copied, in the channels' own units."""
        return values

    def snapshot(self):
        """(state, inputs, mean, missing confidence) as floats, for `adopt` of any model."""
        cell, readout = self.cell, self.readout
        return cell.state_floats, cell.input_floats, readout.feature_floats, readout.missing

    def adopt(self, other):
        """Take over the state, the held inputs and the mean of a model of the same kind.

        Returns False, and changes nothing, if the cell, the channels or the sizes differ.
        """
        if self.hidden != other.hidden or self.channels != other.channels:
            return False
        if self.settings["cell"] != other.settings["cell"]:
            return False
        state, inputs, mean, self.readout.missing = other.snapshot()
        for view, values in (
            (self.cell.state_floats, state),
            (self.cell.input_floats, inputs),
            (self.readout.feature_floats, mean),
        ):
            for i in range(len(view)):
                view[i] = values[i]
        self.cell.evaluate()
        return True
