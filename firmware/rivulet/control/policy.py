"""The discrete head: turns the outputs into decisions at its own cadence."""

from rivulet.arrays import float32

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
        return float32.largest(values, len(values)) if self.names else -1

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
