"""What the board's actuators are told to do."""

from array import array

from rivulet.arrays.float32 import copy
from rivulet.compat import const

# Without a model there are at least so many values.
_FEWEST = const(8)


class Action:
    """What drives the actuators (see actuators.py): one object, which is reused.

    values: array('f'), the model's outputs in physical units, one each, and behind them the values
    of its policy's controllers; without a model, zeros.
    decision: the number of the decided class or state, -1 for none; name: its name, '' for none.
    resting: '' while the model acts, else why it does not: 'start', 'no model', 'stale', 'guard',
    'fault', 'released'. Then `values` are the model's safe outputs, or zeros, and no class is
    decided unless one of them is the safe output.
    """

    def __init__(self):
        self.decision = -1
        self.name = ""
        self.resting = "start"
        self.values = self._safe = array("f", bytes(4 * _FEWEST))
        self._names = ()
        self._safe_decision = -1

    def use(self, names, safe, safe_decision):
        """Take the form of a model's outputs; what is decided stays if the classes are the same.

        names: of the classes, () for outputs that are no classes; safe: the values at rest, one
        float an output; safe_decision: the class at rest, or -1.
        """
        if names != self._names:
            self.decision = -1
            self.name = ""
        if len(safe) != len(self.values):
            self.values = array("f", bytes(4 * len(safe)))
        self._names = names
        self._safe = array("f", safe)
        self._safe_decision = safe_decision

    def rename(self, names):
        """Call the same classes by other names."""
        self._names = names
        self.name = names[self.decision] if self.decision >= 0 else ""

    def use_none(self):
        """There is no model: zeros at rest, no fewer than the values of the model before."""
        self.use((), [0.0] * max(len(self.values), _FEWEST), -1)

    def act(self, values, decision):
        """Act on a model's outputs, an array('f'), and on what they decide for, or -1."""
        # Only what changes is stored: a store into an attribute takes 27 us on a Pico.
        if self.resting:
            self.resting = ""
        if self.decision != decision:
            self._decide(decision)
        copy(values, self.values, len(values))

    def rest(self, why):
        """Act on no outputs any more; why: one of the reasons above."""
        self.resting = why
        self._decide(self._safe_decision)
        copy(self._safe, self.values, len(self.values))

    def _decide(self, decision):
        self.decision = decision
        self.name = self._names[decision] if decision >= 0 else ""
