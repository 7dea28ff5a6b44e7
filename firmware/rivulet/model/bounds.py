"""The `guards` of a model file: what its numbers must keep to, and what happens if they do not.

    {"alpha":    {"min": 0.01, "max": 100, "action": "reset"},      rates 1/tau of all units, 1/s
     "state":    {"min": -2, "max": 2, "action": "clamp"},          all units
     "outputs":  {"min": [-1, 0], "max": 1, "action": "clamp"},     one number, or one an output
     "safe":     {"name": "stop", "outputs": [0, 0]},               of classes, the name of one
     "channels": {"accel_x": {"min": -40, "max": 40}},              in the channel's unit
     "stale":    {"after_ms": 500, "action": "flag"},
     "stuck":    {"after_ms": 2000}}

Everything may be left out, also one of min and max. NaN and infinity need no entry: no output
that is one reaches an actuator.
"""

from rivulet.model.kinds import is_number, is_whole

# clamp: to the nearest bound; hold: act on the last outputs that were good; reset: the state to
# zero, and hold; safe: act on the outputs named safe, or rest where none are.
ACTIONS = ("clamp", "hold", "reset", "safe")
# What may be done about each. A rate is the cell's own: it is bounded there, or not at all.
_MEANS = {"alpha": ACTIONS[1:], "state": ACTIONS, "outputs": ACTIONS}
# flag: say so, and go on; for sensors that fell silent.
_STALE_MEANS = ("flag", "hold", "safe")
_UNBOUNDED = float("inf")


def check(settings, outputs):
    """Whether the metadata's guards make sense for a model of so many outputs.

    Raises ValueError.
    """
    guards = settings["guards"]
    _known(guards, ("alpha", "state", "outputs", "safe", "channels", "stale", "stuck"), "guards")
    for key, means in _MEANS.items():
        if key in guards:
            _known(guards[key], ("min", "max", "action"), key)
            _check_range(guards[key], key, outputs if key == "outputs" else 0)
            _check_action(guards[key], key, means)
    channels = guards.get("channels", {})
    _known(channels, settings["channels"], "channels")
    for name, entry in channels.items():
        _known(entry, ("min", "max"), name)
        _check_range(entry, name, 0)
    for key in ("stale", "stuck"):
        if key in guards:
            allowed = ("after_ms", "action") if key == "stale" else ("after_ms",)
            _known(guards[key], allowed, key)
            after_ms = guards[key].get("after_ms")
            if not is_whole(after_ms) or not 1 <= after_ms < 1 << 29:
                raise ValueError("guards: %s needs after_ms, a whole number from 1" % key)
    if "action" in guards.get("stale", {}):
        _check_action(guards["stale"], "stale", _STALE_MEANS)
    if "safe" in guards:
        _check_safe(settings, guards["safe"], outputs)


def _known(entry, keys, where):
    if not isinstance(entry, dict):
        raise ValueError("guards: %s must be an object" % where)
    for key in entry:
        if key not in keys:
            raise ValueError("guards: %s has no '%s', only %s" % (where, key, ", ".join(keys)))


def _check_range(entry, where, count):
    for key in ("min", "max"):
        value = entry.get(key, 0)
        listed = isinstance(value, list)
        if not all(is_number(each) for each in (value if listed else [value])):
            raise ValueError("guards: the %s of %s must be a number" % (key, where))
        if listed and (not count or len(value) != count):
            raise ValueError(
                "guards: %d numbers as %s of %s, which has %d" % (len(value), key, where, count)
            )
    if "min" not in entry and "max" not in entry:
        raise ValueError("guards: %s has neither min nor max" % where)
    low, high = limits(entry, max(count, 1))
    for i in range(len(low)):
        if low[i] >= high[i]:
            raise ValueError("guards: the min of %s is not below its max" % where)


def _check_action(entry, where, means):
    if entry.get("action") not in means:
        raise ValueError(
            "guards: the action of %s is '%s', not one of %s"
            % (where, entry.get("action"), ", ".join(means))
        )


def _check_safe(settings, safe, outputs):
    _known(safe, ("name", "outputs"), "safe")
    name = safe.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError("guards: safe needs a name")
    if settings["output"] == "class":
        if name not in settings["classes"] or "outputs" in safe:
            raise ValueError("guards: safe must name one of the classes, and nothing else")
        return
    values = safe.get("outputs")
    if not isinstance(values, list) or not all(is_number(value) for value in values):
        raise ValueError("guards: safe needs its outputs, a list of numbers")
    if len(values) != outputs:
        raise ValueError("guards: %d safe outputs, the model has %d" % (len(values), outputs))


def limits(entry, count):
    """(lowest, highest) of an entry with min and max, as lists of `count` floats."""
    return _each(entry.get("min", -_UNBOUNDED), count), _each(entry.get("max", _UNBOUNDED), count)


def safe_outputs(settings, count):
    """The outputs that the metadata names safe, a list of floats.

    Those of a class are 1 for it and 0 for all others, so that a policy decides for it.
    """
    safe = settings["guards"]["safe"]
    if "outputs" in safe:
        return [value + 0.0 for value in safe["outputs"]]
    return [1.0 if i == settings["classes"].index(safe["name"]) else 0.0 for i in range(count)]


def _each(value, count):
    return [each + 0.0 for each in value] if isinstance(value, list) else [value + 0.0] * count
