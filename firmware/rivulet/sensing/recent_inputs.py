"""The last inputs that a model held, from which another one warms up."""

from array import array

from rivulet.arrays import FLOAT_BYTES
from rivulet.compat import const
from rivulet.protocol import pack_words

# One for each decision: at the usual 100 ms these are 1.6 s.
_ROWS = const(16)
_LONGEST_US = const((1 << 30) - 1)


class RecentInputs:
    """A ring of the inputs that `model` held at its last decisions.

    Not of events: keeping each would cost as much as moving the model does on the integer path. A
    decision comes at its own, slower cadence. Integers are kept without allocating.

    model: of which they are; filled: the row to fill next, and how many are filled.
    """

    def __init__(self, model):
        self.model = model
        self._width = len(model.channels)
        typecode = "i" if model.integer else "d" if FLOAT_BYTES == 8 else "f"
        itemsize = 8 if typecode == "d" else 4
        self._rows = memoryview(array(typecode, bytes(_ROWS * self._width * itemsize)))
        # A row in words of 32 bits.
        self._words = self._width * itemsize // 4
        self._waits = array("i", bytes(4 * _ROWS))
        # Elements, since to store an attribute costs 27 us on a Pico.
        self.filled = array("i", (0, 0))

    def note(self, waited_us):
        """Keep what is held now, `waited_us` after what was kept last."""
        filled = self.filled
        row = filled[0]
        words = self._words
        pack_words(self.model.held, words, self._rows, row * words)
        self._waits[row] = waited_us if waited_us < _LONGEST_US else _LONGEST_US
        filled[0] = (row + 1) % _ROWS
        if filled[1] < _ROWS:
            filled[1] += 1

    def row(self, number):
        """Return a row in the channels' own units. The newest is number -1, the one before -2."""
        begin = (self.filled[0] + number) % _ROWS * self._width
        return self.model.inputs_from(self._rows[begin : begin + self._width])

    def wait_us(self, number):
        """Return the time between a row and the one before it."""
        return self._waits[(self.filled[0] + number) % _ROWS]
