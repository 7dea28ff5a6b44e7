"""What keeps the outputs from jumping when another model takes over."""

from array import array

from rivulet.compat import const
from rivulet.guard import whole
from rivulet.kernels import floats, np

# Decisions after which the new model's outputs are its own.
STEPS = const(10)


class Handover:
    """Starts from the outputs (k,) of the old model and approaches those of `model`, the new one.

    before, after: what both answer at the moment of the swap, in the new model's unit. Each
    decision takes a STEPS-th of the difference away: what the swap itself adds from one decision
    to the next is never more than |before - after| / STEPS in any output.
    """

    def __init__(self, model, before, after):
        self.difference = [old - new for old, new in zip(before, after)]
        self._left = STEPS
        self._integer = model.integer
        count = len(before)
        # In the form in which the model gives its outputs.
        self._outputs = (
            memoryview(array("i", bytes(4 * count))) if model.integer else np.zeros(count)
        )

    def outputs(self, new):
        """What goes on to guard and policy instead of the model's outputs."""
        self._left -= 1
        made = self._outputs
        target = made if self._integer else floats(made)
        source = new if self._integer else floats(new)
        for i in range(len(target)):
            value = source[i] + self.difference[i] * self._left / STEPS
            target[i] = whole(value) if self._integer else value
        return made

    @property
    def finished(self):
        return not self._left


def between(old, new, ahead_us):
    """The hand-over from one model to another, `ahead_us` after the last event of both.

    None if their outputs do not mean the same, or are not finite.
    """
    for key in ("output", "classes"):
        if old.settings[key] != new.settings[key]:
            return None
    if old.output_count != new.output_count:
        return None
    before, after = _physical(old, ahead_us), _physical(new, ahead_us)
    total = sum(before) + sum(after)
    if total - total != 0.0:
        return None
    unit = _unit(new)
    return Handover(new, [value / unit for value in before], [value / unit for value in after])


def _physical(model, ahead_us):
    outputs = model.peek(ahead_us) if ahead_us > 0 else model.outputs()
    return [value * _unit(model) for value in outputs]


def _unit(model):
    return 0.5 ** model.fraction_bits[2] if model.integer else 1.0
