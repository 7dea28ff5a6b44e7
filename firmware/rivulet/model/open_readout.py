"""A float model's readout, opened for what is learnt; integers/open_readout.py has the other."""

from rivulet.arrays import floats, np


class OpenReadout:
    """The rows of a readout as a copy, which `commit` puts in the place of those that run.

    count, width: rows, and weights in each, the bias last. values: the copy (count * width,).
    """

    def __init__(self, readout):
        self._readout = readout
        weights = readout.weights
        self.count, self.width = weights.shape
        self._running = floats(weights.reshape((self.count * self.width,)))
        self._copy = np.zeros(self.count * self.width)
        self.values = floats(self._copy)
        self.reload()

    def reload(self):
        """Take the rows that run."""
        self.values[:] = self._running

    def features(self, out):
        """Write what the readout reads now into the first `width` - 1 floats of `out`."""
        source = self._readout.features()
        for i in range(self.width - 1):
            out[i] = source[i]

    def row(self, number):
        """Return a row of the copy, an array to be changed in place."""
        return self._copy[number * self.width : (number + 1) * self.width]

    def stage(self, number):
        """Prepare a changed row for `commit`."""

    def commit(self):
        """Let the outputs follow from the copy."""
        self._running[:] = self.values
