"""`rivulet release`."""

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.printing import say


def release(port: PortOption = None, key: KeyOption = None) -> None:
    """Stop Rivulet on a board, which goes to its MicroPython prompt."""
    with connect(port, key, any_protocol=True) as board:
        board.release()
    say("the board is at its prompt; press Ctrl-D there to start Rivulet again")
