"""`rivulet boards`."""

from host_tools.commands._options import JsonOption
from host_tools.deploy.boards import list_boards, load_board
from host_tools.printing import say, say_json


def boards(as_json: JsonOption = False) -> None:
    """List the kinds of board that Rivulet supports."""
    known = [load_board(name) for name in list_boards()]
    if as_json:
        say_json([board.facts for board in known])
        return
    for board in known:
        say(f"{board.name:14} {board.arch:10} {board.description}")
