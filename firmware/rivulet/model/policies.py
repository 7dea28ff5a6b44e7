"""The `policy` of a model file of format rivulet-2, and what it must keep to.

    {"cadence_us": 20000,                                 time between decisions, us
     "horizon_ms": 40,                                    how far ahead outputs are peeked
     "classes": {"hysteresis": 0.2, "dwell_ms": 300, "confidence": 0.6},
     "states": [{"name": "idle", "to": [["y0", ">", 0.5, 200, "run"]]}, ...],
     "controllers": [{"name": "heat", "kind": "pid", "input": "y0", "setpoint": 21, "kp": 2}, ...]}

Everything but cadence_us may be left out. A value is named by its output, "y0", or by its class:
then it is the probability of that class. docs/control.md says what each key does.
"""

from rivulet.compat import const
from rivulet.model import fed, kinds
from rivulet.model.header import FORMAT
from rivulet.model.kinds import LARGEST, entries, is_number, number, several, whole

KEYS = ("cadence_us", "horizon_ms", "classes", "states", "controllers")
COMPARISONS = ("<", "<=", ">", ">=")
EQUALITIES = ("==", "!=")
# Of a controller: what each kind has beside the keys of all.
_COMMON = ("name", "kind", "limits", "slew_per_s", "schedule")
CONTROLLERS = {
    "pid": ("input", "setpoint", "kp", "ki", "kd", "derivative_tau_s"),
    "state_feedback": ("inputs", "setpoints", "gains", "offset"),
}
# What a schedule may change.
SCHEDULED = {"pid": ("kp", "ki", "kd"), "state_feedback": ("gains",)}
# Names with a meaning of their own.
_TAKEN = ("class", "state", "time", "none")
_LONGEST_MS = const(60000)
_LONGEST_HELD_MS = const((1 << 29) - 1)
_MOST = const(16)
_MOST_POINTS = const(32)


def check(settings, outputs):
    """Whether the policy makes sense for a model of so many outputs. Raises ValueError."""
    policy = settings["policy"]
    if settings["format"] == FORMAT:
        extra = sorted([key for key in policy if key != "cadence_us"])[0]
        raise ValueError("policy: '%s' needs the format rivulet-2: convert it again" % extra)
    _known(policy, KEYS, "policy")
    fed.check(settings)
    if "horizon_ms" in policy:
        number(policy["horizon_ms"], "horizon_ms of the policy", 0, _LONGEST_MS)
    if "classes" in policy:
        _check_classes(settings, policy["classes"])
    values = _Values(settings, outputs)
    if "states" in policy:
        _check_states(policy["states"], values)
    if "controllers" in policy:
        _check_controllers(policy["controllers"], values)


def _known(entry, keys, where):
    entries(entry, where)
    for key in entry:
        if key not in keys:
            raise ValueError("%s has no '%s', only %s" % (where, key, ", ".join(keys)))


def _check_classes(settings, entry):
    where = "policy: classes"
    _known(entry, ("hysteresis", "dwell_ms", "confidence"), where)
    count = len(settings["classes"])
    if settings["output"] != "class" or count < 2:
        raise ValueError(where + " needs a model that decides between classes")
    hysteresis = entry.get("hysteresis", 0)
    if not is_number(hysteresis) or not 0 <= hysteresis < 1:
        raise ValueError(where + ": hysteresis must be a lead in probability, from 0 to below 1")
    whole(entry.get("dwell_ms", 0), where + ": dwell_ms", 0, _LONGEST_HELD_MS)
    if "confidence" not in entry:
        return
    confidence = entry["confidence"]
    if not is_number(confidence) or not 0 < confidence <= 1:
        raise ValueError(where + ": confidence must be a probability, above 0 and at most 1")
    # The likeliest of k classes has at least this.
    least = 1 / count
    if confidence <= least:
        raise ValueError(
            "%s: confidence %g is always reached: the likeliest of %d classes has %g or more"
            % (where, confidence, count, least)
        )
    if confidence - hysteresis <= least:
        raise ValueError(
            "%s: with a confidence of %g a hysteresis of %g never gives a class up: the likeliest "
            "of %d classes has %g or more" % (where, confidence, hysteresis, count, least)
        )


