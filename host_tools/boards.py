"""Reads and checks boards/<name>/board.json, the definition of a kind of board."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.paths import BOARDS


@dataclass(frozen=True)
class BoardDefinition:
    """What board.json says of one kind of board."""

    name: str
    description: str
    # The name that mpy-cross has for the processor, such as "armv6m".
    arch: str
    # Width of a float in the board's usual MicroPython build: 4, or 8 on a PC.
    float_bytes: int
    # Modules of firmware/drivers that the board's board.py imports.
    drivers: tuple[str, ...]
    # Where to get MicroPython with ulab for it, in words for the user.
    ulab: str
    # All of board.json, the fields above included.
    facts: dict[str, Any]

    @property
    def folder(self) -> Path:
        return BOARDS / self.name


def list_boards() -> list[str]:
    """Return the names of all kinds of board."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.json"))


def load_board(name: str) -> BoardDefinition:
    """Return the definition of the board called `name`. Raises RivuletError."""
    known = list_boards()
    if name not in known:
        raise RivuletError(f"there is no board '{name}'; known boards: {', '.join(known)}")
    path = BOARDS / name / "board.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return BoardDefinition(
            name=str(facts["name"]),
            description=str(facts["description"]),
            arch=str(facts["arch"]),
            float_bytes=int(facts["float_bytes"]),
            drivers=tuple(str(driver) for driver in facts["drivers"]),
            ulab=str(facts["ulab"]),
            facts=facts,
        )
    except KeyError as error:
        raise RivuletError(f"{path} lacks the field {error}") from error
    except (ValueError, TypeError) as error:
        raise RivuletError(f"{path} is not a description of a board: {error}") from error
