"""The firmware as files: names, contents and form."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from host_tools.boards import BoardDefinition
from host_tools.deploy.mpy import compile_module, is_for
from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE

# The running firmware is in one of these. A flash installs into the other.
FOLDERS = {"a": "firmware/a", "b": "firmware/b"}
# Holds the name of the running one, "a" or "b". A rename replaces it, and that is the switch.
POINTER = "firmware/active"
# Holds the name of the folder whose firmware did not import, if any.
FAILED = "firmware/failed"
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


def build_payload(board: BoardDefinition, arch: str | None) -> list[PayloadFile]:
    """Return every file of `board`'s firmware, the manifest last. Raises RivuletError.

    Modules are compiled for `arch`, or stay source if it is None.
    """
    package = [path for path in sorted(FIRMWARE.glob("rivulet/**/*.py")) if is_for(path, arch)]
    files = [_module(path, FIRMWARE, arch) for path in package]
    for driver in board.drivers:
        path = FIRMWARE / "drivers" / f"{driver}.py"
        if not path.is_file():
            raise RivuletError(f"the board {board.name} names a driver that is missing: {path}")
        files.append(_module(path, FIRMWARE, arch))
    files.append(_module(FIRMWARE / "app.py", FIRMWARE, arch))
    files.append(_module(board.folder / "board.py", board.folder, arch))
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


def _module(path: Path, root: Path, arch: str | None) -> PayloadFile:
    name = path.relative_to(root).as_posix()
    if arch is None:
        return PayloadFile(name, path.read_bytes())
    data = compile_module(path, arch, name)
    return PayloadFile(str(PurePosixPath(name).with_suffix(".mpy")), data)
