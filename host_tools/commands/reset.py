"""`rivulet reset`."""

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption


def reset(port: PortOption = None, key: KeyOption = None) -> None:
    """Set the running model's state to zero."""
    with connect(port, key) as board:
        board.reset()
    typer.echo("the state is zero")
