"""The discrete head: turns the outputs into decisions at its own cadence."""

from rivulet.arrays import float32


class Policy:
    """settings: the model file's `policy`: {"cadence_us": microseconds between decisions}.

    names: of the classes, () for a model with values. The decision of a model with classes is the
    class with the largest output; a model with values decides nothing (decision -1).
    """

    def __init__(self, settings):
        self.cadence_us = settings["policy"]["cadence_us"]
        classes = settings["classes"] if settings["output"] == "class" else ()
        self.names = tuple([str(name) for name in classes])

    def decide(self, values):
        """The number of the class that the outputs, an array('f'), are for, or -1."""
        return float32.largest(values, len(values)) if self.names else -1