class _Values:
    """What can be compared and controlled: outputs, and the probabilities of classes."""

    def __init__(self, settings, outputs):
        self.classes = settings["classes"] if settings["output"] == "class" else ()
        self._outputs = outputs
        self._low = self._high = None
        if "outputs" in settings.get("guards", {}):
            from rivulet.model.bounds import limits

            self._low, self._high = limits(settings["guards"]["outputs"], outputs)

    def range(self, name, where):
        """Return (lowest, highest) that a value can be. Raises ValueError for an unknown one."""
        if not isinstance(name, str):
            raise ValueError("%s must name a value, such as 'y0'" % where)
        if name in self.classes:
            return 0.0, 1.0
        # int() would take signs and spaces too.
        if name[:1] == "y" and name[1:].isdigit() and len(name) < 6:
            at = int(name[1:])
            if at < self._outputs and name == "y%d" % at:
                if self._low is None:
                    return -LARGEST, LARGEST
                return self._low[at], self._high[at]
        raise ValueError(
            "%s: the model has no output '%s'; it has y0%s"
            % (where, name, " to y%d" % (self._outputs - 1) if self._outputs > 1 else "")
        )

    def own(self, name):
        """Whether a name means a value, or something else of a policy, already."""
        return name in _TAKEN or name in self.classes or name[:1] == "y" and name[1:].isdigit()


def _check_names(items, where, values):
    several(items, where)
    if not 1 <= len(items) <= _MOST:
        raise ValueError("%s: there must be 1 to %d" % (where, _MOST))
    for item in items:
        entries(item, where)
    names = [item.get("name") for item in items]
    kinds.names(names, where)
    for name in names:
        if values.own(name):
            raise ValueError("%s: the name '%s' has a meaning already" % (where, name))
    return names


def _check_states(states, values):
    names = _check_names(states, "policy: states", values)
    reached = [0]
    for i in range(len(states)):
        _known(states[i], ("name", "to"), "policy: state '%s'" % names[i])
        several(states[i].get("to", []), "policy: state '%s': to" % names[i])
        if len(states[i].get("to", [])) > _MOST:
            raise ValueError("policy: state '%s': at most %d ways out" % (names[i], _MOST))
        for row in states[i].get("to", []):
            _check_way(row, names, "policy: state '%s'" % names[i], values)
    # The list grows while it is gone through: each state that can be reached, once.
    for at in reached:
        for row in states[at].get("to", []):
            if names.index(row[4]) not in reached:
                reached.append(names.index(row[4]))
    for i in range(len(names)):
        if i not in reached:
            raise ValueError(
                "policy: state '%s' is never reached from '%s'" % (names[i], names[0])
            )


def _check_way(row, names, where, values):
    several(row, where + ": a way out", 5)
    name, comparison, threshold, held_ms, to = row
    whole(held_ms, where + ": the milliseconds it has held", 0, _LONGEST_HELD_MS)
    if to not in names:
        raise ValueError("%s leads to '%s', which is no state" % (where, to))
    if name == "class":
        if not values.classes:
            raise ValueError("%s: the model decides no class" % where)
        if comparison not in EQUALITIES:
            raise ValueError("%s: a class is compared with == or !=" % where)
        if threshold not in values.classes and threshold != "none":
            raise ValueError("%s: '%s' is no class of the model" % (where, threshold))
        return
    low, high = (0.0, LARGEST) if name == "time" else values.range(name, where)
    if comparison not in COMPARISONS:
        raise ValueError("%s: '%s' is none of %s" % (where, comparison, ", ".join(COMPARISONS)))
    number(threshold, where + ": a threshold", -LARGEST, LARGEST)
    if (
        threshold >= high
        if comparison == ">"
        else threshold > high
        if comparison == ">="
        else threshold <= low
        if comparison == "<"
        else threshold < low
    ):
        raise ValueError(
            "%s: '%s %s %g' is out of reach: it is from %g to %g"
            % (where, name, comparison, threshold, low, high)
        )


