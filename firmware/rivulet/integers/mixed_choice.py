"""Chooses the fastest kernel of a cell with mixed memory: assembler, else viper, else plain."""

from rivulet.integers import choice, layers_choice, mixed


def stepper(name, kernel, advancer):
    """Return the step on a kernel. Raises ImportError if this interpreter lacks it."""
    from rivulet.integers.mixed_viper import fit, remember

    return mixed.stepper(*layers_choice.parts(name, kernel), remember, fit, advancer)


def plain_stepper(plain, advancer):
    """Return the step on the plain kernels; plain: the cell's module."""
    parts = layers_choice.plain_parts(plain)
    return mixed.stepper(*parts, mixed.remember, mixed.fit, advancer)


def choose(name, plain, advancer, samples):
    """Return (name, step), as layers_choice.choose does. advancer: as mixed.stepper takes it."""
    defined = plain_stepper(plain, advancer)

    def works(step):
        return layers_choice.agrees(step, defined, samples)

    def load(kernel):
        return stepper(name, kernel, advancer)

    return choice.choose(("thumb", "viper"), load, works, defined)
