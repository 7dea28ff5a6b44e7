"""What a driver file says of itself in literals, read without running it."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE
from host_tools.project.driver_facts import DriverFacts, Limits, PinUse, Setting, is_number
from host_tools.project.problems import nearest

KINDS = ("sensor", "actuator")
TRIGGERS = ("interrupt", "timer", "edges", "uart")
BUSES = ("", "i2c", "spi", "uart")
USES = ("in", "out", "adc", "pwm")
# MicroPython's grammar is about that of this Python.
GRAMMAR = (3, 7)
# Keys of a table of rivulet.toml that no setting can be called.
TAKEN = ("driver", "bus", "pins", "units", "from", "table", "limits", "slew_per_s", "safe")

_COMMON = ("KIND", "BUS", "PINS", "SETTINGS")
_LITERALS = {
    "sensor": (*_COMMON, "CHANNELS", "UNITS", "LIMITS", "TRIGGER"),
    "actuator": (*_COMMON, "UNIT", "LIMITS"),
}

_NAMES = {name for names in _LITERALS.values() for name in names} | {"CHANNEL_SETTINGS"}


def find_driver(name: str, folder: Path | None) -> Path:
    """Return the file of a driver, the project's own before Rivulet's. Raises RivuletError."""
    for root in ([folder / "drivers"] if folder else []) + [FIRMWARE / "drivers"]:
        path = root / f"{name}.py"
        if name.isidentifier() and path.is_file():
            return path
    known = list_drivers(folder)
    raise RivuletError(f"there is no driver '{name}': {nearest(name, known)}")


def list_drivers(folder: Path | None = None) -> list[str]:
    """Return the names of Rivulet's drivers and of those in a project's folder."""
    found = set()
    for root in [FIRMWARE / "drivers", *([folder / "drivers"] if folder else [])]:
        for path in root.glob("*.py"):
            try:
                if "KIND" in literals(path)[0]:
                    found.add(path.stem)
            except RivuletError:
                found.add(path.stem)
    return sorted(found)


def read_driver(path: Path) -> DriverFacts:
    """Return what a driver file says of itself. Raises RivuletError with the first thing wrong."""
    facts, problems = examine(path)
    if problems or facts is None:
        raise RivuletError(problems[0])
    return facts


def literals(path: Path) -> tuple[dict[str, Any], dict[str, str], ast.Module]:
    """Return the values of the contract's names, which of them are no literals, and the tree.

    Raises RivuletError if the file is not Python that MicroPython runs.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=GRAMMAR)
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror or error}") from None
    except SyntaxError as error:
        at = f"line {error.lineno}: " if error.lineno else ""
        raise RivuletError(f"{path}: {at}{error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise RivuletError(f"{path}: is not Python: {error}") from None
    values: dict[str, Any] = {}
    others: dict[str, str] = {}
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target = statement.targets[0]
        if isinstance(target, ast.Name) and target.id in _NAMES:
            try:
                values[target.id] = ast.literal_eval(statement.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                others[target.id] = f"line {statement.lineno}: {target.id} is no literal"
    return values, others, tree


def examine(path: Path) -> tuple[DriverFacts | None, list[str]]:
    """Return what a driver file says of itself, and what is wrong with it, one line each."""
    try:
        values, others, _ = literals(path)
    except RivuletError as error:
        return None, [str(error)]
    problems = [f"{path}: {line}, and the host does not run the file" for line in others.values()]
    kind = values.get("KIND")
    if kind not in KINDS:
        said = "is missing" if "KIND" not in values else f"is {kind!r}"
        return None, [*problems, f"{path}: KIND: {said}; allowed is 'sensor' or 'actuator'"]
    missing = [name for name in _LITERALS[kind] if name not in values and name not in others]
    problems += [f"{path}: {name}: is missing; see docs/drivers.md" for name in missing]
    if problems:
        return None, problems
    reader = _Reader(path, values)
    facts = reader.facts(kind)
    return (None if reader.problems else facts), reader.problems


class _Reader:
    """Turns literals into facts, and notes what is not of its form."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self.problems: list[str] = []
        self._path = path
        self._values = values

    def facts(self, kind: str) -> DriverFacts:
        bus = self._choice("BUS", BUSES)
        pins = self._pins()
        settings = self._settings("SETTINGS", TAKEN)
        common = (self._path.stem, self._path, kind, bus, pins, settings)
        if kind == "actuator":
            limits = self._limits(self._values["LIMITS"], "LIMITS")
            return DriverFacts(*common, unit=self._text("UNIT"), value_limits=limits)
        trigger = self._choice("TRIGGER", TRIGGERS)
        if self._values["CHANNELS"] is None:
            described = self._settings("CHANNEL_SETTINGS", ())
            if not {"name", "unit"} <= set(described) or "channels" not in settings:
                self._add(
                    "CHANNELS",
                    "is None: then SETTINGS needs 'channels', and "
                    "CHANNEL_SETTINGS 'name' and 'unit'",
                )
            return DriverFacts(*common, trigger=trigger, channel_settings=described)
        if "channels" in settings:
            self._add("SETTINGS", "'channels' is taken: rivulet.toml has a key of that name")
        channels = self._texts("CHANNELS")
        if self.problems:
            return DriverFacts(*common)
        if len(set(channels)) < len(channels) or not channels:
            self._add("CHANNELS", "has to name at least one channel, and each once")
        units = self._texts("UNITS")
        limits_said = self._values["LIMITS"]
        listed = [None] * len(channels) if limits_said is None else limits_said
        if len(units) != len(channels) or not _is_list(listed) or len(listed) != len(channels):
            self._add("UNITS and LIMITS", f"need one entry a channel: {len(channels)}")
            return DriverFacts(*common, channels=channels)
        limits_by_channel = tuple(self._limits(each, "LIMITS") for each in listed)
        return DriverFacts(
            *common, channels=channels, units=units, limits=limits_by_channel, trigger=trigger
        )

    def _add(self, name: str, text: str) -> None:
        self.problems.append(f"{self._path}: {name}: {text}")

    def _choice(self, name: str, known: tuple[str, ...]) -> str:
        value = self._values[name]
        if value not in known:
            self._add(name, f"is {value!r}; allowed is one of {', '.join(map(repr, known))}")
            return known[0]
        return str(value)

    def _text(self, name: str) -> str:
        value = self._values[name]
        if not isinstance(value, str):
            self._add(name, f"is {value!r}; allowed is a text")
        return str(value)

    def _texts(self, name: str) -> tuple[str, ...]:
        value = self._values[name]
        if not _is_list(value) or not all(isinstance(each, str) for each in value):
            self._add(name, 'is no tuple of texts, such as ("distance",)')
            return ()
        return tuple(value)

    def _limits(self, value: Any, name: str) -> Limits:
        if value is None:
            return None
        pair = _is_list(value) and len(value) == 2 and all(is_number(each) for each in value)
        if pair and value[0] < value[1]:
            return float(value[0]), float(value[1])
        self._add(name, f"{value!r} is not (lowest, highest), nor None")
        return None

    def _pins(self) -> dict[str, PinUse]:
        value = self._values["PINS"]
        good = isinstance(value, dict) and all(
            isinstance(name, str) and use in USES for name, use in value.items()
        )
        if not good:
            self._add("PINS", f"is no dict of pin names, each with one of {', '.join(USES)}")
            return {}
        return {name.rstrip("?"): PinUse(use, name.endswith("?")) for name, use in value.items()}

    def _settings(self, name: str, taken: tuple[str, ...]) -> dict[str, Setting]:
        value = self._values.get(name)
        if not isinstance(value, dict):
            self._add(name, 'is no dict, such as {"rate_hz": (10, 1, 100)}')
            return {}
        made = {}
        for key, entry in value.items():
            setting = _setting(entry)
            if not isinstance(key, str) or not key.isidentifier() or setting is None:
                self._add(
                    name,
                    f"{key!r} has no entry (default, lowest, highest), "
                    "(default, (choice, ...)) or (default,)",
                )
            elif key in taken:
                self._add(name, f"'{key}' is taken: rivulet.toml has a key of that name")
            else:
                made[key] = setting
        return made


def _setting(entry: Any) -> Setting | None:
    if not _is_list(entry) or not entry:
        return None
    made = Setting(entry[0])
    if len(entry) == 2 and _is_list(entry[1]) and entry[1]:
        made = Setting(entry[0], choices=tuple(entry[1]))
    elif len(entry) == 3 and is_number(entry[1]) and is_number(entry[2]):
        made = Setting(entry[0], lowest=entry[1], highest=entry[2])
    elif len(entry) != 1:
        return None
    default = list(entry[0]) if isinstance(entry[0], tuple) else entry[0]
    return made if default is None or not made.fault(default) else None


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple | list)


def without_literals(source: str) -> str:
    """Return a driver's source for a board: without the literals that only the host reads.

    They would take a kilobyte of its heap. What the driver uses itself stays, and every line
    keeps its number.
    """
    tree = ast.parse(source, feature_version=GRAMMAR)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    unused = _NAMES - {node.id for node in names if isinstance(node.ctx, ast.Load)}
    lines = source.splitlines()
    for node in tree.body:
        if isinstance(node, ast.Assign) and {ast.unparse(each) for each in node.targets} <= unused:
            last = node.end_lineno or node.lineno
            lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
    return "\n".join(lines) + "\n"
