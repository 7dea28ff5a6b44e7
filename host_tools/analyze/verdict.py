"""One finding as a sentence."""

import math
from dataclasses import dataclass

from host_tools.watch import view

REST, PATH, CONTRACTION, STEPS = "Rest", "Poles along the way", "Contraction", "Steps"
TAU, CHANNELS, OUTPUTS = "Time constants", "Channels", "Outputs"
LOOP = "Closed loop"
SECTIONS = (REST, PATH, CONTRACTION, STEPS, TAU, CHANNELS, OUTPUTS, LOOP)
Remark = tuple[str, str]  # level and text of a verdict
_MARKS = {"good": "+", "note": "-", "warning": "!"}


@dataclass(frozen=True)
class Verdict:
    """level: "good" (shown to hold), "note" (a fact), "warning" (look at this)."""

    section: str
    level: str
    text: str

    @property
    def mark(self) -> str:
        return _MARKS[self.level]


def seconds(value: float) -> str:
    """Format a time with three digits and a unit; "no limit" for inf."""
    if not math.isfinite(value):
        return "no limit"
    return view.seconds(value) if value > 0.0 else "0 s"


def names(items: list[str], most: int = 8) -> str:
    """Join items as "3, 7 and 12"; after `most` items only their number is given."""
    shown = items[:most]
    rest = len(items) - len(shown)
    if rest:
        return ", ".join(shown) + f" and {rest} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
