"""Finds the recordings of a project: the files that [data] names."""

import glob
import re
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.project.parts import Project

_WILD = re.compile(r"[*?\[]")
_DIGITS = re.compile(r"(\d+)")


def recording_files(project: Project) -> list[Path]:
    """Return the files that [data] recordings names, log-2 before log-10. Raises RivuletError.

    A pattern may match nothing; a file that is named without one has to be there.
    """
    found: set[Path] = set()
    for pattern in project.data.recordings:
        matches = _matches(project, pattern)
        if not matches and not _WILD.search(pattern):
            raise RivuletError(f"{project.file}: data.recordings: there is no {pattern}")
        found.update(matches)
    files = sorted(found, key=_natural)
    by_name: dict[Path, Path] = {}
    for file in files:
        # Both would have one description, and the events would be trained on and tested on.
        other = by_name.setdefault(file.with_suffix(""), file)
        if other != file:
            raise RivuletError(
                f"{other} and {file} are one recording twice: remove one of them, or name the "
                f"other alone in [data] recordings of {project.file}"
            )
    return files


def _matches(project: Project, pattern: str) -> list[Path]:
    try:
        paths = glob.glob(str(Path(glob.escape(str(project.folder))) / pattern), recursive=True)
    except ValueError:  # a NUL
        raise RivuletError(f"{project.file}: data.recordings: {pattern!r} is no path") from None
    return [path for path in map(Path, paths) if path.is_file()]


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    """Return a key that sorts numbers in names by their value."""
    parts = _DIGITS.split(str(path))
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
