"""Collects what is wrong with a project, one line each."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from host_tools.text import escaped


class Problems:
    """The contradictions of one file, in the order in which they were found."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: list[str] = []

    def add(self, key: str, text: str) -> None:
        """Add one: its key ("" for the whole file), what is wrong and what is allowed."""
        line = f"{self.file}: {key}: {text}" if key else f"{self.file}: {text}"
        # A TOML string may hold line ends.
        line = escaped(line)
        if line not in self.lines:
            self.lines.append(line)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "did you mean NAME?" for the nearest known name, else a list of all of them."""
    names = [str(each) for each in known]
    close = get_close_matches(name, names, 1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"there are {', '.join(names)}" if names else "there are none"
