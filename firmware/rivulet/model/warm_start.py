"""The `warm_start` of a model file: how the model starts after a reset."""

from rivulet.model import kinds

# How old a snapshot may be for a warm start, where the model file does not say.
LONGEST_S = 600


def check(settings, units):
    """Whether the metadata's `warm_start` makes sense for a state of so many units.

    Raises ValueError.
    """
    entry = settings["warm_start"]
    if not isinstance(entry, dict):
        raise ValueError("warm_start must be an object")
    for key in entry:
        if key not in ("longest_s", "prior"):
            raise ValueError("warm_start has no '%s', only longest_s and prior" % key)
    longest_s = entry.get("longest_s", LONGEST_S)
    kinds.number(longest_s, "longest_s of the warm_start", 0, 86400)
    prior = entry.get("prior")
    if prior is not None:
        kinds.numbers(prior, "prior of the warm_start", units)
