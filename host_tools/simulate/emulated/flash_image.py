"""The flash of an emulated Pico, with files in its filesystem: quicker than flashing it."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from host_tools.errors import RivuletError
from host_tools.paths import ON_DEVICE

_PROGRAM = ON_DEVICE / "pico_flash.py"
# Where an image for the Pico has its filesystem, up to the end of 2 MiB.
_FILESYSTEM_AT = 0xA0000
_HANG_S = 600


def make(path: Path, files: Iterable[tuple[str, bytes]], interpreter: Path) -> None:
    """Write the content of a flash whose filesystem holds these files. Raises RivuletError.

    files: (path on the board, content); interpreter: a MicroPython of this computer.
    """
    with TemporaryDirectory(prefix="rivulet-flash-") as name:
        folder = Path(name)
        paths = []
        for each, data in files:
            paths.append(each)
            target = folder / "source" / each
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        out = folder / "filesystem.bin"
        given = {"source": str(folder / "source"), "files": paths, "out": str(out)}
        program = folder / "program.py"
        program.write_text(f"GIVEN = {given!r}\n" + _PROGRAM.read_text(encoding="utf-8"))
        done = subprocess.run(
            [str(interpreter), "-X", "heapsize=16M", str(program)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_HANG_S,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise RivuletError(f"{interpreter} cannot make a Pico's flash: {said[-1]}")
        path.write_bytes(b"\xff" * _FILESYSTEM_AT + out.read_bytes())
