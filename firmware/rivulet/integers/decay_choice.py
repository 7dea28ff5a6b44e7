"""The kernels of the decay cell to choose from, the fastest first, and what tries them."""

from array import array

from rivulet.integers import choice, decay, layout

KERNELS = ("thumb", "rv32", "viper")


def works(step):
    """Return whether a kernel gives the bits of the plain one."""
    return agrees(step, 0) and agrees(step, 2)


def agrees(step, blocks, arrange=None):
    """Return whether a kernel gives the bits of the plain one on a model of so many blocks.

    blocks: 0 for dense gates. arrange: as choice.agree takes it.
    """
    words = decay.words_for(2, 1, 1, layout.MEAN | layout.ADDITIVE, blocks)
    if blocks:
        decay.place_columns(words, (blocks,), range(blocks))
    weights = layout.weights_for(words)
    choice.fill(weights)
    for entry, count, first, step_by in (
        (layout.MULTIPLIER_AT, 4, 23456 | 3 << 16, 1),
        (layout.OUT_MULTIPLIER_AT, 1, 31234 | 2 << 16, 1),
        (layout.ALPHA_TABLE_AT, layout.NODES, 77, 5000),
        (layout.DRIVE_TABLE_AT, layout.NODES, -25600, 100),
        (layout.RECIPROCAL_TABLE_AT, layout.NODES, 32767, -31),
        (layout.DECAY_TABLE_AT, layout.DECAY_NODES, 60000, -310),
    ):
        values = range(first, first + count * step_by, step_by)
        layout.view(words, entry, count)[:] = array("i", values)
    words[(words[layout.ALPHA_AT] >> 2) + 2] = 1 << 19
    return choice.agree(step, decay.step, words, weights, arrange)


def load(kernel):
    return choice.part("decay_" + kernel, "step")
