"""The last inputs that a model held, from which another one warms up."""

from array import array

from rivulet.arrays import FLOAT_BYTES
from rivulet.compat import const
from rivulet.protocol import pack_words

# One for each decision: at the usual 100 ms these are 1.6 s.
_ROWS = const(16)
_LONGEST_US = const((1 << 30) - 1)
# What came before the kept inputs: their mean, for so many steps of so long.
_SETTLING = const(8)
_SETTLING_US = const(1000000)


class RecentInputs:
    """A ring of the inputs that `model` held at its last decisions.

    Not of events: keeping each would cost as much as moving the model does on the integer path. A
    decision comes at its own, slower cadence. Integers are kept without allocating.
    """

    def __init__(self, model):
        self._model = model
        self._width = len(model.channels)
        typecode = "i" if model.integer else "d" if FLOAT_BYTES == 8 else "f"
        itemsize = 8 if typecode == "d" else 4
        self._rows = memoryview(array(typecode, bytes(_ROWS * self._width * itemsize)))
        # A row in words of 32 bits.
        self._words = self._width * itemsize // 4
        self._waits = array("i", bytes(4 * _ROWS))
        # The row to fill next, and how many are filled: elements, since to store an attribute
        # costs 27 us on a Pico.
        self._filled = array("i", (0, 0))

    def note(self, waited_us):
        """Keep what is held now, `waited_us` after what was kept last."""
        filled = self._filled
        row = filled[0]
        words = self._words
        pack_words(self._model.held, words, self._rows, row * words)
        self._waits[row] = waited_us if waited_us < _LONGEST_US else _LONGEST_US
        filled[0] = (row + 1) % _ROWS
        if filled[1] < _ROWS:
            filled[1] += 1

    def warm_up(self, other):
        """Move another model through the kept inputs to those of now; how many those were.

        Slow neurons remember more than was kept: first it settles under the mean of that.
        Channels are told apart by name; one that this model did not take stays at its offset.
        """
        old = self._model
        following, count = self._filled
        numbers = tuple(
            other.channels.index(name) if name in other.channels else -1 for name in old.channels
        )
        now = old.physical(3)
        mean = list(now)
        for row in range(count):
            mean = [total + value for total, value in zip(mean, self._values(row))]
        mean = [total / (count + 1) for total in mean]
        other.event(0, numbers, mean)
        for _ in range(_SETTLING):
            other.event(_SETTLING_US, numbers, mean)
        for i in range(count):
            row = (following - count + i) % _ROWS
            other.event(self._waits[row] if i else 0, numbers, self._values(row))
        other.event(0, numbers, now)
        return count + 1

    def _values(self, row):
        begin = row * self._width
        return self._model.inputs_from(self._rows[begin : begin + self._width])
