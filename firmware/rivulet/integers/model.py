"""A running integer model: int8 weights and the arithmetic of its cell.

It has the methods of model.Model. Those that the loop calls at every event allocate nothing:
values come in as the sensor's own integers, blocks go out as integers, and the host scales them.
"""

from array import array

from rivulet.arrays import float32
from rivulet.compat import const
from rivulet.errors import ModelError
from rivulet.integers import arithmetic, choice, layout
from rivulet.integers.cells import integer_cell

# arithmetic.LONGEST_US; a constant of this module saves a look-up at every event.
_LONGEST_US = const((1 << 30) - 1)
# As the constant, these save a look-up each.
_copy = float32.copy
_floats = float32.from_integers
_export = layout.export
_Q12 = const(4096)
# The block, in the order of protocol.BLOCKS.
_OUTPUTS = const(2)
_LARGEST_INPUT = const(32767)
_DEEPEST_SHIFT = const(30)
_LARGEST_FACTOR = 32767.0
_LARGEST_OFFSET = float((1 << 30) - 1)


def _coarse(dt_us):
    """Return an interval too long for a small integer in the kernels' other unit, 1024 us."""
    return -min(dt_us >> 10, _LONGEST_US)


def _read_out(words, weights):
    arithmetic.read_out(words, weights, _read_from(words))


def _read_from(words):
    return words[layout.FEATURE_AT if words[layout.FLAGS] & layout.MEAN else layout.V_AT]


def _kernel(name, words, weights):
    """Return (name, step) of the model's kernel, and bring the weights into its order."""
    if words[layout.FLAGS] & layout.MIXED:
        return integer_cell(name).mixed_kernel()
    if choice.has_dsp():
        from rivulet.integers import dsp

        found = dsp.kernel(name, words, weights)
        if found:
            return found
    cell = integer_cell(name)
    return cell.KERNEL, cell.step


class InputMap:
    """Maps one sensor's values to model inputs. The sensor writes its integers into `raw`."""

    def __init__(self, targets, factors):
        """Build it. targets: byte offsets in the kernel's words; factors: (M, O, b) of each."""
        count = len(targets)
        self.words = array("i", bytes(4 * (1 + 5 * count)))
        self.words[0] = count
        for i in range(count):
            at = 1 + count + 4 * i
            self.words[at] = targets[i]
            for j in range(3):
                self.words[at + 1 + j] = factors[i][j]
        self.raw = memoryview(self.words)[1 : 1 + count]


