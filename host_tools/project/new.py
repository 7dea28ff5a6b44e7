"""Makes the folder of a new project, from the template or from an example of Rivulet's."""

import os
import re
from pathlib import Path

from host_tools import files
from host_tools.boards import BoardDefinition, load_board
from host_tools.errors import RivuletError
from host_tools.paths import EXAMPLES, TEMPLATE
from host_tools.project.example_text import own_text
from host_tools.project.load import FILE, FLOAT_MODEL, INT8_MODEL
from host_tools.project.problems import nearest
from host_tools.project.read import read_toml
from host_tools.project.template_text import readme_text, toml_text

_BOARD = "rpi_pico"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_FOLDERS = ("drivers", "recordings", "build")
# Of an example's recordings, all together.
_MOST_BYTES = 1 << 20


def examples() -> list[str]:
    """Return the names of the examples."""
    return sorted(path.parent.name for path in EXAMPLES.glob(f"*/{FILE}"))


def make_project(folder: Path, board: str | None, example: str | None) -> None:
    """Make a project in a folder that is empty or not there yet.

    board: a name, or the path of a board's folder; None: that of the example, else a Pico.
    Raises RivuletError; nothing is written if something is wrong with what is asked for.
    """
    _check(folder)
    chosen = None
    if board is not None or example is None:
        chosen = _board(board or _BOARD, folder)
    copies: dict[str, Path] = {}
    if example is None:
        assert chosen is not None
        toml = toml_text(*chosen)
        origin = ""
    else:
        source = _example(example)
        toml = own_text(source / FILE, chosen[0] if chosen else None)
        copies = _copies(source)
        origin = f"It began as a copy of Rivulet's example `{example}`"
        has_model = any(name.startswith("build/") for name in copies)
        origin += ", whose model is\nin `build/` until you train." if has_model else "."
    texts = {
        FILE: toml,
        "README.md": readme_text(folder.name, origin),
        ".gitignore": (TEMPLATE / "gitignore").read_text(encoding="utf-8"),
    }
    for name in _FOLDERS:
        files.make_folder(folder / name)
    for name, path in copies.items():
        files.write_bytes(folder / name, path.read_bytes())
    for name, text in texts.items():
        files.write_text(folder / name, text)


def _check(folder: Path) -> None:
    """Raise RivuletError for a folder that no project can be made in."""
    if not _NAME.fullmatch(folder.name):
        raise RivuletError(
            f"'{folder}' is no name of a project; allowed are 1 to 64 letters, digits, '_', '-' "
            "and '.', the first of them a letter or a digit"
        )
    try:
        if folder.is_dir():
            if any(folder.iterdir()):
                raise RivuletError(f"the folder {folder} exists and is not empty: choose another")
        elif folder.exists():
            raise RivuletError(f"{folder} exists and is a file: choose another name")
    except OSError as error:
        raise RivuletError(f"{folder}: {error.strerror or error}") from None


def _board(name: str, folder: Path) -> tuple[str, BoardDefinition]:
    """Return the board as the project's file names it, and its definition."""
    if "/" not in name:
        return name, load_board(name)
    found = load_board(name, Path())
    return os.path.relpath(found.folder, folder), found


def _example(name: str) -> Path:
    known = examples()
    if name not in known:
        raise RivuletError(f"there is no example '{name}': {nearest(name, known)}")
    return EXAMPLES / name


def _copies(source: Path) -> dict[str, Path]:
    """Return the files of an example that a project needs, by their names there."""
    found = {
        path.relative_to(source).as_posix(): path for path in sorted(source.glob("drivers/*.py"))
    }
    recordings = [path for path in sorted(source.glob("recordings/*")) if path.is_file()]
    if sum(path.stat().st_size for path in recordings) <= _MOST_BYTES:
        found |= {path.relative_to(source).as_posix(): path for path in recordings}
    model = read_toml(source / FILE).get("model", {}).get("file")
    # Where training puts the project's own model: that takes its place.
    if model == INT8_MODEL:
        found |= {f"build/{name}": source / name for name in (INT8_MODEL, FLOAT_MODEL)}
    elif model is not None:
        found[f"build/{FLOAT_MODEL}"] = source / model
    return found
