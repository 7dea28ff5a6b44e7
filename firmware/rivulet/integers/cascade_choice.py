"""The kernels of the cascade to choose from, the fastest first, and what tries them."""

from array import array

from rivulet.integers import cascade, choice, layout

KERNELS = ("thumb", "rv32", "viper")


def works(step):
    """Return whether a kernel gives the bits of the plain one."""
    return _agrees(step, layout.MEAN) and _agrees(step, cascade.FROM_BELOW | cascade.READ_INPUTS)


def _agrees(step, flags):
    words = cascade.words_for((3, 1, 1), [2, 1], flags)
    weights = layout.weights_for(words)
    choice.fill(weights)
    for entry, count, first, step_by in (
        (layout.MULTIPLIER_AT, 6, 23456 | 3 << 16, 1),
        (layout.OUT_MULTIPLIER_AT, 1, 31234 | 2 << 16, 1),
        (layout.ALPHA_TABLE_AT, layout.NODES, 77, 5000),
        (layout.DRIVE_TABLE_AT, layout.NODES, -25600, 100),
        (layout.DECAY_TABLE_AT, layout.DECAY_NODES, 60000, -310),
    ):
        values = range(first, first + count * step_by, step_by)
        layout.view(words, entry, count)[:] = array("i", values)
    words[(words[layout.ALPHA_AT] >> 2) + 3] = 1 << 19
    return choice.agree(step, cascade.step, words, weights)


def load(kernel):
    return choice.part("cascade_" + kernel, "step")
