"""micropython.kbd_intr for the virtual board.

On the interpreter itself, listening for no character means that the system's interrupt ends the
process. Here it is the supervisor that turns a Ctrl-C into an interrupt, so it is told to stop.
"""

import sys

import micropython
import virtual_world

_CTRL_C = 3


class _Module:
    """The interpreter's module with one function replaced."""


def _kbd_intr(character):
    virtual_world.event("keyboard on" if character == _CTRL_C else "keyboard off")


def install():
    module = _Module()
    for name in dir(micropython):
        if not name.startswith("__"):
            setattr(module, name, getattr(micropython, name))
    module.kbd_intr = _kbd_intr
    sys.modules["micropython"] = module
