"""The discrete head: turns the outputs into decisions at its own cadence."""

from array import array

from rivulet.arrays.float32 import largest
from rivulet.compat import const, micropython, ptr32
from rivulet.sensing.clock import PERIOD, elapsed_us

# Places in a moment.
_EPOCH = const(0)
_TICKS = const(1)
# Keys of a model's policy that need more than the largest output.
_MORE = ("classes", "states", "controllers")


class Policy:
    """settings: the model file's `policy`: {"cadence_us": microseconds between decisions}.

    names: of what is decided between, () for a model with values. The decision of a model with
    classes is the class with the largest output; a model with values decides nothing (-1).
    states: the names if they are those of states; controllers: names of the values that `drive`
    computes from the outputs; horizon_us: how far ahead outputs are peeked at each decision.
    """

    states = ()
    controllers = ()

    def __init__(self, settings):
        self.cadence_us = settings["policy"]["cadence_us"]
        self.horizon_us = int(1000 * settings["policy"].get("horizon_ms", 0))
        classes = settings["classes"] if settings["output"] == "class" else ()
        self.names = tuple([str(name) for name in classes])

    def decide(self, values, elapsed_us=0):
        """Return the number of what the outputs, an array('f'), are for, or -1.

        elapsed_us: time since the decision before.
        """
        return largest(values, len(values)) if self.names else -1

    def decide_safe(self, values):
        """Return the decision at rest, where the outputs are safe ones."""
        return self.decide(values)

    def rest(self):
        """Forget what the decisions before were: the actuators rest."""


def policy_of(settings, outputs):
    """Return the policy of a model with so many outputs."""
    for key in _MORE:
        if key in settings["policy"]:
            # Imported by models that need it: others leave the memory to the board.
            from rivulet.control.policies import Policies

            return Policies(settings, outputs)
    return Policy(settings)


class Cadence:
    """Finds out whether a decision is due.

    due: (epoch, ticks) of when the last one was due; near_us: an element, the time between the
    last two decisions, -1 if only `waited_us` knows it.
    """

    def __init__(self, now):
        self.due = array("i", now)
        self._decided = array("i", now)
        self.near_us = array("i", (0,))
        self._far_us = 0

    @property
    def waited_us(self):
        """Time between the last two decisions."""
        waited_us = self.near_us[0]
        return waited_us if waited_us >= 0 else self._far_us

    @micropython.viper
    def take(self, now, cadence_us: int) -> int:
        """Return by how many microseconds a decision is late at a moment, -1 if none is due.

        The next one is due a cadence after this one was, however late it is. Those that a stall
        has missed are left out. cadence_us, and what is returned: below 2^30.
        """
        moment = ptr32(now)
        due = ptr32(self.due)
        decided = ptr32(self._decided)
        epoch = moment[_EPOCH]
        ticks = moment[_TICKS]
        if epoch != due[_EPOCH] or epoch != decided[_EPOCH]:
            return int(self._take_far(now, cadence_us))
        late_us = ticks - due[_TICKS] - cadence_us
        if late_us < 0:
            return -1
        ptr32(self.near_us)[0] = ticks - decided[_TICKS]
        due[_TICKS] = ticks - late_us % cadence_us
        decided[_TICKS] = ticks
        return late_us

    def _take_far(self, now, cadence_us):
        due, decided = self.due, self._decided
        epoch, ticks = now
        late_us = elapsed_us(due[_EPOCH], due[_TICKS], epoch, ticks) - cadence_us
        if late_us < 0:
            return -1
        missed_us = late_us % cadence_us
        due[_EPOCH] = epoch if missed_us <= ticks else epoch - 1
        due[_TICKS] = (ticks - missed_us) & (PERIOD - 1)
        self.near_us[0] = -1
        self._far_us = elapsed_us(decided[_EPOCH], decided[_TICKS], epoch, ticks)
        decided[_EPOCH] = epoch
        decided[_TICKS] = ticks
        return min(late_us, PERIOD - 1)
