"""Reads fragments and recipes: lines, and the macros among them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from host_tools.errors import RivuletError


@dataclass(frozen=True)
class Line:
    """A line without its comment, and its file and number."""

    text: str
    where: str


@dataclass
class Macro:
    """A macro, or a recipe's function."""

    name: str
    parameters: list[str]
    lines: list[Line] = field(default_factory=list)

    def labels(self) -> list[str]:
        return [line.text[:-1] for line in self.lines if line.text.endswith(":")]


def documentation(path: Path) -> str:
    """Return the comment at the beginning of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("@"))
    return "\n".join(line[2:] for line in lines[:end])


def read(path: Path) -> dict[str, Macro]:
    """Return the macros of a file and, in a recipe, its function. Raises RivuletError."""
    found: dict[str, Macro] = {}
    current = None
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = Line(text.split("@")[0].strip(), f"{path.name}:{number}")
        opened = re.fullmatch(r"\.(?:macro|function) (\w+)(?: (.*))?", line.text)
        if opened:
            current = found[opened[1]] = Macro(opened[1], re.findall(r"\w+", opened[2] or ""))
        elif line.text == ".endm":
            current = None
        elif current is not None:
            current.lines.append(line)
        elif line.text:
            raise RivuletError(f"{line.where}: the line is outside of a macro")
    return found
