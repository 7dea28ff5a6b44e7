"""Fills in the template of a new project: its rivulet.toml and its README.md."""

import json
import re
from collections.abc import Iterable

from host_tools.boards import BoardDefinition
from host_tools.paths import TEMPLATE
from host_tools.project.drivers import find_driver, list_drivers, literals
from host_tools.project.load import default_file

_TABLE = re.compile(r"\[(sensors|actuators)\.")


def toml_text(name: str, board: BoardDefinition) -> str:
    """Return the text of rivulet.toml; sensors and actuators are commented examples.

    name: the board as the file is to name it. The examples are the board's default wiring.
    """
    text = (TEMPLATE / "rivulet.toml").read_text(encoding="utf-8")
    wiring = _default_tables(board)
    values = {
        "BOARD": json.dumps(name),
        "SENSORS": ", ".join(_drivers("sensor")),
        "ACTUATORS": ", ".join(_drivers("actuator")),
        "SENSOR_EXAMPLES": _commented([*wiring["sensors"], *_voltage(board)]),
        "ACTUATOR_EXAMPLES": _commented(wiring["actuators"]),
    }
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def readme_text(name: str, origin: str) -> str:
    """Return the text of README.md; origin: a sentence on the example that it is a copy of."""
    text = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    return text.replace("@NAME@", name).replace("@FROM@", f" {origin}" if origin else "")


def _default_tables(board: BoardDefinition) -> dict[str, list[str]]:
    """Return the tables of a board's default wiring, without their comments."""
    found: dict[str, list[str]] = {"sensors": [], "actuators": []}
    file = default_file(board)
    kind = None
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
        if line.startswith("["):
            begins = _TABLE.match(line)
            kind = begins[1] if begins else None
        if kind is not None and line and not line.startswith("#"):
            if line.startswith("[") and found[kind]:
                found[kind].append("")
            found[kind].append(line)
    return found


def _voltage(board: BoardDefinition) -> list[str]:
    """Return a table for a sensor that gives a voltage, at a pin of the board."""
    if not board.adc:
        return []
    pin = board.adc[-1]
    return [
        "",
        "[sensors.level]",
        'driver = "adc"',
        f"pins = {{ adc = {pin if isinstance(pin, int) else repr(pin)} }}",
        "rate_hz = 50",
        'channels = [{ name = "level", unit = "V" }]',
    ]


def _drivers(kind: str) -> list[str]:
    return [
        name for name in list_drivers() if literals(find_driver(name, None))[0].get("KIND") == kind
    ]


def _commented(lines: Iterable[str]) -> str:
    return "".join(f"# {line}".rstrip() + "\n" if line else "\n" for line in lines)
