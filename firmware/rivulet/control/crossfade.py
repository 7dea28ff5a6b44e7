"""What keeps the outputs from jumping when another model takes over."""

from rivulet.compat import const

# Decisions after which the new model's outputs are its own.
STEPS = const(10)


class Crossfade:
    """Starts from the outputs (k,) of the old model and approaches those of the new one.

    before, after: what both answer at the moment of the swap, in physical units, whatever either
    computes in. Each decision takes a STEPS-th of the difference away: what the swap itself adds
    from one decision to the next is never more than |before - after| / STEPS in any output.
    """

    def __init__(self, before, after):
        self.difference = [old - new for old, new in zip(before, after)]
        self._left = STEPS

    def blend(self, values):
        """Bring the new model's outputs, an array('f'), to what goes on to the guard."""
        self._left -= 1
        for i in range(len(values)):
            values[i] += self.difference[i] * self._left / STEPS

    def left(self):
        """What is still added to each of the outputs."""
        return [difference * self._left / STEPS for difference in self.difference]

    @property
    def finished(self):
        return not self._left


def between(old, new, ahead_us):
    """The hand-over from one model to another, `ahead_us` after the last event of both.

    None if their outputs do not mean the same, or are not finite.
    """
    if old.settings["output"] != new.settings["output"]:
        return None
    one, other = _named(old), _named(new)
    count = min(len(one), len(other))
    if one[:count] != other[:count]:
        return None
    if old.output_count != new.output_count:
        return None
    return _finite(Crossfade(_physical(old, ahead_us), _physical(new, ahead_us)))


def following(model, change, fading):
    """The hand-over from a model's outputs to its outputs after `change`, a function.

    fading: the crossfade that is under way, or None.
    """
    before = _physical(model, 0)
    if fading is not None:
        before = [value + left for value, left in zip(before, fading.left())]
    change()
    return _finite(Crossfade(before, _physical(model, 0)))


def _finite(made):
    for difference in made.difference:
        if difference - difference != 0.0:
            return None
    return made


def _named(model):
    """The classes, but for those that no label has named yet."""
    classes = model.settings["classes"]
    return classes if model.learner is None else classes[: len(classes) - model.learner.free]


def _physical(model, ahead_us):
    # Where its policy looks.
    ahead_us += int(1000 * model.settings["policy"].get("horizon_ms", 0))
    outputs = model.peek(ahead_us) if ahead_us > 0 else model.outputs()
    unit = 0.5 ** model.fraction_bits[2] if model.integer else 1.0
    return [value * unit for value in outputs]
