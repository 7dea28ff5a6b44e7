"""What must not get through: bad values from sensors, a state that is no longer a number."""

from array import array

from rivulet.compat import const
from rivulet.kernels import np

_MAX_SOURCES = const(8)


class Guard:
    """Counts what it stops: `bus_errors` and `bad_values` by source, `resets` of the state."""

    def __init__(self):
        self.bus_errors = array("I", bytes(4 * _MAX_SOURCES))
        self.bad_values = array("I", bytes(4 * _MAX_SOURCES))
        self.resets = 0

    def values(self, source, array, values, held):
        """Replace what is NaN or infinite in `values` by `held`, the last good ones, and count it.

        values, held: memoryviews of floats; array: the array that `values` looks into.
        """
        total = np.sum(array)
        if total - total != 0.0:
            for i in range(len(values)):
                value = values[i]
                if value - value != 0.0:
                    values[i] = held[i]
                    self.bad_values[source] += 1
        held[:] = values

    def state(self, model):
        """Reset a model whose state is not finite; True if it had to."""
        total = np.sum(model.cell.state)
        if total - total == 0.0:
            return False
        self.resets += 1
        model.reset()
        return True
