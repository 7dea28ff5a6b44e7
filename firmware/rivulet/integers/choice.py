"""Chooses a cell's fastest kernel, which must give the bits of the plain one.

An .mpy made for an older MicroPython can load and still read its arguments wrongly: so a kernel is
tried on a small model before it is used.
"""

import sys
from array import array

from rivulet.compat import micropython, ptr32
from rivulet.integers import layout

_ANY = 12345
_INTERVALS_US = (0, 300, 70000, 9000000)


def choose(kernels, load, works, plain):
    """Return (name, step) of the first of `kernels` that loads and works, else those of `plain`.

    load(name) returns a step, and may raise what an import raises; works(step) tries it.
    """
    for name in kernels:
        try:
            step = load(name)
            if works(step):
                return name, step
        except (ImportError, SyntaxError, ValueError, TypeError):
            pass  # for another chip, not in this interpreter, or an .mpy of another version
    return "python", plain


def has_dsp():
    """Return whether this core has the DSP extension.

    Without it, an instruction of it is a fault that no `try` catches: so the core is asked. A
    build for cores with it says so in its .mpy architecture: armv7em, armv7emsp or armv7emdp. That
    alone is not enough, because on a Cortex-M33 the extension is an option.
    """
    arch = getattr(sys.implementation, "_mpy", 0) >> 10 & 15
    if not 6 <= arch <= 8 or sys.platform == "linux":
        return False
    return _simd() >= 3


@micropython.viper
def _simd() -> int:
    """Return the field SIMD of the register ID_ISAR3, 3 where a core has SMLAD and SXTB16."""
    address = 0xE000
    address = (address << 16) | 0xED6C
    return (ptr32(address)[0] >> 4) & 15


def part(module, name):
    """Return what a module of this package calls `name`."""
    return getattr(__import__("rivulet.integers." + module, None, None, (name,)), name)


def fill(weights):
    """Write any bytes, the same each time, into weights."""
    number = _ANY
    for i in range(len(weights)):
        number = (number * 4093 + 1) & 0xFFFF
        weights[i] = number >> 8


def agree(step, plain, words, weights, arrange=None):
    """Return whether two steps leave the same bits, over intervals from none to long ones.

    arrange(words, weights): brings the weights into the order that `step` needs. All values must
    be within their bounds. Beyond them 32 bits overflow, and kernels then differ.
    """
    at = words[layout.V_AT] + 4 * words[layout.HIDDEN]
    input_map = array("i", (1, 1234, at, 3333, 1 << 14, 9))
    memory = layout.memory(words)
    before = array("i", memory)
    for dt_us in _INTERVALS_US:
        plain(words, weights, dt_us, input_map)
    wanted = array("i", memory)
    # In the same buffers: a board that changes its model has no room for a second pair.
    memory[:] = before
    if arrange:
        arrange(words, weights)
    for dt_us in _INTERVALS_US:
        step(words, weights, dt_us, input_map)
    return all(a == b for a, b in zip(memory, wanted))
