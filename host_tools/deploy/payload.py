"""The files that a board gets: which, under which names, and in which form."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from host_tools.deploy.boards import BoardDefinition
from host_tools.deploy.mpy import compile_module, is_for
from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE

# The firmware that runs is in one of these; the next one is made in the other.
FOLDERS = {"a": "firmware/a", "b": "firmware/b"}
# Names it: "a" or "b". Its replacement, by a rename, is what switches.
POINTER = "firmware/active"
# Names the folder that did not import, if one did not.
FAILED = "firmware/failed"
# What starts the firmware; the only file of ours that is outside of its folders.
STARTER = "main.py"
# In a folder: that everything else in it is whole. Written last and removed first.
MANIFEST = "rivulet_manifest.json"
# For code that runs on a board at its prompt: the firmware's modules can be imported then.
ON_PATH = f"""\
import sys
try:
 with open('{POINTER}') as f:sys.path.insert(0,'firmware/'+f.read().strip())
except OSError:pass
"""


@dataclass(frozen=True)
class PayloadFile:
    # Relative to the folder that the board starts in: "/" on most, "/flash" on some; what
    # `build_payload` returns, to the firmware's own folder.
    path: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def build_payload(board: BoardDefinition, arch: str | None) -> list[PayloadFile]:
    """Every file of `board`'s firmware, the manifest last.

    Modules are compiled for `arch`, or go as source where it is None.
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
    """All files of a board that starts this firmware, from the folder that a board starts in."""
    firmware = [PayloadFile(f"{FOLDERS[name]}/{file.path}", file.data) for file in payload]
    return [*firmware, PayloadFile(POINTER, name.encode()), starter()]


def starter() -> PayloadFile:
    """main.py, which MicroPython starts only as source."""
    return PayloadFile(STARTER, (FIRMWARE / STARTER).read_bytes())


def _module(path: Path, root: Path, arch: str | None) -> PayloadFile:
    name = path.relative_to(root).as_posix()
    if arch is None:
        return PayloadFile(name, path.read_bytes())
    data = compile_module(path, arch, name)
    return PayloadFile(str(PurePosixPath(name).with_suffix(".mpy")), data)
