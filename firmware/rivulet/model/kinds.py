"""What each key of a model file's metadata may hold, down to the last element.

A cell checks which of its keys it needs and what they mean; it finds them here to be of the right
kind. A new key is a new line in _KINDS.
"""

from rivulet.compat import const
from rivulet.errors import plain

LARGEST = 3e38  # within float32, whatever its literal is rounded to
_LONGEST_NAME = const(64)
_LONGEST_CADENCE_US = const((1 << 30) - 1)
# Columns of the files that `rivulet replay` and `rivulet monitor --record` write.
_COLUMNS = ("t_us", "decision")
_NUMBERED_COLUMNS = ("y", "x", "tau")


def is_number(value):
    """Whether a value is a number within float32: no bool, NaN or infinity."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return -LARGEST <= value <= LARGEST


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def number(value, key, lowest, highest):
    """Check a number. This function and those below raise ValueError, which names the key."""
    if not is_number(value) or not lowest <= value <= highest:
        raise ValueError("'%s' must be a number from %g to %g" % (key, lowest, highest))


def whole(value, key, lowest, highest):
    if not is_whole(value) or not lowest <= value <= highest:
        raise ValueError("'%s' must be a whole number from %d to %d" % (key, lowest, highest))


def truth(value, key):
    if not isinstance(value, bool):
        raise ValueError("'%s' must be true or false" % key)


def text(value, key):
    if not isinstance(value, str):
        raise ValueError("'%s' must be text" % key)


def entries(value, key):
    if not isinstance(value, dict):
        raise ValueError("'%s' must be an object" % key)


def several(value, key, count=-1):
    """Check a list, of `count` elements where that is not negative."""
    if not isinstance(value, list) or count not in (-1, len(value)):
        raise ValueError("'%s' must be a list%s" % (key, " of %d" % count if count >= 0 else ""))


def numbers(value, key, count=-1):
    several(value, key, count)
    for each in value:
        number(each, key, -LARGEST, LARGEST)


def wholes(value, key, lowest):
    several(value, key)
    for each in value:
        whole(each, key, lowest, 65535)


def names(value, key, own_columns=False):
    """Check a list of different names; own_columns: they head the columns of a CSV file."""
    several(value, key)
    for name in value:
        _name(name, key)
        if value.count(name) > 1:
            raise ValueError("'%s' names '%s' twice" % (key, name))
        if own_columns and (
            name in _COLUMNS
            or any(name[: len(c)] == c and name[len(c) :].isdigit() for c in _NUMBERED_COLUMNS)
        ):
            raise ValueError("'%s': '%s' is a column of Rivulet's own files" % (key, name))
        if own_columns and ("," in name or '"' in name):
            raise ValueError("'%s': the name %s holds a comma or a quote" % (key, name))


def _name(name, key):
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise ValueError("'%s' must hold names of 1 to %d characters" % (key, _LONGEST_NAME))
    if plain(name) != name or name.strip() != name:
        raise ValueError(
            "'%s': a name has a control character, or a space at an end: '%s'" % (key, name)
        )


def _units(value, key):
    several(value, key)
    for unit in value:
        if unit != "":
            _name(unit, key)


def _interval(value, key):
    if value is not None:
        number(value, key, 1e-3, 1e15)


def _probes(value, key):
    entries(value, key)
    number(value.get("tolerance"), "tolerance of the probes", 0, 1)
    several(value.get("events"), "events of the probes")
    for event in value["events"]:
        several(event, "event of the probes", 3)
        whole(event[0], "interval of a probe", 0, 1 << 30)
        numbers(event[1], "inputs of a probe")
        numbers(event[2], "outputs of a probe")


# (key, check, the check's further arguments)
_KINDS = (
    ("cell", text),
    ("convention", text),
    ("channels", names, True),
    ("units", _units),
    ("normalisation", entries),
    ("readout", text),
    ("readout_tau_s", number, 0, 1e9),
    ("output", text),
    ("classes", names),
    ("policy", entries),
    ("adaptation", entries),
    ("training_dt_us", _interval),
    ("version", whole, 0, (1 << 30) - 1),
    ("probes", _probes),
    # Of cells.
    ("integrator", text),
    ("drive", text),
    ("alpha_min", number, 0, 1e9),
    ("alpha_max", number, 0, 1e9),
    ("step_s", number, 0, 1e9),
    ("layers", wholes, 1),
    ("rates", text),
    ("readout_inputs", truth),
    ("activation", text),
    ("mode", text),
    ("backbone", wholes, 1),
    ("synapses", wholes, 0),
    ("mixed_memory", truth),
    ("time_unit_s", number, 1e-9, 1e9),
    ("unfolds", whole, 1, 64),
    ("epsilon", number, 0, 1),
    # Of integer models.
    ("arithmetic", text),
    ("state_scale", number, 1e-6, 1 << 30),
    ("output_bits", whole, 0, 30),
    ("mean_rate", whole, 0, 1 << 30),
    ("rate_bits", whole, 10, 28),
    ("gate_shift", whole, 0, 20),
    ("f_shift", whole, 0, 20),
    ("f_limit", whole, 0, 32767),
    ("p_shift", whole, 0, 20),
    ("step_micro", whole, 0, 32767),
    ("step_shift", whole, -10, 10),
    ("sensory_shift", whole, 0, 30),
    ("recurrent_shift", whole, 0, 30),
)


def check(settings):
    """Check what all models say of themselves, and every key of a cell. Raises ValueError."""
    for row in _KINDS:
        if row[0] in settings:
            row[1](settings[row[0]], row[0], *row[2:])
    count = len(settings["channels"])
    if not count:
        raise ValueError("the model names no channels")
    several(settings["units"], "units", count)
    for key in ("offset", "scale"):
        numbers(settings["normalisation"].get(key), key + " of the normalisation", count)
    truth(settings["normalisation"].get("folded", True), "folded of the normalisation")
    whole(settings["policy"].get("cadence_us"), "cadence_us of the policy", 1, _LONGEST_CADENCE_US)
    if settings.get("arithmetic", "int8") != "int8":
        raise ValueError("unknown arithmetic '%s'" % settings["arithmetic"])
