"""`rivulet confirm`."""

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption


def confirm(port: PortOption = None, key: KeyOption = None) -> None:
    """Keep the model that is on trial."""
    with connect(port, key) as board:
        reply = board.confirm()
        digest = board.description["model"]["hash"] if board.description["model"] else "no model"
    typer.echo(f"{digest[:12]}: {reply}")
