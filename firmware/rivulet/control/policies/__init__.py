"""Policies beyond the largest output, one file a kind, imported by models that need it."""

from rivulet.control.policy import Policy


class Policies(Policy):
    """Decides between classes with memory, or between states, and runs controllers.

    model/policies.py says what `policy` in a model file may hold, docs/control.md what it does.
    """

    def __init__(self, settings, outputs):
        super().__init__(settings)
        entry = settings["policy"]
        classes = self.names
        self._classes = self._states = None
        self._controllers = []
        if "classes" in entry:
            from rivulet.control.policies.classes import Classes

            self._classes = Classes(entry["classes"])
        if "states" in entry:
            from rivulet.control.policies.states import States

            self._states = States(entry["states"], classes)
            self.names = self.states = self._states.names
        self._decides = bool(classes)
        if "controllers" in entry:
            made = [_controller(each, classes) for each in entry["controllers"]]
            self._controllers = made
            self.controllers = tuple([each["name"] for each in entry["controllers"]])

    def decide(self, values, elapsed_us=0):
        decision = -1
        if self._classes is not None:
            decision = self._classes.decide(values, elapsed_us)
        elif self._decides:
            decision = super().decide(values)
        if self._states is not None:
            return self._states.decide(values, decision, elapsed_us)
        return decision

    def decide_safe(self, values):
        # A state machine at rest is in no state.
        return super().decide(values) if self._states is None else -1

    def drive(self, values, out, elapsed_us):
        """Write each controller's value into `out`, behind the outputs `values`."""
        at = len(values)
        seconds = elapsed_us * 1e-6
        for controller in self._controllers:
            out[at] = controller.compute(values, seconds)
            at += 1

    def rest(self):
        if self._classes is not None:
            self._classes.rest()
        if self._states is not None:
            self._states.rest()
        for controller in self._controllers:
            controller.rest()


def _controller(entry, classes):
    if entry["kind"] == "pid":
        from rivulet.control.policies.pid import Pid

        return Pid(entry, classes)
    from rivulet.control.policies.state_feedback import StateFeedback

    return StateFeedback(entry, classes)
