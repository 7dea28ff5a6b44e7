"""What the names of values in a policy mean: an output, or the probability of a class."""

from math import exp

from rivulet.arrays import float32


class Value:
    """A value that a policy names.

    name: "y0", "y1", ..., or one of `classes`, whose probability is then the value; or a number.
    """

    def __init__(self, name, classes):
        self._number = None
        self._class = False
        if not isinstance(name, str):
            self._number = name + 0.0
        elif name in classes:
            self._class = True
            self._at = classes.index(name)
        else:
            self._at = int(name[1:])

    def read(self, values):
        """Return the value for the outputs, an array('f')."""
        if self._number is not None:
            return self._number
        return probability(values, self._at) if self._class else values[self._at]


def probability(values, number):
    """Return the softmax probability of a class; values: the outputs, an array('f')."""
    largest = values[float32.largest(values, len(values))]
    total = 0.0
    # None is above the largest, so that exp() cannot overflow.
    for value in values:
        total += exp(value - largest)
    return exp(values[number] - largest) / total
