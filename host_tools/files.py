"""Writes whole files: beside their place, synced to the disk, then renamed over it.

A crash or an error on the way leaves the file that was there before.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from host_tools.errors import RivuletError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; when the block ends, that file replaces `path`.

    If the block raises, the new file is removed. Raises RivuletError for an OSError on the way.
    """
    beside = path.with_name(path.name + ".part")
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise RivuletError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # or a folder that is none would raise once more
            beside.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file `path`. Raises RivuletError; the file is then as it was."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode("utf-8"))
