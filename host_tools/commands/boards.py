"""`rivulet boards`."""

import json

import typer

from host_tools.boards import list_boards, load_board
from host_tools.commands._options import JsonOption


def boards(as_json: JsonOption = False) -> None:
    """List the kinds of board that Rivulet supports."""
    known = [load_board(name) for name in list_boards()]
    if as_json:
        typer.echo(json.dumps([board.facts for board in known], indent=2))
        return
    for board in known:
        typer.echo(f"{board.name:14} {board.arch:10} {board.description}")
