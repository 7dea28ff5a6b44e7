"""`rivulet boards`."""

import json
from typing import Any

import typer

from host_tools.boards import BoardDefinition, Pin, list_boards, load_board
from host_tools.commands._options import JsonOption


def boards(as_json: JsonOption = False) -> None:
    """List the kinds of board that Rivulet supports."""
    known = [load_board(name) for name in list_boards()]
    if as_json:
        typer.echo(json.dumps([board.facts | _wiring(board) for board in known], indent=2))
        return
    for board in known:
        typer.echo(f"{board.name:16} {board.arch:10} {board.description}")


def _wiring(board: BoardDefinition) -> dict[str, Any]:
    """Return the drivers and the pins of the board's default wiring."""
    from host_tools.project import default_file, load_default

    if not default_file(board).is_file():
        return {"drivers": [], "pins": {}}
    parts = load_default(board).parts
    pins: dict[str, str] = {}
    for part in parts:
        if part.bus is not None:
            pins |= {wire.upper(): _pin(pin) for wire, pin in part.bus.pins.items()}
        pins |= {f"{part.name} {name}": _pin(pin) for name, pin in part.pins.items()}
    return {"drivers": sorted({part.driver.name for part in parts}), "pins": pins}


def _pin(pin: Pin) -> str:
    return f"GP{pin}" if isinstance(pin, int) else pin
