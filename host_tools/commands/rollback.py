"""`rivulet rollback`."""

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.printing import say


def rollback(port: PortOption = None, key: KeyOption = None) -> None:
    """Go back to the model before the running one."""
    with connect(port, key) as board:
        outcome = board.rollback()
        facts = board.model()
    say(
        f"{facts['hash'][:12]}, {facts['cell']} with {facts['hidden']} units, is active again; "
        f"{outcome}"
    )
