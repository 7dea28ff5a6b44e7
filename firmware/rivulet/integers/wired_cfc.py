"""A wired CfC in integers: layers in a chain, each of which moves before the next one is computed.

cells/wired_cfc.py has its equations, cfc.py the arithmetic of a layer, whose kernels move it. A
layer's ff1, ff2 and gates are dense products over [y; x]; a connection that the wiring lacks has
the weight 0. y and x of a later layer are adjacent in v. The first layer's are the inputs and its
state, which are copied to SEEN_AT.

PARTS_AT has three words for each layer: byte offset of the records of its products (layers.py),
byte offset of its first unit in an array of all units, and its number of units. A zero ends them.
"""

from rivulet.compat import const
from rivulet.integers import arithmetic, cfc, layers, layout

SEEN_AT = const(48)
PARTS_AT = const(49)
HEADER = const(50)

WORDS = const(3)


def see(words):
    """Copy the inputs and the first layer's state to SEEN_AT."""
    n, m = words[layout.HIDDEN], words[layout.INPUTS]
    v, seen = words[layout.V_AT] >> 2, words[SEEN_AT] >> 2
    layout.copy(words, v + n, words, seen, m)
    layout.copy(words, v, words, seen + m, words[(words[PARTS_AT] >> 2) + 2])


def advancer(run, move):
    """Return what moves the layers, as layers.around takes it; move: that of a CfC."""

    def advance(words, weights, dt_us):
        see(words)
        at = words[PARTS_AT] >> 2
        while words[at]:
            words[cfc.FIRST] = words[at + 1]
            words[cfc.COUNT] = words[at + 2]
            run(words, weights, words[at])
            move(words, dt_us)
            at += WORDS

    return advance


def stepper(apply, run, move, average):
    """Return the step, as layers.stepper does; move: that of a CfC."""
    return layers.around(apply, advancer(run, move), average, run)


move = cfc.move


step = stepper(arithmetic.apply, layers.run, move, layers.average)
