"""Cells in integers, one file each. A model file names its cell; the file of that name is loaded.

A module of a cell has

    check(settings)                    raises ValueError if the metadata is not what it runs
    shapes(settings, n, m, tensors)    {name: shape} of its tensors, for n units and m channels;
                                       the readout's are everybody's
    lay_out(settings, sizes, flags, read)
                                       (words, weights, places): the kernel's two buffers for
                                       sizes (n, m, k), and where each of its tensors goes: a byte
                                       offset in words, (begin, columns) of rows in weights, or a
                                       function of the open file and the tensor's shape.
                                       read(name) gives a tensor ahead of its turn
    verify(words)                      raises ValueError if a value is one no kernel bears
    KERNEL, step                       the best kernel that runs here, and its one event:
                                       step(words, weights, dt_us, inlet)

The header of `words` is that of layout.py as far as IntegerModel reads it: sizes and
FLAGS; the memory from CONFIDENCE_AT to ACC_AT, where scratch begins; the readout.
"""


def integer_cell(name):
    """The module of a cell by the name of its file. Raises ValueError if there is none."""
    try:
        if name.replace("_", "").isalpha():
            return __import__("rivulet.integers.cells." + name, None, None, ("step",))
    except ImportError:
        pass  # no file of that name
    raise ValueError("the integer path runs no '%s' cells" % name)
