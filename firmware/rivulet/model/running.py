"""The running model, and how a model file becomes one.

Garbage is collected before each part that stays is made, and often meanwhile: see compat.GARBAGE.
Amid garbage, what stays would be all over the heap, and leave no piece large enough for the next
model.
"""

from rivulet.arrays import FLOAT_KERNEL, floats, np, pack_float32, read_indices, read_tensor
from rivulet.compat import collect
from rivulet.errors import ModelError
from rivulet.model.readout import Readout


def load(file, size):
    """Return the running model of an open file of `size` bytes. Raises ModelError."""
    # Imported for it: a running model must not hold what only a file needs.
    from rivulet.model.header import ADAPTING, READOUT, check, read_header

    collect()
    settings, tensors = read_header(file, size)
    if settings.get("arithmetic") == "int8" and isinstance(settings.get("cell"), str):
        _import_kernels(settings["cell"])
    cell = check(settings, tensors)
    collect()
    base = file.tell()
    adapting = {name: tensors.pop(name) for name in ADAPTING if name in tensors}
    if settings.get("arithmetic") == "int8":
        made = _load_integers(file, settings, tensors)
    else:
        arrays = {}
        # In the order of the file, so that it is read once from front to back.
        for name in sorted(tensors, key=lambda name: tensors[name][1]):
            arrays[name] = _read(file, base, name, tensors[name])
        readout = arrays.pop(READOUT)
        try:
            made = Model(settings, cell(settings, arrays), readout)
        except ValueError as error:
            raise ModelError(str(error))
    if adapting:
        _open(made, [_read(file, base, name, adapting[name]) for name in ADAPTING])
    return made


def _read(file, base, name, entry):
    """The finite tensor of an entry (shape, begin, end)."""
    from rivulet.model.header import INDICES

    shape, begin, _ = entry
    file.seek(base + begin)
    try:
        read = read_indices if name.endswith(INDICES) else read_tensor
        array = read(file, shape)
    except ValueError as error:
        raise ModelError("tensor '%s': %s" % (name, error))
    if not _finite(array):
        raise ModelError("tensor '%s' holds NaN or infinity" % name)
    return array


def _import_kernels(cell):
    # Before anything calls deeper: what this imports is tried out, and a board's stack is small.
    from rivulet.integers.cells import integer_cell

    try:
        integer_cell(cell)
    except ValueError as error:
        raise ModelError(str(error))


def _load_integers(file, settings, tensors):
    # Imported by models that need it: a float model's board keeps the memory.
    from rivulet.integers import tensors as integer_tensors

    try:
        return integer_tensors.load(file, settings, tensors)
    except ValueError as error:
        raise ModelError(str(error))


def _open(model, adapting):
    """Let a model's readout learn. adapting: the arrays of ADAPTING."""
    from rivulet.model.learner import Learner

    model.learner = Learner(model.settings, model.open_readout(len(adapting[1]) + 1), *adapting)


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
    # What its readout learns with (learner.Learner); None: it cannot be adapted.
    learner = None

    def __init__(self, settings, cell, readout_weights):
        self.settings = settings
        self.cell = cell
        self.channels = settings["channels"]
        # The held inputs.
        self.held = cell.input_floats
        self.hidden = len(cell.state_floats)
        self.output_count = readout_weights.shape[0]
        self._input_first = settings["convention"] == "current"
        self._offsets = settings["normalisation"]["offset"]
        mean_tau_s = settings["readout_tau_s"] if settings["readout"] == "mean" else 0.0
        beside = cell.input_floats if getattr(cell, "reads_inputs", False) else ()
        self.readout = Readout(readout_weights, mean_tau_s, cell, beside)
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

    def open_readout(self, width):
        """The readout, `width` weights an output, opened for what is learnt."""
        from rivulet.model.open_readout import OpenReadout

        return OpenReadout(self.readout)

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

    def export(self, blocks, out, at):
        """Write blocks (a mask of protocol.BLOCKS) into bytes as float32; the position behind."""
        for number in range(4):
            if blocks >> number & 1:
                at = pack_float32(self.physical(number), out, at)
        return at

    def inputs_from(self, values):
        """A copy of `held` in the channels' own units."""
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
        if self.settings["readout"] == "state":
            # An integer model that reads the state keeps no mean.
            self.readout.feature_floats[:] = self.cell.state_floats
        self.cell.evaluate()
        return True
