"""`rivulet confirm`."""

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.printing import say


def confirm(port: PortOption = None, key: KeyOption = None) -> None:
    """Keep the model that is on trial."""
    with connect(port, key) as board:
        reply = board.confirm()
        digest = board.description["model"]["hash"] if board.description["model"] else "no model"
    say(f"{digest[:12]}: {reply}")
