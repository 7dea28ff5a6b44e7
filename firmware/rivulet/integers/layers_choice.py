"""Chooses the fastest kernel of the other cells: assembler, else viper, else plain Python."""

from array import array

from rivulet.integers import layers, layout

_ANY = 12345


def choose(name, plain, samples):
    """Return (name, step) of the fastest kernel that gives the bits of `plain`, the plain kernel.

    samples: (words, weights, places, shapes) of small models, which are filled and run here. An
    .mpy made for an older MicroPython can load and still read its arguments wrongly.
    """
    for kernel in ("thumb", "viper"):
        try:
            step = stepper(name, kernel)
            if all(_agree(step, plain.step, *filled(*sample)) for sample in samples):
                return kernel, step
        except (ImportError, SyntaxError, ValueError, TypeError):
            pass  # for another chip, not in this interpreter, or an .mpy of another version
    return "python", plain.step


def stepper(name, kernel):
    """Return the step of a cell on a kernel. Raises ImportError if this interpreter lacks it."""
    run = _part("layers_" + kernel, "run")
    try:
        move = _part(name + "_" + kernel, "move")
    except ImportError:
        move = _part(name + "_viper", "move")
    return layers.stepper(
        _part("decay_viper", "apply"), run, move, _part("decay_viper", "average")
    )


def _part(module, name):
    return getattr(__import__("rivulet.integers." + module, None, None, (name,)), name)


def filled(words, weights, places, shapes):
    """Return (words, weights) with values in all weights and in the tensors of `shapes`."""
    number = _ANY
    for i in range(len(weights)):
        number = (number * 4093 + 1) & 0xFFFF
        weights[i] = number >> 8
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


def _agree(step, plain, words, weights):
    at = words[layout.V_AT] + 4 * words[layout.HIDDEN]
    input_map = array("i", (1, 1234, at, 3333, 1 << 14, 9))
    other = array("i", words)
    for dt_us in (0, 300, 70000, 9000000):
        plain(words, weights, dt_us, input_map)
        step(other, weights, dt_us, input_map)
    return all(a == b for a, b in zip(layout.memory(words), layout.memory(other)))
