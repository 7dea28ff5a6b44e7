"""Units of channels: compared, converted and written in one form.

The table is Rivulet's own. pint would read `g` as gram, where every accelerometer means standard
gravity, and it would take a mistyped unit for another one of its thousand names.
"""

import math
import re
from dataclasses import dataclass

_PI = math.pi
# Exponents of metre, kilogram, second, ampere, kelvin, radian, candela, mole.
Dimension = tuple[int, ...]
_NONE: Dimension = (0, 0, 0, 0, 0, 0, 0, 0)
_METRE, _KILOGRAM, _SECOND, _AMPERE, _KELVIN, _RADIAN, _CANDELA, _MOLE = (
    tuple(int(at == axis) for at in range(8)) for axis in range(8)
)


@dataclass(frozen=True)
class _Symbol:
    dimension: Dimension
    factor: float
    # Prefixes that the symbol takes.
    prefixes: str = ""
    # Only temperatures have one: value in kelvin = value * factor + offset.
    offset: float = 0.0


def _of(m: int = 0, kg: int = 0, s: int = 0, a: int = 0, rad: int = 0, cd: int = 0) -> Dimension:
    return (m, kg, s, a, 0, rad, cd, 0)


_PREFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "c": 1e-2,
    "d": 1e-1,
    "h": 1e2,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
}
_GRAVITY = 9.80665
_SYMBOLS = {
    "1": _Symbol(_NONE, 1.0),
    "%": _Symbol(_NONE, 0.01),
    "ppm": _Symbol(_NONE, 1e-6),
    "m": _Symbol(_METRE, 1.0, "numcdk"),
    "g": _Symbol(_of(m=1, s=-2), _GRAVITY, "m"),
    "kg": _Symbol(_KILOGRAM, 1.0),
    "s": _Symbol(_SECOND, 1.0, "num"),
    "min": _Symbol(_SECOND, 60.0),
    "h": _Symbol(_SECOND, 3600.0),
    "Hz": _Symbol(_of(s=-1), 1.0, "mkMG"),
    "rad": _Symbol(_RADIAN, 1.0, "m"),
    "deg": _Symbol(_RADIAN, _PI / 180, "m"),
    "rev": _Symbol(_RADIAN, 2 * _PI),
    "rpm": _Symbol(_of(s=-1, rad=1), 2 * _PI / 60),
    "dps": _Symbol(_of(s=-1, rad=1), _PI / 180, "m"),
    "K": _Symbol(_KELVIN, 1.0, "m"),
    "degC": _Symbol(_KELVIN, 1.0, "", 273.15),
    "degF": _Symbol(_KELVIN, 5 / 9, "", 273.15 - 32 * 5 / 9),
    "N": _Symbol(_of(m=1, kg=1, s=-2), 1.0, "umkM"),
    "Pa": _Symbol(_of(m=-1, kg=1, s=-2), 1.0, "mhkMG"),
    "bar": _Symbol(_of(m=-1, kg=1, s=-2), 1e5, "m"),
    "J": _Symbol(_of(m=2, kg=1, s=-2), 1.0, "mkM"),
    "W": _Symbol(_of(m=2, kg=1, s=-3), 1.0, "numkM"),
    "A": _Symbol(_AMPERE, 1.0, "numk"),
    "V": _Symbol(_of(m=2, kg=1, s=-3, a=-1), 1.0, "numkM"),
    "Ohm": _Symbol(_of(m=2, kg=1, s=-3, a=-2), 1.0, "mkM"),
    "F": _Symbol(_of(m=-2, kg=-1, s=4, a=2), 1.0, "num"),
    "T": _Symbol(_of(kg=1, s=-2, a=-1), 1.0, "num"),
    "gauss": _Symbol(_of(kg=1, s=-2, a=-1), 1e-4, "m"),
    "cd": _Symbol(_CANDELA, 1.0),
    "lx": _Symbol(_of(m=-2, cd=1), 1.0, "mk"),
    "l": _Symbol(_of(m=3), 1e-3, "m"),
    "mol": _Symbol(_MOLE, 1.0, "m"),
}
# Other ways to write a symbol.
_ALIASES = {"°C": "degC", "°F": "degF", "°": "deg", "ohm": "Ohm", "lux": "lx", "L": "l"}
# Superscripts, the two micro signs, ohm, Greek omega, minus.
_CHARACTERS = str.maketrans(
    {
        **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True)),
        **{"\u00b5": "u", "\u03bc": "u", "\u2126": "Ohm", "\u03a9": "Ohm", "\u2212": "-"},
    }
)
_FACTOR = re.compile(r"(°?[^\W\d_]+|°|%|1)(?:\^?(-?[1-9]))?")


