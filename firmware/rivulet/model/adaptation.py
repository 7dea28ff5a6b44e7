"""The `adaptation` of a model file: that its readout learns from labels on the board.

    {"spare": 2, "weight": 1.0, "forgetting": 1.0}

spare: how many of the last classes are free for labels that the board has yet to learn; weight: of
a label against the file's own training data; forgetting: what a label leaves of the weight of all
before it.
"""

from rivulet.model import kinds
from rivulet.model.header import FORMAT

# Values that a readout may read: P has 8.6 KB with 64.
_MOST_FEATURES = 64
_MOST_SPARE = 16


def check(settings, outputs, features):
    """Whether the metadata's `adaptation` makes sense for a readout of this size.

    Raises ValueError.
    """
    entry = settings["adaptation"]
    if settings["format"] == FORMAT:
        raise ValueError("a model of format '%s' has no adaptation" % FORMAT)
    for key in entry:
        if key not in ("spare", "weight", "forgetting"):
            raise ValueError("adaptation has no '%s', only spare, weight and forgetting" % key)
    spare = entry.get("spare")
    kinds.whole(spare, "spare of the adaptation", 0, _MOST_SPARE)
    kinds.number(entry.get("weight"), "weight of the adaptation", 1e-3, 1e3)
    kinds.number(entry.get("forgetting"), "forgetting of the adaptation", 0.5, 1)
    if features > _MOST_FEATURES:
        raise ValueError(
            "a readout of %d values cannot be adapted: at most %d" % (features, _MOST_FEATURES)
        )
    if spare and (settings["output"] != "class" or spare >= outputs):
        raise ValueError("%d spare classes among %d outputs" % (spare, outputs))


def classes(settings):
    """The names of the classes that mean something from the start on."""
    names = settings["classes"]
    return names[: len(names) - settings["adaptation"]["spare"]]
