"""Chooses the fastest kernel of the other cells: assembler, else viper, else plain Python."""

from rivulet.integers import arithmetic, choice, layers, layout

# The kernels that move a cell, if they have another name than the cell.
_MOVERS = {"wired_cfc": "cfc"}


def choose(name, plain, samples):
    """Return (name, step) of the fastest kernel that gives the bits of `plain`, the plain kernel.

    samples: (words, weights, places, shapes) of small models, which are filled and run here.
    """

    def works(step):
        return agrees(step, plain.step, samples)

    def load(kernel):
        return stepper(name, kernel)

    return choice.choose(("thumb", "viper"), load, works, plain.step)


def agrees(step, plain, samples, arrange=None):
    """Return whether a kernel gives the bits of `plain`. arrange: as choice.agree takes it."""
    return all(choice.agree(step, plain, *filled(*sample), arrange=arrange) for sample in samples)


def stepper(name, kernel):
    """Return the step of a cell on a kernel. Raises ImportError if this interpreter lacks it."""
    build = choice.part(name, "stepper") if name in _MOVERS else layers.stepper
    return build(*parts(name, kernel))


def plain_parts(plain):
    """Return what layers.stepper takes, of the plain kernels; plain: the cell's module."""
    return arithmetic.apply, layers.run, plain.move, layers.average


def parts(name, kernel):
    """Return what layers.stepper takes. Raises ImportError if this interpreter lacks it."""
    run = choice.part("layers_" + kernel, "run")
    mover = _MOVERS.get(name, name)
    try:
        move = choice.part(mover + "_" + kernel, "move")
    except ImportError:
        move = choice.part(mover + ("_thumb" if kernel == "dsp" else "_viper"), "move")
    # By their names, which tell `rivulet flash` that a board needs these modules.
    if kernel == "viper":
        from rivulet.integers.decay_viper import apply, average
    else:
        from rivulet.integers.apply_thumb import apply
        from rivulet.integers.average_thumb import average
    return apply, run, move, average


def filled(words, weights, places, shapes):
    """Return (words, weights) with values in all weights and in the tensors of `shapes`."""
    choice.fill(weights)
    for name, shape in shapes.items():
        if len(shape) == 1 and isinstance(places[name], int):
            first, step_by = 1234, 1
            if name.endswith(".multiplier"):
                first = 23456 | 3 << 16
            elif name.startswith("table."):
                first, step_by = (60000, -310) if name == "table.decay" else (0, 60)
            at = places[name] >> 2
            for i in range(shape[0]):
                words[at + i] = first + i * step_by
    for i in range(words[layout.OUTPUTS]):
        words[(words[layout.OUT_MULTIPLIER_AT] >> 2) + i] = 31234 | 2 << 16
    words[(words[layout.ALPHA_AT] >> 2) + words[layout.HIDDEN]] = 1 << 19
    return words, weights
