"""Recordings into their folder: names, what may be replaced, what is left of earlier imports."""

from pathlib import Path, PurePosixPath

from host_tools.data.importing.names import file_name
from host_tools.data.importing.series import Series
from host_tools.data.recording import (
    Recording,
    description_file,
    read_description,
    write_recording,
)
from host_tools.errors import RivuletError

_LINES = ", lines "


def source_text(source: str, first: int, last: int) -> str:
    """Return the source that a description names."""
    return f"{source}{_LINES}{first} to {last}"


def _source_of(recording_source: str) -> str:
    return recording_source.rpartition(_LINES)[0]


def names_of(series: list[Series]) -> list[str]:
    """Return a file's name for each series: the last part of its place where that is enough."""
    places = [PurePosixPath(each.place) for each in series]
    groups = [each.group for each in series]
    # Several groups of one file need their group in the name.
    found = []
    for place, group in zip(places, groups, strict=True):
        alike = [each for each in places if each.name == place.name]
        name = place.name if len(set(alike)) == 1 else "-".join(place.parts)
        several = len({g for p, g in zip(places, groups, strict=True) if p == place}) > 1
        found.append(file_name(f"{name}-{group or 'none'}" if several else name))
    used: set[str] = set()
    for index, name in enumerate(found):
        number, base = 2, name
        # Names that differ in case alone are one file on some systems.
        while name.lower() in used:
            name, number = f"{base}_{number}", number + 1
        used.add(name.lower())
        found[index] = name
    return found


def store(recordings: list[tuple[Path, Recording]], out: Path) -> None:
    """Write recordings and their descriptions. Raises RivuletError.

    Replaces a recording that came from the same source, and no other file.
    """
    for path, recording in recordings:
        for each in (path, description_file(path)):
            if each.exists() and not _is_earlier(path, recording):
                raise RivuletError(
                    f"{each} exists and is no earlier import of the same file: remove it, or say "
                    "--out with another folder"
                )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RivuletError(f"cannot make the folder {out}: {error.strerror or error}") from None
    for path, recording in recordings:
        write_recording(path, recording)


def _is_earlier(path: Path, recording: Recording) -> bool:
    try:
        earlier = read_description(path).source
    except RivuletError:
        return False
    return _LINES in earlier and _source_of(earlier) == _source_of(recording.description.source)


def stale(recordings: list[tuple[Path, Recording]], out: Path) -> list[str]:
    """Return the recordings of an earlier import of the same files that are there still."""
    sources = {_source_of(recording.description.source) for _, recording in recordings}
    written = {path.resolve() for path, _ in recordings}
    found = []
    for path in sorted([*out.glob("*.csv"), *out.glob("*.parquet")]):
        if path.resolve() in written:
            continue
        try:
            earlier = read_description(path).source
        except RivuletError:
            continue
        if _LINES in earlier and _source_of(earlier) in sources:
            found.append(f"{path}: from an earlier import of the same file: remove it?")
    return found
