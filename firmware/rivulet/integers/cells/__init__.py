"""Integer cells as model files have them, one module each, loaded by the name in the file.

A cell's module has

    check(settings)                    raises ValueError if the cell cannot run this metadata
    shapes(settings, n, m, tensors)    {name: shape} of its tensors without the readout's, for m
                                       channels and n units, or n values that the readout reads
    lay_out(settings, sizes, flags, read)
                                       (words, weights, places): the kernel's two buffers for
                                       sizes (n, m, k), and the place of each tensor: a byte
                                       offset in words, (begin, columns) of rows in weights, or a
                                       function of the open file and the tensor's shape.
                                       read(name) returns a tensor before its turn in the file
    units(settings)                    only of a cell whose readout reads another vector than all
                                       of the state or of its mean: the number of units
    read_out(words, weights)           only of such a cell: computes the outputs
    read_from(words)                   only of such a cell: the byte offset of that vector
    verify(words)                      raises ValueError if a value is out of the kernels' range
    KERNEL, step                       the name of the fastest kernel that runs here, and its step:
                                       step(words, weights, dt_us, input_map)
    samples()                          only of a cell of layers: the models on which its kernels
                                       are tried, also those that are imported later
    mixed_kernel()                     only of a cell that may have mixed memory: the name and the
                                       step of the fastest kernel for it

IntegerModel reads these parts of the header of `words`, which all cells share: sizes and FLAGS;
the memory from CONFIDENCE_AT to ACC_AT, where scratch begins; the readout.
"""


def integer_cell(name):
    """Return the module of a cell by its name. Raises ValueError if there is none."""
    try:
        if name.replace("_", "").isalpha():
            return __import__("rivulet.integers.cells." + name, None, None, ("step",))
    except ImportError:
        pass  # no file of that name
    raise ValueError("the integer path has no cell '%s'" % name)
