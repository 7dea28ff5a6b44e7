"""Liquid cells, one file each. A model file names its cell; the file of that name is loaded.

A cell module has a class `Cell(settings, tensors)`:

    TENSORS                          names of the tensors it takes, in the order they are stored
    shapes(hidden, inputs)           their shapes, in that order
    check(settings)                  raises ValueError if the metadata lacks what it needs
    state, inputs                    arrays of floats, with `state_floats` and `input_floats` over
                                     them; inputs are held until they are written again
    alpha_floats                     the rates 1/tau of its neurons at the last evaluation, 1/s
    advance(seconds)                 move the state under the held inputs
"""


def cell_class(name):
    """The class of a cell by the name of its file. Raises ValueError if there is none."""
    if not name.replace("_", "").isalpha():
        raise ValueError("cell name '%s' is not a word" % name)
    try:
        module = __import__("rivulet.cells." + name, None, None, ("Cell",))
    except ImportError:
        raise ValueError("unknown cell '%s'" % name)
    return module.Cell
