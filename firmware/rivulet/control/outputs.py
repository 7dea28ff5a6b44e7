"""What becomes of a model's outputs: units, hand-over, guard, decision, actuators."""

from array import array

from rivulet.arrays import FLOAT_BYTES, float32, floats
from rivulet.arrays.float32 import take
from rivulet.compat import const
from rivulet.control.guard import Guard
from rivulet.control.policy import policy_of

# How often the actuators are told to rest while there is no model.
_RESTING_US = const(100000)


class Control:
    """From the outputs of the model that runs to the actuators.

    action: what drives the actuators; errors: how often one has failed; cadence_us: time between
    two decisions; crossfade: from the outputs of the model before, or None; fresh: whether the
    model that runs has decided nothing yet; steady: an element, 1 if it is a model of integers
    without guards, and nothing was special about the last decision: then `settle` and `move` do
    what `judge` and `act` do.
    """

    def __init__(self, actuators, faults, link):
        self.guard = Guard()
        self.action = actuators.action
        self.errors = 0
        self.cadence_us = _RESTING_US
        self.crossfade = None
        self.fresh = True
        self.steady = array("b", (0,))
        # The model that runs, or None.
        self.model = None
        self._policy = None
        self._actuators = actuators
        self._faults = faults
        self._link = link
        self._guarding = False
        # Whether an actuator has failed since all of them worked.
        self._failing = False

    def install(self, model):
        """Take the outputs of this model from now on; None: of none."""
        self.model = model
        self.steady[0] = 0
        if model is None:
            self.cadence_us = _RESTING_US
            self.action.use_none()
            self._actuators.install((), 0)
            return
        settings = model.settings
        self.guard.install(model)
        self._policy = policy = policy_of(settings, model.output_count)
        self.cadence_us = policy.cadence_us
        self.fresh = True
        safe = [0.0] * model.output_count
        safe_decision = -1
        if "safe" in settings.get("guards", {}):
            from rivulet.model.bounds import safe_outputs

            safe = safe_outputs(settings, model.output_count)
            safe_decision = policy.decide_safe(array("f", safe))
        controllers = policy.controllers
        self.action.use(policy.names, safe + [0.0] * len(controllers), safe_decision)
        self._actuators.install(policy.names, model.output_count, controllers)
        self.crossfade = None

    def follow(self, change):
        """Let the outputs follow `change`, a function that alters the model's readout."""
        # Imported for it: see runtime.SELDOM.
        from rivulet.control.crossfade import following

        self.steady[0] = 0
        self.crossfade = following(self.model, change, self.crossfade)

    def rename(self):
        """Take the names of the model's classes anew."""
        policy = self._policy
        if policy.states:
            return  # what is decided between has names of its own
        policy.names = tuple([str(name) for name in self.model.settings["classes"]])
        self.action.rename(policy.names)
        self._actuators.install(policy.names, self.model.output_count, policy.controllers)

    @property
    def digest(self):
        """The SHA-256 of the running model's file in hex, "" without one."""
        return "" if self.model is None else self.model.digest

    @property
    def states(self):
        """The names of the states that the running model's policy decides between, or ()."""
        return self._policy.states if self.model is not None else ()

    def reset(self):
        """Set the model's state to zero; time goes on."""
        if self.model is not None:
            self.model.reset()

    def facts(self):
        guard = self.guard
        return {
            "decision": self.action.decision,
            "resting": self.action.resting,
            "actuator_errors": self.errors,
            "actuators": self._actuators.facts(),
            "state_resets": guard.resets,
            "guard_trips": guard.trips,
            "guard": guard.reason,
        }

    def judge(self, ahead_us, stale):
        """Ask for the outputs `ahead_us` after the model's last event, and as far ahead as its
        policy looks, and judge them.

        stale: what says nothing new, in words, or None. Returns what `act` is to be given.
        """
        guard = self.guard
        model = self.model
        # A call that is spared where it would find nothing.
        action = guard.look(model) if guard.checks or guard.reason else ""
        values = guard.candidate
        ahead_us += self._policy.horizon_us
        if model.integer:
            model.foresee(ahead_us, values)
        else:
            outputs = model.peek(ahead_us) if ahead_us > 0 else model.outputs()
            _narrow(floats(outputs), values)
        if self.crossfade is not None:
            self.crossfade.blend(values)
            if self.crossfade.finished:
                self.crossfade = None
        why = guard.outputs(model, action, stale)
        if bool(guard.reason) != self._guarding:
            self._guarding = bool(guard.reason)
            self._link.text("guard: " + (guard.reason or "the outputs are good again"))
        return why

    # The frames of a steady decision have at most 11 words: a larger one is on the heap, where a
    # Pico takes 70 us and more to find room for it.

    def settle(self, ahead_us):
        """Judge the outputs as `judge` does, if all are finite; whether they are."""
        guard = self.guard
        values = guard.candidate
        self.model.foresee(ahead_us + self._policy.horizon_us, values)
        return take(values, guard.good, len(values))

    def move(self, elapsed_us):
        """Let the actuators act on what was judged good; returns what failed, as their `act`."""
        good = self.guard.good
        policy = self._policy
        self.action.act(good, policy.decide(good, elapsed_us))
        if policy.controllers:
            policy.drive(good, self.action.values, elapsed_us)
        return self._actuators.act()

    def act(self, why, elapsed_us=0):
        """Let the actuators act on what was judged good; why: if not "", why they rest instead.

        elapsed_us: time since the decision before.
        """
        if why:
            if self.model is not None:
                self._policy.rest()
            failures = self._actuators.rest(why)
        else:
            failures = self.move(elapsed_us)
        if failures:
            self.fail(failures)
        elif self._failing and self._actuators.complete:
            self._failing = False
            self._actuators.recover()
            self._link.text("actuators: they answer again")
        special = why or failures or self._failing or self._guarding or self.crossfade
        self.steady[0] = not special and self.model.integer and not self.guard.bounded

    def fail(self, failures):
        """Tell of actuators that have failed."""
        self.steady[0] = 0
        self.errors += len(failures)
        self._failing = True
        for actuator, error in failures:
            actuator.error = self._faults.note("actuator " + actuator.name, error)


def _narrow(outputs, values):
    """Copy floats of any width into an array('f')."""
    if FLOAT_BYTES == 4:
        float32.copy(outputs, values, len(values))
        return
    for i in range(len(values)):
        values[i] = outputs[i]
