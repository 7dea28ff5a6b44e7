"""Classes that are held: hysteresis, a minimum dwell, and none of them where none is likely."""

from rivulet.arrays import float32
from rivulet.compat import const
from rivulet.control.policies.values import probability

_LONGEST_US = const(0x1FFFFFFF)


class Classes:
    """Decides between classes by their softmax probabilities.

    entry: {"hysteresis": the lead that another class needs over the decided one, "dwell_ms": for
    how long at least a decision stands, "confidence": the probability below which no class is
    decided (-1)}. A class once decided is given up below confidence - hysteresis.
    """

    def __init__(self, entry):
        self._hysteresis = entry.get("hysteresis", 0)
        self._confidence = entry.get("confidence", 0)
        self._dwell_ms = entry.get("dwell_ms", 0)
        self.rest()

    def rest(self):
        """Let the next decision be free."""
        self._decided = -1
        self._free = True
        self._stood_ms = self._rest_us = 0

    def decide(self, values, elapsed_us):
        """Return the number of the decided class, or -1. values: the outputs, an array('f')."""
        decided = self._decided
        if not self._free:
            us = self._rest_us + min(elapsed_us, _LONGEST_US)
            self._rest_us = us % 1000
            self._stood_ms = min(self._stood_ms + us // 1000, _LONGEST_US)
            if self._stood_ms < self._dwell_ms:
                return decided
        best = float32.largest(values, len(values))
        if self._confidence or best != decided and decided >= 0:
            likely = probability(values, best)
            if best != decided and decided >= 0:
                other = probability(values, decided)
                if likely - other < self._hysteresis:
                    best, likely = decided, other
            needed = self._confidence
            if best == decided:
                needed -= self._hysteresis
            if likely < needed:
                best = -1
        if best != decided or self._free:
            self._decided = best
            self._free = False
            self._stood_ms = self._rest_us = 0
        return best
