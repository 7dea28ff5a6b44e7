"""An integer model's readout, opened for what is learnt: in floats, and back to int8 rows.

A feature's value is its integer times 2^-12, so that of a state is in units of state_scale, that
of an input the normalised input. host_tools/integers/row_scales.py quantises in the same way.
"""

from array import array
from math import frexp

from rivulet.arrays import floats, np
from rivulet.compat import const
from rivulet.integers import layout

_Q12 = 4096.0
_LARGEST_WEIGHT = 127.0
_LARGEST_BIAS = 1073741824.0
_MANTISSA = 32768.0
_DEEPEST_SHIFT = const(30)


class OpenReadout:
    """The rows as floats, which `commit` puts in the place of those that run.

    count, width: rows, and weights in each, the bias last. values: the rows (count * width,).
    """

    def __init__(self, words, weights, features_at, count, width, output_bits, refresh):
        self._words, self._weights = words, weights
        self._at = features_at >> 2
        self.count, self.width = count, width
        self._per_unit = 2.0**output_bits
        self._refresh = refresh
        self._copy = np.zeros(count * width)
        self.values = floats(self._copy)
        self._rows = [bytearray(width - 1) for _ in range(count)]
        self._bias = array("i", bytes(4 * count))
        self._multiplier = array("i", bytes(4 * count))
        self.reload()

    def reload(self):
        """Take the rows that run."""
        for number in range(self.count):
            self._read(number)

    def features(self, out):
        """Write what the readout reads now into the first `width` - 1 floats of `out`."""
        for i in range(self.width - 1):
            out[i] = self._words[self._at + i] / _Q12

    def row(self, number):
        """Return a row as an array to be changed in place."""
        return self._copy[number * self.width : (number + 1) * self.width]

    def stage(self, number):
        """Quantise a changed row for `commit`. Raises ValueError for one that int8 cannot hold."""
        first, last = number * self.width, (number + 1) * self.width - 1
        bias = self.values[last]
        widest = abs(bias) * _Q12 / _LARGEST_BIAS
        for i in range(first, last):
            widest = max(widest, abs(self.values[i]) / _LARGEST_WEIGHT)
        fraction, power = frexp(max(widest / _Q12 * self._per_unit, 2.0**-30))
        # Rounded up, so that the largest weight does not exceed 127.
        mantissa = -int(-fraction * _MANTISSA // 1)
        if mantissa > 32767:
            mantissa, power = 16384, power + 1
        shift = -1 - power
        if not 0 <= shift <= _DEEPEST_SHIFT:
            raise ValueError("what is learnt needs weights that int8 does not hold")
        factor = mantissa * 2.0 ** (power - 15)
        per_weight = self._per_unit / (factor * _Q12)
        row = self._rows[number]
        for i in range(self.width - 1):
            row[i] = int((self.values[first + i] * per_weight + 0.5) // 1) & 0xFF
        self._bias[number] = int(((bias * self._per_unit + 0.5) / factor + 0.5) // 1)
        self._multiplier[number] = mantissa | shift << 16

    def commit(self):
        """Let the outputs follow from the staged rows."""
        words, weights = self._words, self._weights
        begin, columns = words[layout.OUT_WEIGHTS_AT], words[layout.FEATURES]
        for number in range(self.count):
            row = self._rows[number]
            layout.place_row(weights, begin, columns, number, row, self.width - 1)
        layout.view(words, layout.OUT_BIAS_AT, self.count)[:] = self._bias
        layout.view(words, layout.OUT_MULTIPLIER_AT, self.count)[:] = self._multiplier
        self._refresh()

    def _read(self, number):
        words, weights = self._words, self._weights
        columns = words[layout.FEATURES]
        begin = words[layout.OUT_WEIGHTS_AT] + (number >> 3) * columns * 8 + (number & 7)
        bias = layout.view(words, layout.OUT_BIAS_AT, self.count)[number]
        multiplier = layout.view(words, layout.OUT_MULTIPLIER_AT, self.count)[number]
        factor = (multiplier & 0xFFFF) * 2.0 ** (-16 - (multiplier >> 16))
        first = number * self.width
        row = self._rows[number]
        for i in range(self.width - 1):
            weight = weights[begin + 8 * i] - 128
            row[i] = weight & 0xFF
            self.values[first + i] = weight * factor * _Q12 / self._per_unit
        self.values[first + self.width - 1] = (bias * factor - 0.5) / self._per_unit
        self._bias[number] = bias
        self._multiplier[number] = multiplier
