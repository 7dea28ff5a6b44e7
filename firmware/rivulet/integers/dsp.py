"""Kernels for cores with the DSP extension (Cortex-M4, M7 and most M33), imported only there.

Dense gates and layers have an order of their own. Each 16 bytes of layout.py's order, two columns
of eight rows, become four words, one for each two rows r and r + 1. Its bytes are: row r plus 128
and row r + 1 as it is, of the first column, then the same of the second column. The readout and
sparse gates keep the order of layout.py.
"""

from rivulet.compat import const, micropython, ptr16
from rivulet.integers import choice, layout

_BLOCK = const(16)


def kernel(cell, words, weights):
    """Arrange the weights of a model for its kernel here, and return (name, step).

    Returns None, and leaves the weights, for another cell, for sparse gates, or if the kernel's
    bits differ from those of the plain one on a small model.
    """
    if cell == "decay" and not words[layout.SPARSE_AT]:
        from rivulet.integers import decay_choice

        step = choice.part("decay_dsp", "step")
        works = decay_choice.agrees(step, 0, arrange)
    elif cell in ("cfc", "wired_cfc"):
        from rivulet.integers import layers_choice
        from rivulet.integers.cells import integer_cell

        step = layers_choice.stepper(cell, "dsp")
        samples = integer_cell(cell).samples()
        works = layers_choice.agrees(step, choice.part(cell, "step"), samples, arrange)
    else:
        return None
    if not works:
        return None
    arrange(words, weights)
    return "dsp", step


def arrange(words, weights):
    """Bring the weights from the order of layout.py into the kernel's, all but the readout's."""
    _arrange(weights, words[layout.OUT_WEIGHTS_AT] // _BLOCK)


@micropython.viper
def _arrange(weights, blocks: int):
    pairs = ptr16(weights)
    at = 0
    end = blocks << 3
    while at < end:
        kept = int(pairs[at + 1])
        pairs[at + 1] = int(pairs[at + 4])
        pairs[at + 4] = int(pairs[at + 2])
        pairs[at + 2] = kept
        kept = int(pairs[at + 3])
        pairs[at + 3] = int(pairs[at + 5])
        pairs[at + 5] = int(pairs[at + 6])
        pairs[at + 6] = kept
        i = 0
        while i < 8:
            pairs[at] = int(pairs[at]) ^ 0x8000
            at += 1
            i += 1
