"""Key files on the host: never overwritten, and readable by their owner only."""

import os
import secrets
from pathlib import Path

from host_tools import files
from host_tools.errors import RivuletError

_KEY_BYTES = 32
# The environment variable that names the board's key file where there is no --key.
VARIABLE = "RIVULET_KEY"


def new_key(path: Path) -> None:
    """Write a new board key to `path`: 32 random bytes in hex. Raises RivuletError."""
    create(path, secrets.token_hex(_KEY_BYTES).encode() + b"\n")


def read_key(path: Path) -> bytes:
    """Return the 32 bytes of a board's key. Raises RivuletError."""
    text = read_private(path)
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise RivuletError(f"{path} is not a board's key: 'rivulet key new FILE' makes one")
    return key


def key_for(path: Path | None) -> bytes | None:
    """Return the key in `path`, else in the file that RIVULET_KEY names, else None.

    Raises RivuletError.
    """
    path = key_file(path)
    return read_key(path) if path is not None else None


def key_file(path: Path | None) -> Path | None:
    """Return `path`, else the file that RIVULET_KEY names, else None."""
    named = os.environ.get(VARIABLE)
    return Path(named) if path is None and named else path


def create(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read. Raises RivuletError if it exists."""
    try:
        files.write_new(path, content)
    except FileExistsError:
        raise RivuletError(
            f"{path} exists, and keys are not overwritten: choose another name"
        ) from None


def read_private(path: Path) -> bytes:
    """Read a file that only its owner may read. Raises RivuletError if others may."""
    files.check_input(path)
    try:
        with path.open("rb") as file:
            # Windows has no such modes, and reports every file as readable by all.
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise RivuletError(f"{path} can be read by others: chmod 600 {path}")
            return file.read()
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
