"""Reads and checks board.json, the definition of a kind of board."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.paths import BOARDS

# A GPIO number, or a name that the board gives a pin.
Pin = int | str


@dataclass(frozen=True)
class BoardDefinition:
    """What board.json says of one kind of board."""

    name: str
    description: str
    # The name that mpy-cross has for the processor, such as "armv6m".
    arch: str
    # Width of a float in the board's usual MicroPython build: 4, or 8 on a PC.
    float_bytes: int
    # Where to get MicroPython with ulab for it, in words for the user.
    ulab: str
    # The pins that a rig may use, and those of them that measure voltages.
    gpio: tuple[Pin, ...]
    adc: tuple[Pin, ...]
    # Pins that cannot drive anything, and pins whose levels at a reset decide how the chip starts.
    input_only: tuple[Pin, ...]
    strapping: tuple[Pin, ...]
    # Files that board.py imports, and that go onto the board beside it.
    modules: tuple[Path, ...]
    # {"i2c": {"0": {"sda": [4, ...], ...}}}: the pins that the chip connects to each bus. A kind
    # of bus that is not listed takes any pins.
    buses: dict[str, dict[str, dict[str, list[Pin]]]]
    # All of board.json, the fields above included.
    facts: dict[str, Any]
    # Holds board.json, board.py and default.toml.
    folder: Path


def list_boards() -> list[str]:
    """Return the names of all kinds of board."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.json"))


def load_board(name: str, beside: Path | None = None) -> BoardDefinition:
    """Return the definition of the board called `name`. Raises RivuletError.

    A name with a slash is the path of a board's folder, relative to the folder `beside`.
    """
    if "/" in name:
        return _read((beside or Path()) / name)
    known = list_boards()
    if name not in known:
        close = get_close_matches(name, known, 1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise RivuletError(f"there is no board '{name}'; {hint}known boards: {', '.join(known)}")
    return _read(BOARDS / name)


def _read(folder: Path) -> BoardDefinition:
    path = folder / "board.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return BoardDefinition(
            name=str(facts["name"]),
            description=str(facts["description"]),
            arch=str(facts["arch"]),
            float_bytes=int(facts["float_bytes"]),
            ulab=str(facts["ulab"]),
            gpio=tuple(facts["gpio"]),
            adc=tuple(facts["adc"]),
            # Boards of one's own may do without these.
            input_only=tuple(facts.get("input_only", ())),
            strapping=tuple(facts.get("strapping", ())),
            modules=tuple(folder / name for name in facts.get("modules", ())),
            buses=dict(facts["buses"]),
            facts=facts,
            folder=folder,
        )
    except KeyError as error:
        raise RivuletError(f"{path} lacks the field {error}") from error
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror or error}") from None
    except (ValueError, TypeError) as error:
        raise RivuletError(f"{path} is not a description of a board: {error}") from error
