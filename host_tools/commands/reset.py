"""`rivulet reset`."""

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.printing import say


def reset(port: PortOption = None, key: KeyOption = None) -> None:
    """Set the running model's state to zero."""
    with connect(port, key) as board:
        board.reset()
    say("the state is zero")
