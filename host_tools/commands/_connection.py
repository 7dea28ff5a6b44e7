"""Connects to the board that `--port` and `--key` name."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host_tools.link.wire import Board


def connect(
    port: str | None,
    key: Path | None,
    project_file: Path | None = None,
    any_protocol: bool = False,
) -> "Board":
    """Open the wire to a running board. Raises RivuletError.

    port: None means the only board there is, or among virtual boards that of the project.
    key: None means the file RIVULET_KEY names, if set. project_file: None means that of the
    current folder, if there is one. any_protocol: also to a board of another protocol, for
    `release`.
    """
    from host_tools.deploy.keys import key_for
    from host_tools.errors import AtPrompt
    from host_tools.link import ports
    from host_tools.link.wire import Board

    found = ports.resolve(port, project_file or project_here())
    try:
        return Board(found, key=key_for(key), any_protocol=any_protocol, keyed=key is not None)
    except AtPrompt as error:
        from host_tools.deploy.started import did_not_start

        raise did_not_start(error, found) from None


def project_here() -> Path | None:
    """Return the current folder's rivulet.toml, None if it is no project."""
    from host_tools.project.load import FILE

    return Path(FILE) if Path(FILE).is_file() else None
