"""The facts of a driver, as its file states them in literals."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Limits = tuple[float, float] | None


@dataclass(frozen=True)
class Setting:
    """A setting of a driver: its default (None: it must be stated) and what is allowed."""

    default: Any
    lowest: float | None = None
    highest: float | None = None
    choices: tuple[Any, ...] | None = None

    @property
    def allowed(self) -> str:
        """What the setting may be, in words."""
        if self.choices is not None:
            return "one of " + ", ".join(written(each) for each in self.choices)
        kind = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        words = kind.get(type(self.default), "a list" if self.default is not None else "a value")
        if self.lowest is None:
            return words
        words = words if self.default is not None else "a whole number"
        return f"{words} from {self.lowest:g} to {self.highest:g}"

    def fault(self, value: Any) -> str:
        """Return what is wrong with a value, "" if nothing is."""
        if not is_plain(value):
            return "holds NaN, infinity, a date, or a number that is too large"
        if self.choices is not None:
            good = any(value == each and type(value) is type(each) for each in self.choices)
        elif self.lowest is not None and self.highest is not None:
            good = self._is_of_kind(value) and self.lowest <= value <= self.highest
        else:
            good = self._is_of_kind(value)
        return "" if good else f"is {written(value)}; allowed is {self.allowed}"

    def _is_of_kind(self, value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.default is None:
            return isinstance(value, int) and number if self.lowest is not None else True
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if isinstance(self.default, float):
            return number
        if isinstance(self.default, int):
            return number and isinstance(value, int)
        return isinstance(value, str if isinstance(self.default, str) else list)


@dataclass(frozen=True)
class PinUse:
    """A pin that a driver needs, or may use."""

    use: str  # one of USES
    optional: bool


@dataclass(frozen=True)
class DriverFacts:
    """What a driver file says of itself. `channels` is empty if rivulet.toml names them."""

    name: str
    path: Path
    kind: str
    bus: str
    pins: dict[str, PinUse]
    settings: dict[str, Setting]
    # Sensors: one entry a channel.
    channels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    limits: tuple[Limits, ...] = ()
    trigger: str = ""
    # What describes a channel in rivulet.toml, for a driver that leaves its channels to it.
    channel_settings: dict[str, Setting] = field(default_factory=dict)
    # Actuators: of the value written.
    unit: str = ""
    value_limits: Limits = None


def is_plain(value: Any) -> bool:
    """Whether a value of a TOML file holds no NaN, infinity, date, or integer beyond floats."""
    if isinstance(value, dict):
        return all(is_plain(each) for each in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(each) for each in value)
    if isinstance(value, int | float):
        try:
            return math.isfinite(float(value))
        except OverflowError:
            return False
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Whether a value is a number. A bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def written(value: Any) -> str:
    """Return a value as rivulet.toml writes it, shortened."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