class UnitError(ValueError):
    """Two units that cannot be converted into each other, or text that is no unit."""


@dataclass(frozen=True)
class Unit:
    """A unit as a factor and an offset to SI units of its dimension."""

    dimension: Dimension
    factor: float
    offset: float


def parse(text: str) -> Unit:
    """Return the unit that `text` names, such as m/s^2, km/h or degC. Raises UnitError."""
    factor, offset, exponents = 1.0, 0.0, list(_NONE)
    parts = _factors(text)
    for name, power in parts:
        symbol, scale = _symbol(name)
        if symbol.offset and (len(parts) > 1 or power != 1):
            symbol = _Symbol(symbol.dimension, symbol.factor)  # a difference of temperatures
        factor *= (symbol.factor * scale) ** power
        offset += symbol.offset
        exponents = [e + power * d for e, d in zip(exponents, symbol.dimension, strict=True)]
    return Unit(tuple(exponents), factor, offset)


def normalise(text: str) -> str:
    """Return the unit in the form that Rivulet writes, m/s^2 for m/s². Keeps unknown text."""
    try:
        parts = _factors(text)
        for name, _ in parts:
            _symbol(name)
    except UnitError:
        return text.strip()
    above = "*".join(_power(name, power) for name, power in parts if power > 0)
    below = "".join("/" + _power(name, -power) for name, power in parts if power < 0)
    return (above or "1") + below


def conversion(source: str, target: str) -> tuple[float, float]:
    """Return (factor, offset) so that value in target = value in source * factor + offset.

    Raises UnitError.
    """
    if normalise(source) == normalise(target):
        return 1.0, 0.0
    before, after = parse(source), parse(target)
    if before.dimension != after.dimension:
        raise UnitError(f"{source} cannot be converted to {target}: they measure different things")
    # Fifteen digits: 3.6 is meant where the division gives 3.5999999999999996.
    factor = float(f"{before.factor / after.factor:.15g}")
    return factor, float(f"{(before.offset - after.offset) / after.factor:.15g}")


def same(one: str, other: str) -> bool:
    """Whether two texts name one unit. Text that is no unit equals itself only."""
    if normalise(one) == normalise(other):
        return True
    try:
        factor, offset = conversion(one, other)
    except UnitError:
        return False
    return math.isclose(factor, 1.0, rel_tol=1e-9) and abs(offset) < 1e-9


def _factors(text: str) -> list[tuple[str, int]]:
    """Return (symbol, power) of each factor. Raises UnitError."""
    clean = text.strip().translate(_CHARACTERS).replace("**", "^").replace("·", "*")
    if not clean:
        raise UnitError("the unit is not stated")
    parts: list[tuple[str, int]] = []
    for place, group in enumerate(clean.split("/")):
        for factor in re.split(r"[*\s]+", group.strip()):
            found = _FACTOR.fullmatch(factor)
            if found is None:
                raise UnitError(f"'{text}' is not a unit that Rivulet knows")
            power = int(found[2] or 1)
            name = _ALIASES.get(found[1], found[1])
            if name != "1" or clean == "1":
                parts.append((name, -power if place else power))
    return parts


def _symbol(name: str) -> tuple[_Symbol, float]:
    """Return the symbol and the factor of its prefix. Raises UnitError."""
    if name in _SYMBOLS:
        return _SYMBOLS[name], 1.0
    symbol = _SYMBOLS.get(name[1:])
    if symbol is None or name[0] not in symbol.prefixes:
        raise UnitError(f"'{name}' is not a unit that Rivulet knows")
    return symbol, _PREFIXES[name[0]]


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"
