"""What must not get through: bad values from sensors, a state or outputs out of bounds.

Sensor values are looked at as they come; whether the state is a number, after each event; bounds
and outputs, when a decision is due. No output that is NaN or infinite reaches an actuator,
whatever the model file says; its `guards` (see bounds.py) add bounds and what to do.
"""

from array import array

from rivulet.compat import const
from rivulet.kernels import floats, np

_MAX_SOURCES = const(8)
# Blocks of a model, in the order of protocol.BLOCKS.
_NAMES = ("rate", "state")
_OUTPUTS = const(2)
_LARGEST = const((1 << 30) - 1)


class Guard:
    """Counts what it stops: `bus_errors` and `bad_values` by source, `resets` of the state that
    was not a number, and `trips`: resets, and decisions at which it interfered with the model.

    reason: in words what made it interfere at the last decision, empty if it did not.
    """

    def __init__(self):
        self.bus_errors = array("I", bytes(4 * _MAX_SOURCES))
        self.bad_values = array("I", bytes(4 * _MAX_SOURCES))
        self.resets = 0
        self.trips = 0
        self.reason = ""
        self._checks = ()
        self._any_good = False

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
        meaning = model.output_count, model.settings["output"], model.settings["classes"]
        held = None
        if self._any_good and meaning == self._meaning:
            held = [value / self._output_unit for value in self._good[1]]
        # Bounds are brought into the model's own numbers, so that looking at them costs little.
        self._checks = []
        for number, key in ((0, "alpha"), (1, "state")):
            if key in guards:
                low, high = self._scaled(model, number, guards[key], 1)
                self._checks.append((number, low[0], high[0], guards[key]["action"]))
        count = model.output_count
        self._low = self._high = None
        self._action = "reset"
        if "outputs" in guards:
            self._low, self._high = self._scaled(model, _OUTPUTS, guards["outputs"], count)
            self._action = guards["outputs"]["action"]
        self._stale_action = guards.get("stale", {}).get("action", "flag")
        # What may be acted on: the last good outputs, room for the next ones, the safe ones.
        self._good = self._room(model)
        self._next = self._room(model)
        self._safe = self._room(model)
        safe = None
        if "safe" in guards:
            from rivulet.bounds import safe_outputs

            safe = safe_outputs(model.settings, count)
        self._any_safe = safe is not None
        self._any_good = held is not None
        self._meaning = meaning
        self._output_unit = unit = _unit(model, _OUTPUTS)
        for values, target in ((safe, self._safe[1]), (held, self._good[1])):
            for i in range(count if values else 0):
                target[i] = whole(values[i] * unit) if model.integer else values[i]
        self.reason = ""

    def outputs(self, model, outputs, stale):
        """What the actuators may get for `outputs`, in the same form; None: they must rest.

        stale: what says nothing new any more, with a name, or None.
        """
        # Actions are handed on alone, and reasons left in `reason`: a pair would be a heap object.
        self.reason = ""
        action = self._look(model)
        if action == "clamp":
            outputs = model.outputs()
        if not action or action == "clamp":
            action = self._take(model, outputs) or action
        if action:
            self.trips += 1
            if action == "reset":
                model.reset()
        elif stale is not None and self._stale_action != "flag":
            action = self._stale_action
            self.reason = "%s says nothing new: %s" % (stale.name, action)
        if not action or action == "clamp":
            self._good, self._next = self._next, self._good
            self._any_good = True
            return self._good[0]
        if action != "safe" and self._any_good:
            return self._good[0]
        return self._safe[0] if self._any_safe else None

    def _look(self, model):
        """The action for the first bound that a rate or a state breaks, or nothing."""
        for number, low, high, action in self._checks:
            block = model.raw(number)
            lowest, highest = min(block), max(block)
            if lowest < low or highest > high:
                value = (lowest if lowest < low else highest) / _unit(model, number)
                if action == "clamp":
                    model.clamp_state(low, high)
                self.reason = "a %s was %g, out of bounds: %s" % (_NAMES[number], value, action)
                return action
        return ""

    def _take(self, model, outputs):
        """Copy outputs to `_next`, clamped if they are to be; the action if they were not good."""
        source = outputs if isinstance(outputs, memoryview) else floats(outputs)
        target = self._next[1]
        low, high = self._low, self._high
        action = ""
        for i in range(len(target)):
            value = source[i]
            if value - value != 0.0:
                # There is nothing to clamp it to; and what has made it, a mean perhaps that is no
                # number any more, would make it again.
                action = "safe" if self._action == "safe" else "reset"
                self.reason = "output %d was %s: %s" % (i, value, action)
                if action == "safe":
                    model.reset()
                return action
            if low is not None and not low[i] <= value <= high[i]:
                if not action:
                    action = self._action
                    self.reason = "output %d was out of bounds: %s" % (i, action)
                value = low[i] if value < low[i] else high[i]
            target[i] = value
        return action

    def _scaled(self, model, number, entry, count):
        from rivulet.bounds import limits

        low, high = limits(entry, count)
        if not model.integer:
            return low, high
        unit = _unit(model, number)
        return (
            array("i", [whole(value * unit) for value in low]),
            array("i", [whole(value * unit) for value in high]),
        )

    def _room(self, model):
        """(outputs as the model gives them, their numbers) of a new place for outputs."""
        if model.integer:
            numbers = memoryview(array("i", bytes(4 * model.output_count)))
            return numbers, numbers
        made = np.zeros(model.output_count)
        return made, floats(made)


def _unit(model, number):
    """How many of a block's own numbers make 1.0."""
    return 2.0 ** model.fraction_bits[number] if model.integer else 1.0


def whole(value):
    """The integer for a block's number: the nearest that fits where it is beyond them."""
    return int(min(max(value, -_LARGEST), _LARGEST))