class IntegerModel:
    """A running model. settings: the file's metadata; words, weights: its two buffers, filled.

    It may bring the weights into another order, so no other model can use the same ones.
    """

    integer = True
    # Events of its self-test that agreed; 0 if its file has no self-test.
    probes = 0
    # What its readout learns with (model.learner.Learner); None: it cannot be adapted.
    learner = None

    def __init__(self, settings, words, weights):
        self.settings = settings
        self.channels = settings["channels"]
        self.hidden = n = words[layout.HIDDEN]
        self.output_count = words[layout.OUTPUTS]
        cell = integer_cell(settings["cell"])
        self.kernel, self._step = _kernel(settings["cell"], words, weights)
        self._read_out = getattr(cell, "read_out", _read_out)
        self._read_from = getattr(cell, "read_from", _read_from)
        self._words = words
        self._weights = weights
        normalisation = settings["normalisation"]
        self._offsets, self._scales = normalisation["offset"], normalisation["scale"]
        scale = settings["state_scale"]
        bits = 30
        while scale > 1.0:
            scale /= 2.0
            bits -= 1
        while scale < 1.0:
            scale *= 2.0
            bits += 1
        # A block's value is its integer times 2^-bits. Inputs are normalised values.
        self.fraction_bits = (settings.get("rate_bits", 20), bits, settings["output_bits"], 12)
        self._alpha = layout.view(words, layout.ALPHA_AT, n)
        self._x = layout.view(words, layout.X_AT, n)
        self._y = layout.view(words, layout.Y_AT, self.output_count)
        inputs = len(self.channels)
        self.held = layout.view(words, layout.V_AT, n + inputs)[n:]
        # First word and number of words of each block, in the order of protocol.BLOCKS.
        alpha, x, y = (words[at] >> 2 for at in (layout.ALPHA_AT, layout.X_AT, layout.Y_AT))
        u = (words[layout.V_AT] >> 2) + n
        self._spans = array("i", (alpha, n, x, n, y, self.output_count, u, inputs))
        self._views = (self._alpha, self._x, self._y, self.held)
        self._memory = layout.memory(words)
        self._kept = array("i", self._memory)
        self._ahead = memoryview(array("i", bytes(4 * self.output_count)))
        self._nothing = InputMap((), ()).words
        self.reset()

    def reset(self):
        """Set the state to zero and every channel to its offset (the trained mean)."""
        words, memory = self._words, self._memory
        rate = self.settings["mean_rate"]
        for i in range(len(memory)):
            memory[i] = 0
        layout.view(words, layout.ALPHA_AT, self.hidden + 1)[self.hidden] = rate
        # A step of any length computes the rates; all but the rates is then zeroed again.
        self._step(words, self._weights, 1, self._nothing)
        alpha = array("i", self._alpha)
        for i in range(len(memory)):
            memory[i] = 0
        self._alpha[:] = alpha
        layout.view(words, layout.ALPHA_AT, self.hidden + 1)[self.hidden] = rate
        self._reread()

    def slots(self, channels):
        """Return the InputMap for a sensor with these channel names that gives floats."""
        return InputMap([self._target(name) for name in channels], [(1, 0, 0)] * len(channels))

    def raw_slots(self, channels, scales):
        """Return the InputMap for a sensor that gives integers; scales: the unit of each channel.

        Raises ModelError.
        """
        return InputMap(
            [self._target(name) for name in channels],
            [self._factors(name, scale) for name, scale in zip(channels, scales)],
        )

    def event(self, dt_us, slots, values):
        """Process an event `dt_us` >= 0 after the last one.

        values: the input map's own `raw`, or floats in its order. As in model.Model, `slots`
        may also be a tuple of channel numbers.
        """
        if values is not getattr(slots, "raw", None):
            if isinstance(slots, tuple):
                slots = self._numbered(slots)
            self._convert(slots, values)
        self.move(dt_us, slots.words)

    def move(self, dt_us, input_map):
        """Process an event whose values are in `raw` already; input_map: its `words`."""
        if dt_us > _LONGEST_US:
            dt_us = _coarse(dt_us)
        self._step(self._words, self._weights, dt_us, input_map)

    @property
    def stepper(self):
        """The step and its first two arguments, for who calls it without `move`."""
        return self._step, self._words, self._weights

    def open_readout(self, width):
        """Return the readout, `width` weights an output, opened for what is learnt."""
        from rivulet.integers.open_readout import OpenReadout

        return OpenReadout(
            self._words,
            self._weights,
            self._read_from(self._words),
            self.output_count,
            width,
            self.fraction_bits[2],
            self._reread,
        )

    def _numbered(self, numbers):
        # A method of its own: a comprehension puts its function's `self` on the heap at each call.
        return self.slots([self.channels[i] if i >= 0 else "" for i in numbers])

    def outputs(self):
        """Return the outputs at the last event, integers (k,)."""
        return self._y

    def peek(self, dt_us):
        """Return the outputs `dt_us` after the last event under the held inputs; moves nothing."""
        if dt_us > _LONGEST_US:
            dt_us = _coarse(dt_us)
        memory, kept = self._memory, self._kept
        _copy(memory, kept, len(kept))
        self._step(self._words, self._weights, dt_us, self._nothing)
        _copy(self._y, self._ahead, self.output_count)
        _copy(kept, memory, len(kept))
        return self._ahead

    def foresee(self, dt_us, values):
        """Write what `peek` returns into `values`, an array('f'), in the outputs' own units.

        dt_us: 0 and less: the outputs at the last event.
        """
        if dt_us > _LONGEST_US:
            dt_us = _coarse(dt_us)
        elif dt_us <= 0:
            _floats(self._y, self.fraction_bits[_OUTPUTS], values, self.output_count)
            return
        memory, kept = self._memory, self._kept
        _copy(memory, kept, len(kept))
        self._step(self._words, self._weights, dt_us, self._nothing)
        _floats(self._y, self.fraction_bits[_OUTPUTS], values, self.output_count)
        _copy(kept, memory, len(kept))

    def export(self, blocks, out, at):
        """Write blocks (a mask of protocol.BLOCKS) into bytes.

        Returns the position after the last byte.
        """
        return _export(self._words, self._spans, blocks, out, at)

    def raw(self, number):
        """Return a block as the model keeps it: integers, in units of 2^-fraction_bits."""
        return self._views[number]

    def clamp_state(self, lowest, highest):
        """Clamp every unit's state to the bounds, integers as `raw` gives them."""
        short = layout.view(self._words, layout.V_AT, self.hidden)
        for i in range(self.hidden):
            self._x[i] = min(max(self._x[i], lowest), highest)
            short[i] = (self._x[i] + (1 << 17)) >> 18
        self._reread()

    def physical(self, number):
        """Return a block as a new list of floats in its own unit."""
        unit = 0.5 ** self.fraction_bits[number]
        values = [value * unit for value in self._views[number]]
        return values if number < 3 else self._denormalised(values)

    def inputs_from(self, values):
        """Return a copy of `held` in the channels' own units."""
        return self._denormalised([value / _Q12 for value in values])

    def _denormalised(self, values):
        return [
            u / scale + offset if scale else offset
            for u, scale, offset in zip(values, self._scales, self._offsets)
        ]

    def snapshot(self):
        """Return (state, inputs, mean, missing confidence) as floats, for any model's `adopt`."""
        unit = 0.5 ** self.fraction_bits[1]
        mean = [value * unit for value in layout.view(self._words, layout.MEAN_AT, self.hidden)]
        missing = 1.0 - self._words[self._words[layout.CONFIDENCE_AT] >> 2] / arithmetic.ONE
        return self.physical(1), self.physical(3), mean, missing

    def adopt(self, other):
        """Take over the state, the held inputs and the mean of a model of the same kind.

        Returns False, and changes nothing, if the cell, the channels or the sizes differ.
        """
        if self.hidden != other.hidden or self.channels != other.channels:
            return False
        if self.settings["cell"] != other.settings["cell"]:
            return False
        state, inputs, mean, missing = other.snapshot()
        words = self._words
        short = layout.view(words, layout.V_AT, self.hidden)
        feature = layout.view(words, layout.FEATURE_AT, self.hidden)
        means = layout.view(words, layout.MEAN_AT, self.hidden)
        for i in range(self.hidden):
            self._x[i] = self._quantised(state[i])
            short[i] = (self._x[i] + (1 << 17)) >> 18
            means[i] = self._quantised(mean[i])
            feature[i] = (means[i] + (1 << 17)) >> 18
        words[words[layout.CONFIDENCE_AT] >> 2] = int((1.0 - missing) * arithmetic.ONE)
        for i in range(len(inputs)):
            self.held[i] = self._normal(i, inputs[i])
        self._reread()
        return True

    def _quantised(self, value):
        # Clamped before the conversion: the state of another model or a prior can be too large.
        scaled = min(max(value * 2.0 ** self.fraction_bits[1], -arithmetic.ONE), arithmetic.ONE)
        return min(int(scaled), arithmetic.ONE - 1)

    def _reread(self):
        self._read_out(self._words, self._weights)

    def _target(self, name):
        if name in self.channels:
            return self._words[layout.V_AT] + 4 * (self.hidden + self.channels.index(name))
        # A scratch word: every step writes it before it reads it.
        return self._words[layout.GAIN_AT]

    def _factors(self, name, unit):
        """Return (M, O, b), which map a sensor's integers to the normalised input in Q12, rounded.

        Raises ModelError.
        """
        if name not in self.channels:
            return 0, 0, 0
        i = self.channels.index(name)
        factor = unit * self._scales[i] * _Q12
        offset = 0.5 - self._offsets[i] * self._scales[i] * _Q12
        shift = _DEEPEST_SHIFT
        power = 2.0**shift
        while shift and (
            abs(factor) * power > _LARGEST_FACTOR or abs(offset) * power > _LARGEST_OFFSET
        ):
            shift -= 1
            power /= 2.0
        if not (abs(factor) <= _LARGEST_FACTOR and abs(offset) <= _LARGEST_OFFSET):
            raise ModelError("the normalisation of '%s' is too large for integers" % name)
        return int(factor * power + (0.5 if factor > 0 else -0.5)), int(offset * power), shift

    def _normal(self, i, value):
        """Return a value of channel i as a normalised input in Q12."""
        scaled = (value - self._offsets[i]) * self._scales[i] * _Q12 + 0.5
        if not -_LARGEST_INPUT <= scaled < _LARGEST_INPUT:
            return _LARGEST_INPUT if scaled > 0.0 else -_LARGEST_INPUT
        return int(scaled // 1)

    def _convert(self, slots, values):
        words = slots.words
        first = self._words[layout.V_AT] + 4 * self.hidden
        count = words[0]
        for i in range(count):
            channel = (words[1 + count + 4 * i] - first) >> 2
            if 0 <= channel < len(self.channels):
                slots.raw[i] = self._normal(channel, values[i])
