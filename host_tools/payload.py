"""The files that a board gets: which, under which names, and in which form."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from host_tools.boards import Board
from host_tools.errors import RivuletError
from host_tools.mpy import compile_module, is_for
from host_tools.paths import FIRMWARE

# Lists what a flash put on the board, so that the next one can remove what is no longer part
# of the firmware without touching anybody else's files.
MANIFEST = "rivulet_manifest.json"


@dataclass(frozen=True)
class PayloadFile:
    # Relative to the folder that the board starts in: "/" on most, "/flash" on some.
    path: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def twin(self) -> str | None:
        """The same module in the other form, which would be imported beside or before this."""
        path = PurePosixPath(self.path)
        other = {".py": ".mpy", ".mpy": ".py"}.get(path.suffix)
        return str(path.with_suffix(other)) if other else None


def build_payload(board: Board, arch: str | None) -> list[PayloadFile]:
    """Every file of `board`, modules compiled for `arch`, or as source where it is None.

    In the order of copying: what starts the program comes after what it needs, and the manifest
    is last.
    """
    package = [path for path in sorted(FIRMWARE.glob("rivulet/**/*.py")) if is_for(path, arch)]
    files = [_module(path, FIRMWARE, arch) for path in package]
    for driver in board.drivers:
        path = FIRMWARE / "drivers" / f"{driver}.py"
        if not path.is_file():
            raise RivuletError(f"the board {board.name} names a driver that is missing: {path}")
        files.append(_module(path, FIRMWARE, arch))
    files.append(_module(board.folder / "board.py", board.folder, arch))
    files.append(PayloadFile("board.json", (board.folder / "board.json").read_bytes()))
    # MicroPython starts main.py only as source.
    files.append(PayloadFile("main.py", (FIRMWARE / "main.py").read_bytes()))
    listed = {"board": board.name, "files": [file.path for file in files]}
    files.append(PayloadFile(MANIFEST, json.dumps(listed).encode()))
    return files


def _module(path: Path, root: Path, arch: str | None) -> PayloadFile:
    name = path.relative_to(root).as_posix()
    if arch is None:
        return PayloadFile(name, path.read_bytes())
    data = compile_module(path, arch, name)
    return PayloadFile(str(PurePosixPath(name).with_suffix(".mpy")), data)
