"""The firmware as files: names, contents and form."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from host_tools import files
from host_tools.boards import BoardDefinition
from host_tools.deploy.modules import driver_modules, package_modules
from host_tools.deploy.mpy import compile_module, is_for
from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE
from host_tools.project import Project, load_default, model_of, rig
from host_tools.project.drivers import without_literals

# The running firmware is in one of these. A flash installs into the other.
FOLDERS = {"a": "firmware/a", "b": "firmware/b"}
# Holds the name of the running one, "a" or "b". A rename replaces it, and that is the switch.
POINTER = "firmware/active"
# Holds the name of the folder whose firmware did not import, if any.
FAILED = "firmware/failed"
# Holds the traceback of a program that did not start, if any.
ERROR = "firmware/error"
# The model that a board without a journal starts with.
ACTIVE = "models/active.safetensors"
# Starts the firmware. The only other file of Rivulet outside the folders.
STARTER = "main.py"
# Says that all else in its folder is complete. Written last, removed first.
MANIFEST = "rivulet_manifest.json"
# Run at a board's prompt, it makes the firmware's modules importable.
ON_PATH = f"""\
import sys
try:
 with open('{POINTER}') as f:sys.path.insert(0,'firmware/'+f.read().strip())
except OSError:pass
"""


@dataclass(frozen=True)
class PayloadFile:
    """A file for a board."""

    # Relative to the folder that the board starts in, "/" or "/flash". What `build_payload`
    # returns is relative to the firmware's folder.
    path: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def build_payload(
    board: BoardDefinition,
    arch: str | None,
    project: Project | None = None,
) -> list[PayloadFile]:
    """Return every file of `board`'s firmware, the manifest last. Raises RivuletError.

    Modules are compiled for `arch`, or stay source if it is None. project: what is wired to the
    board; None: the board's own default.
    """
    project = project or load_default(board)
    model = model_of(project)
    package = [path for path in package_modules(model, FIRMWARE) if is_for(path, arch)]
    files = [_module(path, FIRMWARE, arch) for path in package]
    for path, root in driver_modules(project, FIRMWARE):
        name = path.relative_to(root).as_posix()
        files.append(_compiled(name, without_literals(path.read_text(encoding="utf-8")), arch))
    files.append(_module(FIRMWARE / "app.py", FIRMWARE, arch))
    for path in (board.folder / "board.py", *board.modules):
        if not path.is_file():
            raise RivuletError(f"{board.folder / 'board.json'}: there is no file {path}")
        files.append(_module(path, path.parent, arch))
    files.append(_compiled("rig.py", rig.source(project, model), arch))
    files.append(PayloadFile("board.json", (board.folder / "board.json").read_bytes()))
    listed = {"board": board.name, "files": [file.path for file in files]}
    files.append(PayloadFile(MANIFEST, json.dumps(listed).encode()))
    return files


def on_a_board(payload: list[PayloadFile], name: str = "a") -> list[PayloadFile]:
    """Return all files of a board that starts this firmware from folder `name`."""
    firmware = [PayloadFile(f"{FOLDERS[name]}/{file.path}", file.data) for file in payload]
    return [*firmware, PayloadFile(POINTER, name.encode()), starter()]


def starter() -> PayloadFile:
    """Return main.py, which MicroPython starts only as source."""
    return PayloadFile(STARTER, (FIRMWARE / STARTER).read_bytes())


def _compiled(name: str, source: str, arch: str | None) -> PayloadFile:
    """Return a module whose source is in no file as it is."""
    if arch is None:
        return PayloadFile(name, source.encode())
    with TemporaryDirectory(prefix="rivulet-module-") as folder:
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(path, source)
        return _module(path, Path(folder), arch)


def _module(path: Path, root: Path, arch: str | None) -> PayloadFile:
    name = path.relative_to(root).as_posix()
    if arch is None:
        return PayloadFile(name, path.read_bytes())
    data = compile_module(path, arch, name)
    return PayloadFile(str(PurePosixPath(name).with_suffix(".mpy")), data)
