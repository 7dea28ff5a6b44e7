"""A finite-state machine whose transitions are data."""

from array import array

from rivulet.compat import const
from rivulet.control.policies.values import Value

_LONGEST_US = const(0x1FFFFFFF)
# How a value is compared.
_BELOW = const(0)
_AT_MOST = const(1)
_ABOVE = const(2)
_AT_LEAST = const(3)
_IS = const(4)
_IS_NOT = const(5)
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class States:
    """The machine. Each decision takes at most one way out of the state that it is in.

    entries: a list of {"name": NAME, "to": [[VALUE, COMPARISON, THRESHOLD, MILLISECONDS, NEXT],
    ...]}. A way is taken once its comparison has been true at every decision for so many
    milliseconds; of several, the first. The machine begins, and rests, in the first state. A value
    is one of values.py, "time", the seconds in this state, or "class", the decided class: "none"
    is none.
    """

    def __init__(self, entries, classes):
        self.names = tuple([entry["name"] for entry in entries])
        self._ways = [
            [self._way(row, classes) for row in entry.get("to", ())] for entry in entries
        ]
        # For how many milliseconds each way's comparison has been true; -1: it is not.
        self._held = array("i", bytes(4 * max([len(ways) for ways in self._ways] + [1])))
        self.rest()

    def rest(self):
        """Go back to the first state."""
        self._rest_us = 0
        self._enter(0)

    def decide(self, values, decided, elapsed_us):
        """Return the number of the state after this decision.

        values: the outputs, an array('f'); decided: the number of the decided class, or -1.
        """
        us = self._rest_us + min(elapsed_us, _LONGEST_US)
        self._rest_us = us % 1000
        ms = us // 1000
        self._stayed_ms = min(self._stayed_ms + ms, _LONGEST_US)
        ways = self._ways[self.state]
        held = self._held
        for i in range(len(ways)):
            way = ways[i]
            if not self._holds(way, values, decided):
                held[i] = -1
                continue
            held[i] = 0 if held[i] < 0 else min(held[i] + ms, _LONGEST_US)
            if held[i] >= way[3]:
                self._enter(way[4])
                break
        return self.state

    def _enter(self, state):
        self.state = state
        self._stayed_ms = 0
        for i in range(len(self._held)):
            self._held[i] = -1

    def _way(self, row, classes):
        """Return a transition with names replaced by numbers: what it compares, how, with what."""
        name, comparison, threshold, held_ms, to = row
        comparison = _COMPARISONS.index(comparison)
        if name == "class":
            value = None
            threshold = classes.index(threshold) if threshold in classes else -1
        elif name == "time":
            value = None
            threshold *= 1000
        else:
            value = Value(name, classes)
        return value, comparison, threshold, held_ms, self.names.index(to)

    def _holds(self, way, values, decided):
        value, comparison, threshold = way[0], way[1], way[2]
        if comparison >= _IS:
            return (decided == threshold) == (comparison == _IS)
        found = self._stayed_ms if value is None else value.read(values)
        if comparison == _BELOW:
            return found < threshold
        if comparison == _AT_MOST:
            return found <= threshold
        if comparison == _ABOVE:
            return found > threshold
        return found >= threshold
