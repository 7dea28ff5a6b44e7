"""Finds the files to import: those named, those in folders, those in archives."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from host_tools.errors import RivuletError

# Whole files are read into memory, and a small archive may unpack to anything.
_MAX_BYTES = 2 << 30


@dataclass
class Member:
    """A file, or a member of an archive."""

    # For messages.
    source: str
    # Path from the folder or the archive that was named, with suffix.
    path: PurePosixPath
    read: Callable[[], bytes]
    # None for a member of an archive.
    file: Path | None = None

    @property
    def place(self) -> str:
        return str(self.path.with_suffix("")) if self.path.suffix else str(self.path)


@dataclass
class Source:
    """What one FILE names: itself, or everything in a folder or an archive."""

    path: Path
    members: list[Member]
    # Whether it is a folder or an archive, whose files may be no tables at all.
    many: bool


def find_sources(paths: list[Path]) -> list[Source]:
    """Return the files to import. Raises RivuletError."""
    return [_source(path) for path in paths]


def _source(path: Path) -> Source:
    try:
        if path.is_dir():
            members = [
                Member(
                    str(each),
                    PurePosixPath(each.relative_to(path).as_posix()),
                    _reader(each),
                    each,
                )
                for each in sorted(path.rglob("*"))
                if each.is_file() and not _hidden(each.relative_to(path).parts)
            ]
            if not members:
                raise RivuletError(f"{path}: the folder holds no files")
            return Source(path, members, True)
        if not path.exists():
            raise RivuletError(f"{path}: there is no such file")
        if not path.is_file():
            raise RivuletError(f"{path}: is neither a file nor a folder")
        with path.open("rb") as file:
            head = file.read(8)
            if head.startswith(b"PK\x03\x04"):
                return Source(path, list(_zip(path)), True)
            file.seek(0)
            if head and not head.isascii() and tarfile.is_tarfile(file):
                return Source(path, list(_tar(path)), True)
        if path.suffix == ".tar":
            return Source(path, list(_tar(path)), True)
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:  # a path with a NUL
        raise RivuletError(f"{path!r}: {error}") from None
    return Source(path, [Member(str(path), PurePosixPath(path.name), _reader(path), path)], False)


def _hidden(parts: tuple[str, ...]) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise RivuletError(f"{path}: larger than 2 GiB: cut it first")
            return path.read_bytes()
        except OSError as error:
            raise RivuletError(f"{path}: {error.strerror or error}") from None

    return read


def _zip(path: Path) -> Iterator[Member]:
    broken = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError)
    try:
        content = io.BytesIO(_reader(path)())
        archive = zipfile.ZipFile(content)
    except broken as error:
        raise RivuletError(f"{path}: a damaged zip file: {error}") from None
    names = [info.filename for info in archive.infolist()]
    if "[Content_Types].xml" in names:
        raise RivuletError(f"{path}: an office document: save the sheet as CSV")
    if sum(info.file_size for info in archive.infolist()) > _MAX_BYTES:
        raise RivuletError(f"{path}: unpacks to more than 2 GiB")

    def reader(info: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            try:
                with archive.open(info) as file:
                    return _bounded(file.read, f"{path}:{info.filename}")
            except (*broken, OSError, zlib.error) as error:
                raise RivuletError(
                    f"{path}:{info.filename}: cannot be unpacked: {error}"
                ) from None

        return read

    for info in archive.infolist():
        member = PurePosixPath(info.filename)
        if not info.is_dir() and not _hidden(member.parts):
            yield Member(f"{path}:{info.filename}", member, reader(info))


def _tar(path: Path) -> Iterator[Member]:
    broken = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)
    total = 0
    try:
        with tarfile.open(path) as archive:
            for info in archive:
                member = PurePosixPath(info.name)
                if not info.isfile() or _hidden(member.parts):
                    continue
                total += info.size
                if total > _MAX_BYTES:
                    raise RivuletError(f"{path}: unpacks to more than 2 GiB")
                file = archive.extractfile(info)
                data = file.read() if file is not None else b""
                yield Member(f"{path}:{info.name}", member, lambda data=data: data)  # type: ignore[misc]
    except broken as error:
        raise RivuletError(f"{path}: a damaged archive: {error}") from None


def _bounded(read: Callable[[int], bytes], name: str) -> bytes:
    data = read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise RivuletError(f"{name}: unpacks to more than 2 GiB")
    return data
