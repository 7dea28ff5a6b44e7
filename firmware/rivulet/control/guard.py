"""What must not get through: bad values from sensors, a state or outputs out of bounds.

Sensor values are looked at as they come; whether the state is a number, after each event; bounds
and outputs, when a decision is due. No output that is NaN or infinite reaches an actuator,
whatever the model file says; its `guards` (see bounds.py) add bounds and what to do.
"""

from array import array

from rivulet.arrays import float32, np
from rivulet.compat import const

_MAX_SOURCES = const(8)
# Blocks of a model, in the order of protocol.BLOCKS.
_NAMES = ("rate", "state")
_LARGEST = const((1 << 30) - 1)


class Guard:
    """Counts what it stops: `bus_errors` and `bad_values` by source, `resets` of the state that
    was not a number, and `trips`: resets, and decisions at which it interfered with the model.

    reason: in words what made it interfere at the last decision, empty if it did not.
    checks: what `look` looks at, of the model that runs.
    candidate: the outputs to be judged next; good: the last that were, which may be acted on. Both
    are array('f') in physical units, whatever the model computes in.
    """

    def __init__(self):
        self.bus_errors = array("I", bytes(4 * _MAX_SOURCES))
        self.bad_values = array("I", bytes(4 * _MAX_SOURCES))
        self.resets = 0
        self.trips = 0
        self.reason = ""
        self.candidate = self.good = array("f")
        self.checks = ()
        self._low = None
        self._any_good = False
        self._meaning = None

    @property
    def bounded(self):
        """Whether the model that runs has bounds."""
        return bool(self.checks) or self._low is not None

    def values(self, source, array, values, held):
        """Replace what is NaN or infinite in `values` by `held`, the last good ones, and count it.

        values, held: memoryviews of floats; array: the array that `values` looks into. True if
        all were good.
        """
        bad = 0
        total = np.sum(array)
        if total - total != 0.0:
            for i in range(len(values)):
                value = values[i]
                if value - value != 0.0:
                    values[i] = held[i]
                    bad += 1
            self.bad_values[source] += bad
        held[:] = values
        return not bad

    def state(self, model):
        """Reset a model whose state is not finite; True if it had to."""
        total = np.sum(model.cell.state)
        if total - total == 0.0:
            return False
        self.resets += 1
        self.trips += 1
        model.reset()
        return True

    def install(self, model):
        """Guard this model from now on. What it does not do well is held at the last good outputs
        of the one before, if theirs mean the same."""
        guards = model.settings.get("guards", {})
        # Of rates and states, in the model's own numbers, so that looking at them costs little.
        self.checks = []
        for number, key in ((0, "alpha"), (1, "state")):
            if key in guards:
                low, high = _bounds(guards[key], 1)
                self.checks.append(_own(model, number, low[0], high[0], guards[key]["action"]))
        count = model.output_count
        self._low = self._high = None
        self._action = "reset"
        if "outputs" in guards:
            low, high = _bounds(guards["outputs"], count)
            self._low, self._high = array("f", low), array("f", high)
            self._action = guards["outputs"]["action"]
        self._stale_action = guards.get("stale", {}).get("action", "flag")
        meaning = count, model.settings["output"], model.settings["classes"]
        if meaning != self._meaning:
            self._any_good = False
        if len(self.good) != count:
            self.candidate = array("f", bytes(4 * count))
            self.good = array("f", bytes(4 * count))
        if self._low is not None:
            # What was good of another model is held within the bounds of this one.
            float32.clamp(self.good, self._low, self._high, count)
        self._meaning = meaning
        self.reason = ""

    def outputs(self, model, action, stale):
        """Judge `candidate`. Returns "" if `good` is to be acted on, else why there must be rest.

        action: what `look` returned before; stale: what says nothing new, in words, or None.
        """
        # Actions are handed on alone, and reasons left in `reason`: a pair would be a heap object.
        usual = not action and stale is None and self._low is None
        # In few calls.
        if usual and float32.take(self.candidate, self.good, len(self.good)):
            if not self._any_good:
                self._any_good = True
            return ""
        if not action or action == "clamp":
            action = self._take(model) or action
        if action:
            self.trips += 1
            if action == "reset":
                model.reset()
        why = "guard"
        if stale is not None and self._stale_action != "flag" and action != "safe":
            # Outputs that are old are no better for being within bounds.
            why = "stale"
            action = self._stale_action
            said = "%s: %s" % (stale, action)
            self.reason = self.reason + "; " + said if self.reason else said
        if not action or action == "clamp":
            float32.copy(self.candidate, self.good, len(self.good))
            if not self._any_good:
                self._any_good = True
            return ""
        return "" if action != "safe" and self._any_good else why

    def look(self, model):
        """The action for the first bound that a rate or a state breaks, or nothing.

        To be called before the outputs are asked for: they come from a clamped state.
        """
        if self.reason:
            self.reason = ""
        for number, low, high, action in self.checks:
            block = model.raw(number)
            lowest, highest = min(block), max(block)
            if lowest < low or highest > high:
                value = (lowest if lowest < low else highest) / _unit(model, number)
                if action == "clamp":
                    model.clamp_state(low, high)
                self.reason = "a %s was %g, out of bounds: %s" % (_NAMES[number], value, action)
                return action
        return ""

    def _take(self, model):
        """Clamp `candidate`, if it may be; the action if it was not good."""
        values = self.candidate
        count = len(values)
        i = float32.not_finite(values, count)
        if i >= 0:
            # There is nothing to clamp it to; and what has made it, a mean perhaps that is no
            # number any more, would make it again.
            action = "safe" if self._action == "safe" else "reset"
            self.reason = "output %d was %s: %s" % (i, values[i], action)
            if action == "safe":
                model.reset()
            return action
        if self._low is None:
            return ""
        i = float32.clamp(values, self._low, self._high, count)
        if i < 0:
            return ""
        self.reason = "output %d was out of bounds: %s" % (i, self._action)
        return self._action


def _bounds(entry, count):
    # Imported by models that need it: others leave the memory to the board.
    from rivulet.model.bounds import limits

    return limits(entry, count)


def _own(model, number, low, high, action):
    """A check of one of the model's blocks, its bounds in the model's own numbers."""
    if model.integer:
        unit = _unit(model, number)
        low, high = _whole(low * unit), _whole(high * unit)
    return number, low, high, action


def _unit(model, number):
    """How many of a block's own numbers make 1.0."""
    return 2.0 ** model.fraction_bits[number] if model.integer else 1.0


def _whole(value):
    """The integer for a block's number: the nearest that fits where it is beyond them."""
    return int(min(max(value, -_LARGEST), _LARGEST))