def _check_controllers(controllers, values):
    _check_names(controllers, "policy: controllers", values)
    for entry in controllers:
        where = "policy: controller '%s'" % entry["name"]
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in CONTROLLERS:
            raise ValueError(
                "%s: its kind is '%s', not one of %s"
                % (where, kind, ", ".join(sorted(CONTROLLERS)))
            )
        _known(entry, _COMMON + CONTROLLERS[kind], where)
        if "limits" in entry:
            kinds.numbers(entry["limits"], where + ": limits", 2)
            if entry["limits"][0] >= entry["limits"][1]:
                raise ValueError(where + ": the lowest of its limits is not below the highest")
        if "slew_per_s" in entry:
            number(entry["slew_per_s"], where + ": slew_per_s", 1e-9, LARGEST)
        if kind == "pid":
            _check_pid(entry, where, values)
        else:
            _check_feedback(entry, where, values)


def _check_pid(entry, where, values):
    low, high = values.range(entry.get("input"), where + ": input")
    _check_setpoint(entry.get("setpoint", 0), where, low, high, values)
    for key in ("kp", "ki", "kd"):
        number(entry.get(key, 0), "%s: %s" % (where, key), -LARGEST, LARGEST)
    number(entry.get("derivative_tau_s", 0), where + ": derivative_tau_s", 0, LARGEST)
    rows = _check_schedule(entry, where, values)
    for key, row in rows:
        kinds.numbers(row, "%s: %s of its schedule" % (where, key), len(entry["schedule"]["at"]))
    if not any(entry.get(key) for key in ("kp", "ki", "kd")) and not rows:
        raise ValueError(where + ": it needs kp, ki or kd")


def _check_feedback(entry, where, values):
    several(entry.get("inputs"), where + ": inputs")
    count = len(entry["inputs"])
    if not 1 <= count <= _MOST:
        raise ValueError("%s: inputs must be 1 to %d" % (where, _MOST))
    setpoints = entry.get("setpoints", [0] * count)
    several(setpoints, where + ": setpoints", count)
    for i in range(count):
        low, high = values.range(entry["inputs"][i], where + ": inputs")
        _check_setpoint(setpoints[i], where, low, high, values)
    number(entry.get("offset", 0), where + ": offset", -LARGEST, LARGEST)
    rows = _check_schedule(entry, where, values)
    if not rows:
        kinds.numbers(entry.get("gains"), where + ": gains", count)
    elif "gains" in entry:
        raise ValueError(where + ": its gains stand in its schedule already")
    for _, row in rows:
        several(row, where + ": gains of its schedule", len(entry["schedule"]["at"]))
        for gains in row:
            kinds.numbers(gains, where + ": gains of its schedule", count)


def _check_setpoint(setpoint, where, low, high, values):
    if isinstance(setpoint, str):
        values.range(setpoint, where + ": setpoint")
        return
    number(setpoint, where + ": setpoint", -LARGEST, LARGEST)
    if not low <= setpoint <= high:
        raise ValueError(
            "%s: setpoint %g is out of reach: its input is from %g to %g"
            % (where, setpoint, low, high)
        )


def _check_schedule(entry, where, values):
    """Check what gains depend on. Returns [(key, list)] of what is scheduled."""
    if "schedule" not in entry:
        return []
    where += ": schedule"
    schedule, allowed = entry["schedule"], SCHEDULED[entry["kind"]]
    _known(schedule, ("by", "at") + allowed, where)
    values.range(schedule.get("by"), where + ": by")
    points = schedule.get("at")
    kinds.numbers(points, where + ": at")
    if not 2 <= len(points) <= _MOST_POINTS:
        raise ValueError("%s: at must hold 2 to %d numbers" % (where, _MOST_POINTS))
    for i in range(1, len(points)):
        if points[i] <= points[i - 1]:
            raise ValueError(where + ": at must rise from number to number")
    rows = [(key, schedule[key]) for key in allowed if key in schedule]
    if not rows:
        raise ValueError("%s changes nothing: it needs %s" % (where, " or ".join(allowed)))
    return rows
