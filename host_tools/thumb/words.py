"""The constants that recipes use, taken from the firmware."""

from dataclasses import dataclass

from rivulet.cells import float_step
from rivulet.integers import arithmetic, cascade, cfc, layers, layout, ltc


@dataclass(frozen=True)
class Offset:
    """A byte offset in `words`, or in `within`; the generated module defines it as a constant."""

    name: str
    value: int
    within: str = "words"


# Words in which a decay step keeps its arguments; the word of MANTISSA holds dt_us first.
_FILLED = {
    "WEIGHTS": layout.SPARSE_AT + 1,
    "INPUT_MAP": layout.SPARSE_AT + 2,
    "DT": layout.MANTISSA,
}
_LAYER = ("LAYER_ROWS", "LAYER_COLUMNS", "BEGIN", "BIAS", "MULTIPLIER", "VECTOR", "OUT", "TABLE")
# The word of a cascade's layer in the place of TABLE.
_UNITS = Offset("LAYER_UNITS", 4 * _LAYER.index("TABLE"), "a layer's words")
_NUMBERS: dict[str, int] = {
    "LAYER_BYTES": 4 * layers.WORDS,
    "US_SCALE_HIGH": arithmetic.US_SCALE >> 8,
    "US_SCALE_LOW": arithmetic.US_SCALE & 0xFF,
    # Shifts that move a flag into the carry (right) or the sign (left).
    "MEAN_TO_CARRY": layout.MEAN.bit_length(),
    "ADDITIVE_TO_CARRY": layout.ADDITIVE.bit_length(),
    "FROM_BELOW_TO_CARRY": cascade.FROM_BELOW.bit_length(),
    "READ_INPUTS_TO_CARRY": cascade.READ_INPUTS.bit_length(),
    "INPUT_FIRST_TO_SIGN": 32 - layout.INPUT_FIRST.bit_length(),
    "PURE_TO_SIGN": 32 - cfc.PURE.bit_length(),
    "NO_GATE_TO_SIGN": 32 - cfc.NO_GATE.bit_length(),
}


# The modules whose headers a recipe uses besides those of layout.py and layers.py.
_CELLS = {"cascade": cascade, "cfc": cfc, "ltc": ltc}


def constant(name: str, recipe: str) -> Offset | int | None:
    """Return the constant that this name has in a recipe, or None if it has none."""
    if name in _NUMBERS:
        return _NUMBERS[name]
    if name in _FILLED:
        return Offset(name, 4 * _FILLED[name], "words, filled by the step itself")
    if name == _UNITS.name:
        return _UNITS
    if name in _LAYER:
        return Offset(name, 4 * _LAYER.index(name), "a layer's words")
    if name == "OWN":
        # A load's offset is 124 at most: a cell's own entries are reached from here.
        return Offset(name, 4 * layout.HEADER)
    if recipe == "decay_fpu" and name.isupper() and hasattr(float_step, name):
        return Offset(name, 4 * getattr(float_step, name), "the block")
    for module in filter(None, (layout, layers, _CELLS.get(recipe))):
        if name.isupper() and hasattr(module, name):
            return Offset(name, 4 * getattr(module, name))
    return None
