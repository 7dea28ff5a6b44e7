"""A rig's actuators: what drives each, within which limits, how fast, and where it is safe.

A driver is made by `Driver(bus, pins, **settings)`, which touches no hardware. Its `start()` sets
the actuator up and `write(value)` moves it; either may raise, and is called again later.
"""

from array import array

from rivulet.compat import const, micropython

# How often a start that failed is tried again, an actuator's or a sensor's.
RETRY_MS = const(5000)
_WRAP = const(0x3FFFFFFF)
# Places in `_marks`.
_ACTED_MS = const(0)
_ACTING = const(1)


class Actuator:
    """One actuator, and the values it gets.

    name: as the rig names it; make: function that imports and makes the driver; source: "class",
    what is decided; "y0", "y1" ...: an output of the model in its units; or the name of a
    controller of its policy; table: of a class or a state, {name: value}, or None: the value is
    its number; limits: (lowest, highest) value; slew_per_s: how far a value may move in a second,
    0: at once; safe: the value at rest, which it gets at once.

    value: the last that it took, None before; error: why it failed, "" while it works.
    """

    def __init__(
        self,
        name,
        make,
        source="class",
        table=None,
        limits=(0.0, 1.0),
        slew_per_s=0.0,
        safe=0.0,
    ):
        self.name = name
        self.value = None
        self.error = ""
        self.started = False
        self.make = make
        self._table = table
        self._limits = limits
        self._slew_per_s = slew_per_s
        self._safe = safe
        self._source = source
        # Its number among the action's values, -1: the decision drives it, -2: nothing does.
        self._output = -2
        self._values = ()
        self._driver = None
        self._tried_ms = None

    @property
    def given(self):
        """The value that it has: the safe one before the first."""
        return self._safe if self.value is None else self.value

    def install(self, names, outputs, controllers):
        """Be driven by a model that decides between these names, () for none, with so many
        outputs, and controllers of these names."""
        source = self._source
        if source == "class":
            self._output = -1
        elif source in controllers:
            self._output = outputs + controllers.index(source)
        else:
            # What the model lacks does not drive it.
            number = int(source[1:]) if source[:1] == "y" and source[1:].isdigit() else outputs
            self._output = number if number < outputs else -2
        table = self._table
        # Made here, so that a decision makes no float.
        self._values = [
            self._limited(number + 0.0 if table is None else table.get(names[number], self._safe))
            for number in range(len(names))
        ]

    def act(self, action, elapsed_ms):
        """Move to what the action says, `elapsed_ms` after the last time."""
        at = self._output
        value = self._safe
        if at == -1:
            at = action.decision
            if 0 <= at < len(self._values):
                value = self._values[at]
        elif at >= 0:
            value = self._limited(action.values[at])
        if self._slew_per_s and self.value is not None:
            value = self._slewed(value, self._slew_per_s * elapsed_ms / 1000)
        self._write(value)

    def rest(self, now_ms):
        """Go to the safe value at once; starts the driver first, if that is still to do."""
        if not self.started:
            if self._tried_ms is not None and (now_ms - self._tried_ms) & _WRAP < RETRY_MS:
                return
            self._tried_ms = now_ms
            if self._driver is None:
                self._driver = self.make()
                self.make = None
            self._driver.start()
            self.started = True
        self._write(self._safe)

    def _limited(self, value):
        if value != value:
            return self._safe
        low, high = self._limits
        return low if value < low else high if value > high else value

    def _slewed(self, value, step):
        return min(max(value, self.value - step), self.value + step)

    def _write(self, value):
        self._driver.write(value)
        # To store an attribute takes 27 us on a Pico; a class has the same object each time.
        if self.value is not value:
            self.value = value


class Actuators:
    """All actuators of a rig, which act and rest together.

    ticks_ms: the board's; action: what drives them; complete: whether all of them have started.
    """

    def __init__(self, actuators, ticks_ms, action):
        self.action = action
        self.complete = not actuators
        self._all = actuators
        # One that failed comes first, so that no other moves before it is known to work again.
        self._order = list(actuators)
        self._ticks_ms = ticks_ms
        # Elements: when they acted last, and the place in `_order` of the one that acts.
        self._marks = array("i", (ticks_ms(), 0))

    def __iter__(self):
        """Go through them in the order of the rig."""
        return iter(self._all)

    def install(self, names, outputs, controllers=()):
        """Be driven by a model that decides between these names, () for none, with so many
        outputs, and controllers of these names."""
        for actuator in self._all:
            actuator.install(names, outputs, controllers)

    @micropython.native
    def act(self):
        """Give the action to every actuator, and rest if one of them fails.

        Returns the failures, [(actuator, exception), ...], () for none; the first is the one that
        made them rest, and the others did not even take that.
        """
        # Native, because with a handler a frame of bytecode would be on the heap.
        if not self.complete:
            return self.rest("fault")
        try:
            self._act_in_turn()
        except Exception as error:
            return self._after(error)
        return ()

    # In small frames: see outputs.py.

    def _act_in_turn(self):
        marks = self._marks
        elapsed_ms = -marks[_ACTED_MS]
        marks[_ACTED_MS] = self._ticks_ms()
        elapsed_ms = (elapsed_ms + marks[_ACTED_MS]) & _WRAP
        order = self._order
        for i in range(len(order)):
            marks[_ACTING] = i
            order[i].act(self.action, elapsed_ms)

    def _after(self, error):
        """Rest, because the actuator that acts has failed."""
        failed = self._order.pop(self._marks[_ACTING])
        self._order.insert(0, failed)
        return [(failed, error)] + list(self.rest("fault"))

    def rest(self, why):
        """Give every actuator its safe value; why: as in Action.rest. Returns the failures."""
        self.action.rest(why)
        self._marks[_ACTED_MS] = now = self._ticks_ms()
        failures = ()
        complete = True
        for actuator in self._all:
            try:
                actuator.rest(now)
            except Exception as error:
                failures += ((actuator, error),)
            complete = complete and actuator.started
        self.complete = complete
        return failures

    def recover(self):
        """Forget what was wrong: all of them work again."""
        for actuator in self._all:
            actuator.error = ""

    def facts(self):
        """What a status document says of each."""
        return [
            {"name": actuator.name, "value": actuator.value, "error": actuator.error}
            for actuator in self._all
        ]
