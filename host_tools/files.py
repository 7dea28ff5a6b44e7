"""Checks what is read, and writes results: beside their place, synced, then renamed over it.

A crash, a full disk or an error on the way leaves the file that was there before. A result never
replaces a file that the same command reads, and never a device or a pipe.
"""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from host_tools.errors import RivuletError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def check_input(path: Path) -> None:
    """Raise RivuletError if `path` is a pipe, a device or a socket: reading it may never end.

    What is missing, and a folder, is left to who opens it.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    for is_kind, name in _KINDS[1:]:
        if is_kind(mode):
            raise RivuletError(f"cannot read {path}: it is {name}; name a file")


def check(path: Path, inputs: Iterable[Path | None] = ()) -> None:
    """Raise RivuletError if a result must not be written to `path`.

    inputs: the other files of the command, None for one that was not given. Links are followed.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    if found is not None:
        for is_kind, name in _KINDS:
            if is_kind(found.st_mode):
                raise RivuletError(f"cannot write {path}: it is {name}; name a file")
        if not os.access(path, os.W_OK):
            raise RivuletError(f"cannot write {path}: it is write-protected")
    for other in inputs:
        if other is not None and _same(path, other):
            raise RivuletError(
                f"cannot write {path}: the command needs that file as {other}; choose another name"
            )


def unwritable(path: Path, error: Exception) -> RivuletError:
    """Return the error to raise when writing `path` failed with `error`."""
    return RivuletError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}")


@contextmanager
def replacing(path: Path, inputs: Iterable[Path | None] = ()) -> Iterator[Path]:
    """Give a path beside `path` to write to; when the block ends, that file replaces `path`.

    A link stays one: the file that it names is replaced. If the block raises, the new file is
    removed. Raises RivuletError as `check` does, and for an OSError on the way.
    """
    check(path, inputs)
    try:
        target = path.resolve()
        # Same suffix, because numpy appends its own to a name without it.
        descriptor, name = tempfile.mkstemp(path.suffix, ".rivulet-", target.parent)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise unwritable(path, error) from None
    beside = Path(name)
    try:
        os.close(descriptor)
        beside.chmod(_mode(target))
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with suppress(OSError):  # it has been renamed
            beside.unlink()


def write_bytes(path: Path, content: bytes, inputs: Iterable[Path | None] = ()) -> None:
    """Replace the file `path`. Raises RivuletError; the file is then as it was."""
    with replacing(path, inputs) as beside:
        beside.write_bytes(content)


def write_text(path: Path, content: str, inputs: Iterable[Path | None] = ()) -> None:
    """Replace the file `path` by text in UTF-8. Raises RivuletError as `write_bytes` does."""
    write_bytes(path, content.encode("utf-8"), inputs)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read.

    Raises FileExistsError, and RivuletError for another failure; then nothing is left of it.
    """
    try:
        # Created with its mode, so that others can open it at no moment.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(path, error) from None
        raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises RivuletError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RivuletError(f"cannot make the folder {path}: {error.strerror or error}") from None


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        # One of them does not exist yet: then only the names can be compared.
        return os.path.realpath(path) == os.path.realpath(other)


def _mode(target: Path) -> int:
    """Return the mode of a file that is replaced, or that of a new one."""
    with suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Bring a renaming to the disk, where the system allows it."""
    if os.name == "posix":
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
