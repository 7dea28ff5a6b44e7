"""Liquid cells, one file each. A model file names its cell; the file of that name is loaded.

A cell module has a class `Cell(settings, tensors)`, tensors a dict of arrays by name:

    check(settings)                  raises ValueError if the metadata lacks a setting it needs
    shapes(settings, hidden, inputs) {name: shape} of its tensors; `hidden` is the length of its
                                     state, or of what the readout reads of it. Names that end in
                                     .source or .target hold uint16 indices, all others floats
    units(settings)                  only of a cell whose readout reads a part of the state: the
                                     length of the state. The readout reads its end
    reads_inputs                     True if the readout reads the inputs too; may be missing
    state, state_floats              an array, and its floats: the cell's whole memory
    input_floats                     the inputs, held until they are written again
    alpha_floats                     the rates 1/tau of the state at the last evaluation, 1/s,
                                     above 0; each cell says what they mean
    evaluate()                       compute the rates for the present state and inputs
    advance(seconds)                 move the state under the held inputs
"""


def cell_class(name):
    """Return the class of a cell by its name. Raises ValueError if there is none."""
    if not name.replace("_", "").isalpha():
        raise ValueError("cell name '%s' is not a word" % name)
    try:
        module = __import__("rivulet.cells." + name, None, None, ("Cell",))
    except ImportError:
        raise ValueError("unknown cell '%s'" % name)
    if not hasattr(module, "Cell"):
        raise ValueError("unknown cell '%s'" % name)
    return module.Cell
