"""The discrete head: turns the outputs into decisions at its own cadence."""

from rivulet.kernels import np


class Policy:
    """settings: the model file's `policy`: {"cadence_us": microseconds between decisions}.

    The decision of a model with classes is the class with the largest output; a model with values
    decides nothing and passes its outputs on (decision -1).
    """

    def __init__(self, settings):
        self.cadence_us = settings["policy"]["cadence_us"]
        self._decides = settings["output"] == "class"
        self._classes = settings.get("classes")
        self.decision = -1

    def follow(self, other):
        """Keep the decision of the policy before, if both decide between the same classes."""
        if self._decides and other._decides and self._classes == other._classes:
            self.decision = other.decision

    def decide(self, outputs):
        """A new decision from outputs (k,), also kept in `decision`."""
        if not self._decides:
            return -1
        if isinstance(outputs, memoryview):  # integers
            best = 0
            for i in range(1, len(outputs)):
                if outputs[i] > outputs[best]:
                    best = i
            self.decision = best
        else:
            self.decision = int(np.argmax(outputs))
        return self.decision

    def rest(self):
        """No decision: there are no outputs to act on."""
        self.decision = -1
        return -1
