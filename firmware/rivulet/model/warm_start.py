"""The `warm_start` of a model file: how the model starts after a reset."""

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
    if not isinstance(longest_s, (int, float)) or not 0 <= longest_s <= 86400:
        raise ValueError("warm_start: longest_s must be 0 to 86400 s")
    prior = entry.get("prior")
    if prior is not None and not (
        isinstance(prior, list)
        and len(prior) == units
        and all(isinstance(value, (int, float)) for value in prior)
    ):
        raise ValueError("warm_start: the prior must be %d numbers, a unit each" % units)
